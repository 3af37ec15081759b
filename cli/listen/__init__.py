"""`parley listen`: events as they arrive, shown, or posted to a server on this machine as a webhook would get them."""
