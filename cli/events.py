"""The commands `parley events list|show|erase`: what came in, what became of it, and taking it out again."""

from __future__ import annotations

import argparse
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from cli import command_line, narrowing
from cli.api_client import payload_of
from cli.command_line import UsageError
from cli.resources import show
from parley.webhook import CLOUDEVENTS, NATIVE

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.command_line import Subcommands

_COLUMNS = ("date_created", "type", "platform", "event", "sid", "conversation_id")
_RESULT_COLUMNS = ("webhook_sid", "status", "attempts", "last_status_code", "delivery_sid")


def add(commands: Subcommands) -> None:
    """Put all three on the command line."""
    group = commands.add_parser("events", help="what came in: list, show, erase")
    verbs = group.add_subparsers(required=True, metavar="list|show|erase")
    listing = command_line.add(
        verbs,
        "list",
        does="list an assistant's events, newest first",
        examples=[
            "parley events list my-bot",
            "parley events list my-bot --type message.received --after 2h --json",
        ],
    )
    listing.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    narrowing.add_filters(listing)
    narrowing.add_times(listing)
    narrowing.add_limit(listing)
    command_line.on_deployment(listing, _list)

    one = command_line.add(
        verbs,
        "show",
        does="show one event with its payload and what became of it at each webhook",
        examples=[
            "parley events show my-bot EV00000000000000000000000000000001",
            "parley events show my-bot EV00000000000000000000000000000001 --raw --format cloudevents > event.json",
        ],
    )
    one.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    one.add_argument("event", metavar="EVENT", help="its SID")
    one.add_argument(
        "--format", choices=(NATIVE, CLOUDEVENTS), help="the payload as a webhook with this format gets it"
    )
    how = one.add_mutually_exclusive_group()
    how.add_argument("--raw", action="store_true", help="the payload alone, byte for byte")
    how.add_argument("--json", action="store_true", help="the API's answer, for programs")
    command_line.on_deployment(one, _show)

    erase = command_line.add(
        verbs,
        "erase",
        does="erase one event or a conversation's, with payload, results and deliveries",
        about="What waits for a webhook is cancelled with it. docs/privacy.md says what an erasure does not reach.",
        examples=[
            "parley events erase my-bot EV00000000000000000000000000000001",
            "parley events erase my-bot --conversation 42",
        ],
    )
    erase.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    erase.add_argument("event", nargs="?", metavar="EVENT", help="its SID")
    erase.add_argument("--conversation", metavar="ID", help="all events of this conversation instead")
    command_line.on_deployment(erase, _erase)


def _list(client: ApiClient, arguments: argparse.Namespace) -> None:
    asked = narrowing.filters(arguments) | narrowing.times(arguments)
    items = narrowing.listed(client, ("Assistants", arguments.assistant, "Events"), "events", asked, arguments)
    show.found(items, _COLUMNS, "events", for_programs=arguments.json)


def _show(client: ApiClient, arguments: argparse.Namespace) -> None:
    path = ("Assistants", arguments.assistant, "Events", arguments.event)
    event = client.call("GET", path, query={"Format": arguments.format} if arguments.format else None)
    if arguments.raw:
        sys.stdout.buffer.write(payload_of(event))
    elif arguments.json:
        show.as_json(event, sys.stdout)
    else:
        results = event["results"]
        show.as_one({key: value for key, value in event.items() if key != "results"}, sys.stdout)
        print()
        if results:
            show.as_list(results, _RESULT_COLUMNS, sys.stdout)
        else:
            print("no webhook asked for it")


def _erase(client: ApiClient, arguments: argparse.Namespace) -> None:
    if bool(arguments.event) == bool(arguments.conversation):
        raise UsageError("what is to be erased? EVENT, or --conversation ID")
    path = ["Assistants", arguments.assistant, "Events", *([arguments.event] if arguments.event else [])]
    query = None if arguments.event else {"ConversationId": arguments.conversation}
    while client.exchange("DELETE", path, query=query).status == HTTPStatus.ACCEPTED:
        pass  # each request goes on where the one before it stopped
    print(f"erased {show.printable(arguments.event or f'conversation {arguments.conversation}')}")
