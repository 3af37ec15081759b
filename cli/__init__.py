"""The `parley` command: what a person or a script runs on this machine."""
