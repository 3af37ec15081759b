"""How an event that arrives is written: one line for people, one JSON object for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.resources.show import printable
from parley.event import UNRECOGNISED

if TYPE_CHECKING:
    from cli.api_client import Resource
    from parley.attempts import Outcome

_TYPE_WIDTH = 20
_NAME_WIDTH = 32
_BODY_SHOWN = 120


def line(event: Resource, outcome: Outcome | None = None) -> str:
    """Time of acceptance, common type, platform and event, SID, conversation; and what came of its post."""
    said = [
        event["date_created"],
        printable(event["type"]).ljust(_TYPE_WIDTH),
        printable(f"{event['platform']} {event['event'] or '-'}").ljust(_NAME_WIDTH),
        event["sid"],
        printable(event["conversation_id"] or "-"),
    ]
    if event["status"] == UNRECOGNISED:
        said.append(f"[{printable(event['status_reason'] or UNRECOGNISED)}]")
    if outcome is not None:
        said.append(f"-> {result(outcome)}")
    return "  ".join(said).rstrip()


def result(outcome: Outcome) -> str:
    """`204 in 12 ms`, and the beginning of what a failure was answered with; or why there was no answer."""
    if outcome.status_code is None:
        return f"no answer: {outcome.error}, after {outcome.duration_ms} ms"
    body = printable(_text(outcome)).strip()
    said = f": {body[:_BODY_SHOWN]}{'…' if len(body) > _BODY_SHOWN else ''}" if body else ""
    return f"{outcome.status_code} in {outcome.duration_ms} ms{said}"


def as_object(event: Resource, outcome: Outcome | None = None) -> dict[str, Any]:
    """The API's own keys and values; beside them, what came of its post."""
    if outcome is None:
        return event
    posted = {"status_code": outcome.status_code, "error": outcome.error, "duration_ms": outcome.duration_ms}
    return {**event, "forwarded": {**posted, "response_body": _text(outcome)}}


def _text(outcome: Outcome) -> str:
    return outcome.response_body.decode(errors="replace")
