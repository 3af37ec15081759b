"""The command line: which commands there are. Each adds itself and says what runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from cli import credentials
from cli.resources import command as resources
from cli.up import command as up


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="parley", description="Webhook fan-out for conversational platforms.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    up.add(commands)
    credentials.add(commands)
    resources.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit status."""
    arguments = parser().parse_args(argv)
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
