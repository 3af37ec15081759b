"""The commands `parley events list|show|erase`: what came in, what became of it, and taking it out again."""

from __future__ import annotations

import argparse
import base64
import itertools
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from cli import command_line, moments, option_values
from cli.command_line import UsageError
from cli.resources import show
from parley.platforms import PLATFORM_NAMES
from parley.vocabulary import PARLEY, TYPES
from parley.webhook import CLOUDEVENTS, NATIVE

if TYPE_CHECKING:
    from cli.api_client import ApiClient, Resource
    from cli.command_line import Subcommands

_COLUMNS = ("date_created", "type", "platform", "event", "sid", "conversation_id")
_RESULT_COLUMNS = ("webhook_sid", "status", "attempts", "last_status_code", "delivery_sid")
_SHOWN = 50
_LARGEST_PAGE = 1000


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
    listing.add_argument("--type", choices=TYPES, metavar="TYPE", help="only of this common type")
    platforms = (*PLATFORM_NAMES, PARLEY)
    listing.add_argument("--platform", choices=platforms, metavar="NAME", help=f"only from it: {', '.join(platforms)}")
    listing.add_argument("--conversation", metavar="ID", help="only of this conversation")
    add_times(listing)
    add_limit(listing)
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


def add_times(command: argparse.ArgumentParser) -> None:
    """Options that narrow a list by when events were accepted."""
    for name, does in (("after", "accepted from then on"), ("before", "accepted before then")):
        help_text = f"only {does}: 30m, 2h or 7d ago, 2026-11-20, 2026-11-20T08:00:00Z"
        command.add_argument(f"--{name}", type=moments.moment, metavar="TIME", help=help_text)


def add_limit(command: argparse.ArgumentParser) -> None:
    """Options that say how much of a list is shown, and how."""
    how_many = command.add_mutually_exclusive_group()
    how_many.add_argument(
        "--limit", type=option_values.count, default=_SHOWN, metavar="N", help="so many at most (default: %(default)s)"
    )
    how_many.add_argument("--all", action="store_true", help="all there are")
    command.add_argument("--json", action="store_true", help="the API's items, for programs")


def narrowed(
    client: ApiClient, path: tuple[str, ...], key: str, asked: dict[str, str | None], arguments: argparse.Namespace
) -> list[Resource]:
    """The items of a list that are asked for; says on stderr when there are more."""
    filters = {name: value for name, value in asked.items() if value}
    limit = None if arguments.all else arguments.limit
    # one more, to know whether there are more
    size = _LARGEST_PAGE if limit is None else min(limit + 1, _LARGEST_PAGE)
    items = client.list_all(path, key, page_size=size, filters=filters)
    found = list(itertools.islice(items, None if limit is None else limit + 1))
    if limit is not None and len(found) > limit:
        print(f"parley: only the first {limit} {key}; --limit N or --all shows more", file=sys.stderr)
    return found[:limit]


def _list(client: ApiClient, arguments: argparse.Namespace) -> None:
    asked = {
        "Type": arguments.type,
        "Platform": arguments.platform,
        "ConversationId": arguments.conversation,
        "After": arguments.after,
        "Before": arguments.before,
    }
    items = narrowed(client, ("Assistants", arguments.assistant, "Events"), "events", asked, arguments)
    if arguments.json:
        show.as_json(items, sys.stdout)
    elif items:
        show.as_list(items, _COLUMNS, sys.stdout)
    else:
        print("no events", file=sys.stderr)


def _show(client: ApiClient, arguments: argparse.Namespace) -> None:
    path = ("Assistants", arguments.assistant, "Events", arguments.event)
    event = client.call("GET", path, query={"Format": arguments.format} if arguments.format else None) or {}
    if arguments.raw:
        text = event["payload"]
        is_base64 = event.get("payload_encoding") == "base64"
        sys.stdout.buffer.write(base64.b64decode(text) if is_base64 else text.encode())
    elif arguments.json:
        show.as_json(event, sys.stdout)
    else:
        results = event.pop("results")
        show.as_one(event, sys.stdout)
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
