"""How every command stands on the command line and ends: its help, with examples and exit statuses, and its errors."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cli import connection
from cli.api_client import ApiClient, ApiError

if TYPE_CHECKING:
    from argparse import _SubParsersAction as SubParsersAction

    Subcommands = SubParsersAction[argparse.ArgumentParser]

Work = Callable[[ApiClient, argparse.Namespace], int | None]

EXIT_FAILED = 1
EXIT_USAGE = 2
# What a shell says of a command that a signal ended: 128 and the signal's number.
EXIT_INTERRUPTED = 130
EXIT_NOBODY_READS = 141

EXIT_STATUSES = """exit status:
  0  done
  1  refused, or nobody answers; the reason is on stderr
  2  the command line is wrong, or names no deployment"""


class UsageError(Exception):
    """Raised when options or their values do not go together; says which."""


def add(
    commands: Subcommands,
    name: str,
    *,
    does: str,
    examples: Sequence[str],
    about: str = "",
    exit_statuses: str = EXIT_STATUSES,
) -> argparse.ArgumentParser:
    """A command whose help says what it does, shows examples and names its exit statuses.

    Args:
        commands: Where it stands.
        name: The word for it.
        does: What it does, in a few words; begins in lower case.
        examples: Whole command lines.
        about: What there is to say beside that.
        exit_statuses: Its own, where they differ.
    """
    title = "example" if len(examples) == 1 else "examples"
    return commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.{f' {about}' if about else ''}",
        epilog="\n".join((f"{title}:", *(f"  {example}" for example in examples), "", exit_statuses)),
        formatter_class=_Formatter,
    )


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Fills the description, and leaves the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("example"):
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)  # noqa: SLF001 — the class's own base


def on_deployment(command: argparse.ArgumentParser, work: Work) -> None:
    """Let a command speak to a deployment: it gets the options that say to which, and runs `work` with a client."""
    connection.add_options(command)
    command.set_defaults(run=functools.partial(_run, work))


def _run(work: Work, arguments: argparse.Namespace) -> int:
    try:
        client = ApiClient(connection.find(arguments.api_url, arguments.token, os.environ))
        return work(client, arguments) or 0
    except (connection.NoConnectionError, UsageError) as error:
        return fail(error, EXIT_USAGE)
    except UnicodeEncodeError:  # bytes of the command line, which Python keeps as surrogates
        return fail("an argument is not UTF-8", EXIT_USAGE)
    except ApiError as error:
        return fail(error)


def fail(why: object, status: int = EXIT_FAILED) -> int:
    """Says on stderr why a command fails; returns the exit status."""
    print(f"parley: {why}", file=sys.stderr)
    return status
