"""The command `parley event`: payloads for `sam local invoke`, on stdout."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cli import command_line, connection, option_values
from cli.api_client import FORM
from cli.command_line import EXIT_USAGE
from cli.resources import show
from parley.platforms import PLATFORM_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.command_line import Subcommands
    from cli.event.bodies import Body
    from cli.event.invocations import Invocation

_METHODS = ("GET", "POST", "DELETE")
_EXIT_STATUSES = """exit status:
  0  printed
  2  the command line is wrong: there is no such event or route"""
_SAM = "| sam local invoke {} -e - --env-vars .parley/sam-local.json"


def add(commands: Subcommands) -> None:
    """Put all of them on the command line."""
    kinds = "ingest|api|authorizer|dispatcher|sweeper"
    group = commands.add_parser(
        "event", help="print a fresh payload for `sam local invoke`: ingest, api, authorizer, …"
    )
    verbs = group.add_subparsers(required=True, metavar=kinds)
    ingest = _verb(
        verbs,
        "ingest",
        "print a platform's call, signed as of now",
        [f"parley event ingest messagehub message_created {_SAM.format('IngestFunction')}"],
        _ingest,
    )
    _add_example(ingest)
    ingest.add_argument("--body", type=_file, metavar="FILE", help="this body in place of the example's")
    ingest.add_argument("--ingest-url", metavar="URL", help="a source's, in place of demo-bot's")
    ingest.add_argument(
        "--secret-file",
        type=lambda file: option_values.content("secret", file),
        metavar="FILE",
        help="that source's secret; -: stdin",
    )
    api = _verb(
        verbs,
        "api",
        "print a management call of demo-bot's account, as it comes behind the authorizer",
        [
            f"parley event api GET '/v1/Assistants/demo-bot/Events?PageSize=5' {_SAM.format('HistoryFunction')}",
            f"parley event api POST /v1/Assistants UniqueName=my-bot {_SAM.format('WebhooksFunction')}",
        ],
        _api,
    )
    api.add_argument("method", choices=_METHODS, metavar="METHOD", help=", ".join(_METHODS))
    api.add_argument("target", metavar="PATH", help="with its query, as it is sent")
    api.add_argument("parameters", nargs="*", type=option_values.assignment, metavar="NAME=VALUE", help="of its form")
    authorizer = _verb(
        verbs,
        "authorizer",
        "print what the authorizer is asked for a call with your token",
        [f"parley event authorizer {_SAM.format('AuthorizerFunction')}"],
        _authorizer,
    )
    connection.add_options(authorizer)
    dispatcher = _verb(
        verbs,
        "dispatcher",
        "print a batch of one accepted event, a new one each time",
        [f"parley event dispatcher watsonx message_logged {_SAM.format('DispatcherFunction')}"],
        _dispatcher,
    )
    _add_example(dispatcher)
    _verb(
        verbs,
        "sweeper",
        "print the schedule's event of this minute",
        [f"parley event sweeper {_SAM.format('SweeperFunction')}"],
        _sweeper,
    )


def _verb(
    verbs: Subcommands, name: str, does: str, examples: list[str], make: Callable[[argparse.Namespace], Invocation]
) -> argparse.ArgumentParser:
    verb = command_line.add(verbs, name, does=does, examples=examples, exit_statuses=_EXIT_STATUSES)
    verb.set_defaults(run=lambda arguments: _run(make, arguments))
    return verb


def _add_example(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("platform", choices=PLATFORM_NAMES, metavar="PLATFORM", help=", ".join(PLATFORM_NAMES))
    verb.add_argument("name", metavar="NAME", help="one of its events, or of the examples in events/payloads")


def _file(text: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if text == "-" else Path(text).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None


def _run(make: Callable[[argparse.Namespace], Invocation], arguments: argparse.Namespace) -> int:
    from cli.event import bodies, invocations  # noqa: PLC0415 — platforms' libraries, which nobody else needs

    try:
        invocation = make(arguments)
    except (bodies.UnknownEventError, invocations.NoRouteError, connection.NoConnectionError) as error:
        return command_line.fail(error, EXIT_USAGE)
    show.as_json(invocation.payload, sys.stdout)
    print(f"parley: for {invocation.function}", file=sys.stderr)
    return 0


def _body(arguments: argparse.Namespace) -> Body:
    from cli.event import bodies  # noqa: PLC0415 — as above

    return bodies.named(arguments.platform, arguments.name)


def _ingest(arguments: argparse.Namespace) -> Invocation:
    from cli.event import bodies, invocations  # noqa: PLC0415 — as above

    body = _body(arguments)
    if arguments.body is not None:
        body = bodies.Body(body.content_type, arguments.body)
    caller = invocations.demo_caller(arguments.platform)
    if arguments.ingest_url:
        caller = invocations.Caller(arguments.ingest_url, arguments.secret_file)
    return invocations.ingest(arguments.platform, body, caller)


def _api(arguments: argparse.Namespace) -> Invocation:
    from cli.event import bodies, invocations  # noqa: PLC0415 — as above

    form = bodies.Body(FORM, urlencode(arguments.parameters).encode()) if arguments.parameters else None
    return invocations.api(arguments.method, arguments.target, form)


def _authorizer(arguments: argparse.Namespace) -> Invocation:
    from cli.event import invocations  # noqa: PLC0415 — as above

    return invocations.authorizer(connection.find(arguments.api_url, arguments.token, os.environ).token)


def _dispatcher(arguments: argparse.Namespace) -> Invocation:
    from cli.event import invocations  # noqa: PLC0415 — as above

    return invocations.dispatcher(arguments.platform, _body(arguments))


def _sweeper(_arguments: argparse.Namespace) -> Invocation:
    from cli.event import invocations  # noqa: PLC0415 — as above

    return invocations.sweeper()
