"""The command line: which commands there are. Each adds itself and says what runs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from cli import credentials, deliveries, emit, events, replay
from cli.command_line import EXIT_INTERRUPTED, EXIT_NOBODY_READS
from cli.doctor import command as doctor
from cli.event import command as event
from cli.listen import command as listen
from cli.redrive import command as redrive
from cli.resources import command as resources
from cli.up import command as up

_FIRST_STEPS = """first steps:
  parley up --demo                              the whole bundle on this machine, with a demonstration
  parley COMMAND --help                         examples and exit statuses

The commands are in docs/command-line.md."""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="parley",
        description="Webhook fan-out for conversational platforms.",
        epilog=_FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    up.add(commands)
    credentials.add(commands)
    resources.add(commands)
    listen.add(commands)
    emit.add(commands)
    events.add(commands)
    deliveries.add(commands)
    replay.add(commands)
    event.add(commands)
    redrive.add(commands)
    doctor.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit status. Ctrl-C, and a reader that has seen enough (`| head`), end it quietly."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's, or none: the shell closed it (`>&-`)
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # for names beyond the locale
    try:
        try:
            arguments = parser().parse_args(argv)
            status: int = arguments.run(arguments)
        finally:  # also after --help
            if sys.stdout:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOBODY_READS
    return status


if __name__ == "__main__":
    sys.exit(main())
