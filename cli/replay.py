"""The commands `parley replay create|list|show|watch|cancel`: sending many of a webhook's deliveries again."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from cli import command_line, moments, narrowing, option_values, progress
from cli.command_line import EXIT_FAILED, EXIT_INTERRUPTED
from cli.resources import show
from parley import replays

if TYPE_CHECKING:
    from cli.api_client import ApiClient, Resource
    from cli.command_line import Subcommands

_COLUMNS = ("date_created", "sid", "mode", "dry_run", "status", "total", "done", "delivered", "failed")
_LOOK_EVERY_SECONDS = 0.5
_ABOUT = """A replay is a job of the deployment: it goes on without this command. Each callback has the webhook-id
that it had; what is on its way already is left to itself."""
_EXIT_STATUSES = """exit status:
  0    it came to its end, and nothing that it sent failed; or --no-wait
  1    something failed or it was cancelled, or the API refused, or nobody answers
  2    the command line is wrong, or names no deployment
  130  Ctrl-C; whether the replay goes on is said"""


def add(commands: Subcommands) -> None:
    """Put all of them on the command line."""
    group = commands.add_parser(
        "replay", help="send many of a webhook's deliveries again: create, list, show, watch, cancel"
    )
    verbs = group.add_subparsers(required=True, metavar="create|list|show|watch|cancel")
    create = _verb(
        verbs,
        "create",
        "send many of a webhook's deliveries again, or for the first time, and show how far that is",
        [
            "parley replay create my-bot crm --mode failed --from 2h --dry-run",
            "parley replay create my-bot crm --mode missing --type message.received --rate 20",
        ],
        about=_ABOUT,
        exit_statuses=_EXIT_STATUSES,
    )
    create.add_argument(
        "--mode",
        choices=replays.MODES,
        required=True,
        help="failed: what ended without success; missing: what never was for it, as its events are now; all: both,"
        " and what was delivered",
    )
    create.add_argument(
        "--from", type=moments.moment, dest="from_", metavar="TIME", help="events accepted from then on"
    )
    create.add_argument("--to", type=moments.moment, metavar="TIME", help="events accepted before then (default: now)")
    narrowing.add_filters(create)
    create.add_argument("--rate", type=option_values.whole_number, metavar="N", help="a second, at most (default: 10)")
    create.add_argument("--dry-run", action="store_true", help="only count")
    create.add_argument("--no-wait", action="store_true", help="end as soon as it exists")
    command_line.on_deployment(create, _create)

    listing = _verb(verbs, "list", "list a webhook's replays, newest first", ["parley replay list my-bot crm"])
    command_line.on_deployment(listing, _list)
    example = "my-bot crm RP00000000000000000000000000000001"
    one = _verb(verbs, "show", "show one replay", [f"parley replay show {example}"])
    watch = _verb(
        verbs,
        "watch",
        "show how far a replay is, until its end",
        [f"parley replay watch {example}"],
        exit_statuses=_EXIT_STATUSES,
    )
    cancel = _verb(verbs, "cancel", "cancel a replay; what it sent stays sent", [f"parley replay cancel {example}"])
    for verb, work in ((one, _show), (watch, _watch), (cancel, _cancel)):
        verb.add_argument("replay", metavar="REPLAY", help="its SID")
        command_line.on_deployment(verb, work)


def _verb(verbs: Subcommands, name: str, does: str, examples: list[str], **more: str) -> argparse.ArgumentParser:
    verb = command_line.add(verbs, name, does=does, examples=examples, **more)
    verb.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    verb.add_argument("webhook", metavar="WEBHOOK", help="its SID or unique name")
    verb.add_argument("--json", action="store_true", help="the API's answer, for programs")
    return verb


def _path(arguments: argparse.Namespace) -> tuple[str, ...]:
    return ("Assistants", arguments.assistant, "Webhooks", arguments.webhook, "Replays")


def _create(client: ApiClient, arguments: argparse.Namespace) -> int:
    form = [("Mode", arguments.mode), ("DryRun", "true" if arguments.dry_run else "false")]
    given = {"From": arguments.from_, "To": arguments.to, "Rate": arguments.rate}
    form += [(name, str(value)) for name, value in given.items() if value is not None]
    form += narrowing.filters(arguments).items()
    replay = client.call("POST", _path(arguments), form=form)
    if arguments.no_wait:
        _print(replay, arguments)
        return 0
    return _follow(client, (*_path(arguments), replay["sid"]), replay, arguments)


def _list(client: ApiClient, arguments: argparse.Namespace) -> None:
    items = list(client.list_all(_path(arguments), "replays"))
    show.found(items, _COLUMNS, "replays", for_programs=arguments.json)


def _show(client: ApiClient, arguments: argparse.Namespace) -> None:
    _print(client.call("GET", (*_path(arguments), arguments.replay)), arguments)


def _cancel(client: ApiClient, arguments: argparse.Namespace) -> None:
    path = (*_path(arguments), arguments.replay)
    _print(client.call("POST", path, form=[("Status", replays.CANCELLED)]), arguments)


def _watch(client: ApiClient, arguments: argparse.Namespace) -> int:
    path = (*_path(arguments), arguments.replay)
    return _follow(client, path, client.call("GET", path), arguments)


def _print(replay: Resource, arguments: argparse.Namespace) -> None:
    if arguments.json:
        show.as_json(replay, sys.stdout)
    else:
        show.as_one(replay, sys.stdout)


def _follow(client: ApiClient, path: tuple[str, ...], replay: Resource, arguments: argparse.Namespace) -> int:
    """Shows how far it is until its end; returns the exit status."""
    try:
        print(f"parley: replay {replay['sid']}", file=sys.stderr)
        with progress.shown("replay", sys.stderr) as meter:
            while True:
                _tell(meter, replay)
                if replay["status"] not in replays.OPEN:
                    break
                time.sleep(_LOOK_EVERY_SECONDS)
                replay = client.call("GET", path)
    except KeyboardInterrupt:
        return _interrupted(client, path, replay, arguments)
    _print(replay, arguments)
    return 0 if replay["status"] == replays.COMPLETED and not replay["failed"] else EXIT_FAILED


def _tell(meter: progress.Meter, replay: Resource) -> None:
    """What a dry run counts is what it has done."""
    counting = replay["status"] == replays.COUNTING or replay["dry_run"]
    done = replay["total"] if counting else replay["done"]
    note: Any = replay["status"]
    if replay["failed"]:
        note = f"{note}, {replay['failed']} failed"
    meter(done, None if replay["status"] == replays.COUNTING else replay["total"], note)


def _interrupted(client: ApiClient, path: tuple[str, ...], replay: Resource, arguments: argparse.Namespace) -> int:
    """A person is asked whether it is to be cancelled; it goes on else."""
    names = " ".join((arguments.assistant, arguments.webhook, replay["sid"]))
    if sys.stdin.isatty() and sys.stderr.isatty():
        print("\nCancel the replay? It goes on without this command. [y/N] ", end="", file=sys.stderr, flush=True)
        try:
            wanted = sys.stdin.readline().strip().lower() in ("y", "yes")
        except KeyboardInterrupt:
            wanted = False
        if wanted:
            cancelled = client.call("POST", path, form=[("Status", replays.CANCELLED)])
            print(f"cancelled: {cancelled['done']} of {cancelled['total']} were dealt with", file=sys.stderr)
            return EXIT_INTERRUPTED
    print(f"\nIt goes on: parley replay watch {names}, parley replay cancel {names}", file=sys.stderr)
    return EXIT_INTERRUPTED
