"""The command `parley emit`: an event of the team's own bot, as a platform would have sent it."""

from __future__ import annotations

import argparse
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cli import command_line, option_values
from cli.api_client import FORM
from cli.command_line import UsageError
from cli.resources import show
from parley.platforms import PLATFORM_NAMES

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.command_line import Subcommands

_JSON = "application/json"
_ABOUT = """The body is what the platform's callback would hold: Autopilot's parameters as NAME=VALUE, or a file with
a JSON object or a form. docs/platforms/own-bots.md says what each platform needs and what is filled in."""


def add(commands: Subcommands) -> None:
    """Put it on the command line."""
    emit = command_line.add(
        commands,
        "emit",
        does="send an event of your own bot",
        about=_ABOUT,
        examples=[
            'parley emit my-bot Event=onDialogueEnd UserIdentifier=+15550100 Reason=TERMINATED "CurrentTask=goodbye"',
            "parley emit my-bot --platform messagehub --file message.json",
            "parley emit my-bot --file - --idempotency-key turn-17 < turn.json",
        ],
    )
    emit.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    emit.add_argument(
        "parameters", nargs="*", type=option_values.assignment, metavar="NAME=VALUE", help="a parameter of the callback"
    )
    emit.add_argument("--file", metavar="FILE", help="the callback's whole body, a JSON object or a form; -: stdin")
    emit.add_argument(
        "--platform", choices=PLATFORM_NAMES, metavar="NAME", help="where the event's name does not tell it"
    )
    emit.add_argument("--event", metavar="NAME", help="its name, where the body does not hold it")
    emit.add_argument(
        "--idempotency-key", type=option_values.header, metavar="KEY", help="the same key twice is one event"
    )
    emit.add_argument("--json", action="store_true", help="the API's answer, for programs")
    command_line.on_deployment(emit, _emit)


def _emit(client: ApiClient, arguments: argparse.Namespace) -> None:
    asked = {"Platform": arguments.platform, "Event": arguments.event}
    answer = client.exchange(
        "POST",
        ("Assistants", arguments.assistant, "Events"),
        query={name: value for name, value in asked.items() if value},
        body=_body(arguments),
        headers={} if arguments.idempotency_key is None else {"Idempotency-Key": arguments.idempotency_key},
    )
    event = answer.resource
    if arguments.json:
        show.as_json(event, sys.stdout)
    else:
        show.as_one(event, sys.stdout)
    if answer.status == HTTPStatus.OK:
        print("It was emitted before: nothing is sent again.", file=sys.stderr)


def _body(arguments: argparse.Namespace) -> tuple[str, bytes]:
    """Its content type and its bytes."""
    if arguments.file is None:
        if not arguments.parameters:
            raise UsageError("what is to be sent? NAME=VALUE, or --file FILE")
        return FORM, urlencode(arguments.parameters).encode()
    if arguments.parameters:
        raise UsageError("NAME=VALUE and --file do not go together: the file holds the whole body")
    try:
        body = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    except OSError as error:
        raise UsageError(f"{arguments.file}: {error.strerror}") from None
    return (_JSON if body.lstrip().startswith(b"{") else FORM), body
