"""The command line: which commands there are. Each adds itself and says what runs it."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

try:
    from cli import credentials, deliveries, emit, events, replay
    from cli.command_line import EXIT_INTERRUPTED, EXIT_NOBODY_READS, fail
    from cli.doctor import command as doctor
    from cli.event import command as event
    from cli.listen import command as listen
    from cli.redrive import command as redrive
    from cli.resources import command as resources
    from cli.up import command as up
except KeyboardInterrupt:  # a slow disk loads them for seconds
    sys.exit(130)

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
    """Runs a command; returns its exit status. Whatever ends it, no traceback is shown, but by `python -X dev`."""
    _open_streams()
    try:
        try:
            arguments = parser().parse_args(argv)
            status: int = arguments.run(arguments)
        finally:  # also after --help
            sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # a reader that has seen enough: `| head`
        _discard_output()
        return EXIT_NOBODY_READS
    except OSError as error:  # a full disk
        _discard_output()
        return fail(": ".join(str(each) for each in (error.filename, error.strerror or error) if each))
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return fail(_fault(error))
    return status


def _open_streams() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # the shell closed it (`>&-`); else a socket would get its number
            setattr(sys, name, Path(os.devnull).open("w" if number else "r", encoding="utf-8"))  # noqa: SIM115 — for good
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # for names beyond the locale


def _discard_output() -> None:
    """Python flushes once more when it ends, and would complain."""
    with suppress(OSError):  # a test's, which has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fault(error: Exception) -> str:
    """Its kind and its way, but not its text: there may be a secret in it."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"a fault of its own, please report it: {type(error).__name__}: {way}"


if __name__ == "__main__":
    sys.exit(main())
