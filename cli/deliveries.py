"""The commands `parley deliveries list|show|resend`: what became of each event at one webhook, attempt by attempt."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from cli import command_line, narrowing
from cli.api_client import ApiError
from cli.command_line import EXIT_FAILED
from cli.resources import show
from parley import retry

if TYPE_CHECKING:
    from cli.api_client import ApiClient, Resource
    from cli.command_line import Subcommands

_COLUMNS = ("date_created", "sid", "status", "reason", "attempts", "last_answer", "next_attempt_at")
_ATTEMPT_COLUMNS = ("number", "trigger", "started_at", "duration_ms", "status_code", "error", "address")
_LOOK_EVERY_SECONDS = 0.3
# A queue's delay, a cold start, the attempt's own ten seconds.
_WAIT_SECONDS = 30.0
EXIT_STATUSES = """exit status:
  0  the attempt was answered with 2xx
  1  it failed, or the API refused, or nobody answers; the reason is said
  2  the command line is wrong, or names no deployment"""


def add(commands: Subcommands) -> None:
    """Put all three on the command line."""
    group = commands.add_parser("deliveries", help="what became of events at a webhook: list, show, resend")
    verbs = group.add_subparsers(required=True, metavar="list|show|resend")
    listing = _verb(
        verbs,
        "list",
        "list a webhook's deliveries, newest event first",
        ["parley deliveries list my-bot crm", "parley deliveries list my-bot crm --status exhausted --after 7d"],
    )
    listing.add_argument("--status", choices=retry.STATUSES, help="only those that stand so")
    narrowing.add_times(listing)
    narrowing.add_limit(listing)
    command_line.on_deployment(listing, _list)
    one = _verb(
        verbs,
        "show",
        "show one delivery with every attempt and what was answered to those that failed",
        ["parley deliveries show my-bot crm DL00000000000000000000000000000001"],
    )
    one.add_argument("delivery", metavar="DELIVERY", help="its SID: a callback's webhook-id")
    one.add_argument("--json", action="store_true", help="the API's answer, for programs")
    command_line.on_deployment(one, _show)
    again = _verb(
        verbs,
        "resend",
        "send one delivery again now, whatever became of it, and show what is answered",
        ["parley deliveries resend my-bot crm DL00000000000000000000000000000001"],
        exit_statuses=EXIT_STATUSES,
    )
    again.add_argument("delivery", metavar="DELIVERY", help="its SID: a callback's webhook-id")
    again.add_argument("--json", action="store_true", help="the API's answer, for programs")
    command_line.on_deployment(again, _resend)


def _verb(
    verbs: Subcommands, name: str, does: str, examples: list[str], exit_statuses: str = command_line.EXIT_STATUSES
) -> argparse.ArgumentParser:
    verb = command_line.add(verbs, name, does=does, examples=examples, exit_statuses=exit_statuses)
    verb.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    verb.add_argument("webhook", metavar="WEBHOOK", help="its SID or unique name")
    return verb


def _path(arguments: argparse.Namespace) -> tuple[str, ...]:
    return ("Assistants", arguments.assistant, "Webhooks", arguments.webhook, "Deliveries")


def _list(client: ApiClient, arguments: argparse.Namespace) -> None:
    asked = narrowing.times(arguments) | ({"Status": arguments.status} if arguments.status else {})
    items = narrowing.listed(client, _path(arguments), "deliveries", asked, arguments)
    rows = items if arguments.json else [_row(item) for item in items]
    show.found(rows, _COLUMNS, "deliveries", for_programs=arguments.json)


def _row(delivery: dict[str, Any]) -> dict[str, Any]:
    last = delivery["attempts"][-1] if delivery["attempts"] else {}
    answer = last.get("status_code") or last.get("error")
    return {**delivery, "attempts": attempts_of(delivery), "last_answer": None if answer is None else str(answer)}


def attempts_of(delivery: Resource) -> int:
    """How many attempts were made: several probes in a row are one line, which has the last one's number."""
    return max((attempt["number"] for attempt in delivery["attempts"]), default=0)


def _show(client: ApiClient, arguments: argparse.Namespace) -> None:
    delivery = client.call("GET", (*_path(arguments), arguments.delivery))
    if arguments.json:
        show.as_json(delivery, sys.stdout)
    else:
        as_text(delivery)


def as_text(delivery: Resource) -> None:
    """The delivery, a line for each attempt, and what the receiver answered to those that failed."""
    show.as_one({key: value for key, value in delivery.items() if key != "attempts"}, sys.stdout)
    if delivery["attempts"]:
        print()
        show.as_list(delivery["attempts"], _ATTEMPT_COLUMNS, sys.stdout)
    for attempt in delivery["attempts"]:
        headers, body = attempt.get("response_headers"), attempt.get("response_body")
        if headers or body:
            print(f"\nanswer to attempt {attempt['number']}:")
            show.as_one({**(headers or {}), **({"body": body} if body else {})}, sys.stdout)


def _resend(client: ApiClient, arguments: argparse.Namespace) -> int:
    path = (*_path(arguments), arguments.delivery)
    before = client.call("POST", path)
    return show_outcome(client, path, attempts_of(before), as_json=arguments.json)


def show_outcome(client: ApiClient, path: tuple[str, ...], attempts_before: int, *, as_json: bool) -> int:
    """Wait for a delivery's next attempt and show what came of it; returns the exit status."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        delivery = client.call("GET", path)
        if attempts_of(delivery) > attempts_before:
            break
        if time.monotonic() > deadline:
            raise NoAttemptError(f"no attempt was made within {_WAIT_SECONDS:.0f} s; it is queued, and made later")
        time.sleep(_LOOK_EVERY_SECONDS)
    if as_json:
        show.as_json(delivery, sys.stdout)
    else:
        as_text(delivery)
    return 0 if delivery["status"] == retry.DELIVERED else EXIT_FAILED


class NoAttemptError(ApiError):
    """Raised when an attempt that was asked for is not made in time."""
