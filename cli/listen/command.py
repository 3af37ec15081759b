"""The command `parley listen`: an assistant's events as they arrive, shown, or posted to a server on this machine."""

from __future__ import annotations

import argparse
import functools
import itertools
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cli import command_line, moments, narrowing, option_values
from cli.api_client import RefusedError
from cli.command_line import EXIT_FAILED, UsageError
from cli.listen import lines
from cli.listen.arrivals import arrivals
from cli.listen.feed import Feed
from cli.listen.patience import Patience
from cli.resources import show
from cli.up.ports import is_loopback
from parley.signing.standard_webhooks import new_secret
from parley.targets import RefusedTargetError
from parley.webhook import CLOUDEVENTS, NATIVE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cli.api_client import ApiClient, Resource
    from cli.command_line import Subcommands
    from cli.listen.forward import Forwarder
    from parley.attempts import Outcome

_NEAR_SECONDS = 0.5
_FAR_SECONDS = 2.0
_GONE = 404
_ABOUT = """An event is shown once it has been dispatched, mostly within a second. One whose dispatch takes longer
than a quarter of an hour, in an outage, is not shown: `parley events list` has it."""
_EXIT_STATUSES = """exit status:
  0    --limit was reached; with --forward, every post was answered with 2xx
  1    the API refused, as when the token expires, or a post failed; the reason is said
  2    the command line is wrong, or names no deployment
  130  Ctrl-C, which is how it mostly ends"""


def add(commands: Subcommands) -> None:
    """Put it on the command line."""
    listen = command_line.add(
        commands,
        "listen",
        does="show an assistant's events as they arrive, or post them to a server on this machine",
        about=_ABOUT,
        examples=[
            "parley listen my-bot",
            "parley listen my-bot --type message.received --json",
            "parley listen my-bot --since 1h --forward localhost:8000/hook",
            "parley listen my-bot --forward http://127.0.0.1:8000/hook --format cloudevents",
        ],
        exit_statuses=_EXIT_STATUSES,
    )
    listen.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    narrowing.add_filters(listen)
    listen.add_argument(
        "--since",
        type=moments.moment,
        metavar="TIME",
        help="begin with what came since then: 30m, 2h, 2026-11-20T08:00Z",
    )
    listen.add_argument("--limit", type=option_values.count, metavar="N", help="end after so many events")
    listen.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    group = listen.add_argument_group("posting them")
    group.add_argument(
        "--forward",
        metavar="URL",
        help="post each event there, signed as a webhook's callbacks are, once, and show what was answered; a port is"
        " short for one of this machine",
    )
    group.add_argument("--format", choices=(NATIVE, CLOUDEVENTS), help=f"default: {NATIVE}")
    group.add_argument(
        "--secret-file",
        type=functools.partial(option_values.content, "secret"),
        metavar="FILE",
        help="sign with the secret in this file; -: stdin (default: with a new one, which is printed)",
    )
    command_line.on_deployment(listen, _listen)


def _say(text: str) -> None:
    print(f"parley: {text}", file=sys.stderr, flush=True)


def _listen(client: ApiClient, arguments: argparse.Namespace) -> int:
    url = _target(arguments)
    since = None if arguments.since is None else _since(arguments.since)
    answer = client.exchange("GET", ("Assistants", arguments.assistant))
    assistant = answer.resource
    # the deployment's clock, not this machine's: times of acceptance are its own
    start = since or answer.date or moments.now()
    patience = Patience(_say)
    near = is_loopback(urlsplit(client.connection.url).hostname or "")
    events = arrivals(
        client,
        assistant["sid"],
        Feed(start),
        patience,
        filters=narrowing.filters(arguments),
        sleep=lambda: time.sleep(_NEAR_SECONDS if near else _FAR_SECONDS),
    )
    events = itertools.islice(events, arguments.limit)
    _say(f"listening to {show.printable(arguments.assistant)} at {client.connection.url}; Ctrl-C ends it")
    if url is not None:
        return _forward(client, assistant, url, events, patience=patience, arguments=arguments)
    for event in events:
        _write(event, arguments)
    return 0


def _target(arguments: argparse.Namespace) -> str | None:
    if arguments.forward is None:
        if arguments.format is not None:
            raise UsageError("--format: it says how events are posted; give --forward URL too")
        if arguments.secret_file is not None:
            raise UsageError("--secret-file: it signs what is posted; give --forward URL too")
        return None
    if arguments.secret_file == "":
        raise UsageError("--secret-file: there is no secret in it")
    # not at the top: an HTTP client that only this needs
    from cli.listen import forward  # noqa: PLC0415

    try:
        return forward.target(arguments.forward)
    except RefusedTargetError as error:
        raise UsageError(f"--forward: {error}") from None


def _since(text: str) -> datetime:
    try:
        return moments.parse(text)
    except ValueError:
        raise UsageError(f"--since: {text!r} is no time, such as 30m, 2h, 2026-11-20 or 2026-11-20T08:00:00Z") from None


def _forward(
    client: ApiClient,
    assistant: Resource,
    url: str,
    events: Iterator[Resource],
    *,
    patience: Patience,
    arguments: argparse.Namespace,
) -> int:
    from cli.listen import forward  # noqa: PLC0415 — as above

    secret = arguments.secret_file or new_secret()
    if arguments.secret_file is None:
        _say(f"posts to {url} are signed with {secret}, for as long as this runs")
    with closing(forward.forwarder(client, assistant, url, arguments.format or NATIVE, secret)) as posts:
        failures = sum(not _post(posts, event, patience, arguments) for event in events)
    return EXIT_FAILED if failures else 0


def _post(posts: Forwarder, event: Resource, patience: Patience, arguments: argparse.Namespace) -> bool:
    try:
        fetched = patience(lambda: posts.fetch(event))
    except RefusedError as error:
        if error.status != _GONE:
            raise
        _say(f"{event['sid']} was erased meanwhile")
        return True
    outcome = posts.post(fetched)
    _write(event, arguments, outcome)
    return outcome.delivered


def _write(event: Resource, arguments: argparse.Namespace, outcome: Outcome | None = None) -> None:
    if arguments.json:
        show.as_json_line(lines.as_object(event, outcome), sys.stdout)
    else:
        print(lines.line(event, outcome), flush=True)
