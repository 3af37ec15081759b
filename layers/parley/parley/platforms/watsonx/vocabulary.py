"""watsonx's log events in the common vocabulary (seed 002, wire-truth 4.3 and 4.4): the table, row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parley.cloudevents import payload
from parley.cloudevents.fields import NUMBER, TEXT
from parley.cloudevents.mapping import Common, From, Row, always, each, rule
from parley.platforms.reading import at

if TYPE_CHECKING:
    from parley.event import Event

View = dict[str, Any]

# sip:+18885550456@pstn.example.com, also with a name before it and parameters behind it
_NUMBER_IN_URI = re.compile(r"(?:sips?|tel):(\+?[0-9]+)(?=[@;>]|$)", re.ASCII | re.IGNORECASE)
_SUMMARIES = "payload.assistant_interaction_summaries"


def _read(event: Event) -> View:
    return payload.json_body(event.payload)


def _view(_event: Event, body: View) -> View:
    contexts = (at(body, "payload", side, "context") for side in ("response", "request"))
    return {"payload": body.get("payload"), "context": next(filter(None, contexts), None)}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _said(view: View) -> str:
    generic = _list(at(view, "payload", "response", "output", "generic"))
    texts = [TEXT.convert(at(part, "text")) for part in generic if at(part, "response_type") == "text"]
    return "\n".join(str(text) for text in texts if text is not None)


def _person(view: View) -> str | None:
    """The number of the person on the phone; `primary_phone_number` is the assistant's."""
    outbound = at(view, "payload", "call", "outbound") is True
    uri = at(view, "payload", "session_initiation_protocol", "headers", "to_uri" if outbound else "from_uri")
    match = _NUMBER_IN_URI.search(uri[:1024]) if isinstance(uri, str) else None
    return match[1] if match else None


def _direction(view: View) -> str | None:
    outbound = at(view, "payload", "call", "outbound")
    return ("outbound" if outbound else "inbound") if isinstance(outbound, bool) else None


def _seconds(view: View) -> float | None:
    milliseconds = NUMBER.convert(at(view, "payload", "call", "milliseconds_elapsed"))
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None


def _log_ids(view: View) -> list[object]:
    summaries = _list(at(view, "payload", "assistant_interaction_summaries"))
    turns = [turn for summary in summaries for turn in _list(at(summary, "turns"))]
    return [at(turn, "assistant", "log_id") for turn in turns]


_PERSON = From("the number in session_initiation_protocol.headers.from_uri (of an outbound call: to_uri)", _person)

COMMON = Common(
    read=_read,
    view=_view,
    rows=(
        Row(
            events="message_logged (context is the response's ‖ the request's)",
            types=("turn.completed",),
            time="payload.response_timestamp ‖ payload.request_timestamp",
            rules=(
                rule(
                    "conversation.id",
                    "payload.session_id",
                    "payload.response.context.global.session_id",
                    "payload.request.context.global.session_id",
                ),
                rule("conversation.language", "payload.language", "context.global.system.locale"),
                rule("conversation.channel", "context.integrations.channel.name"),
                rule("conversation.sequence", "context.global.system.turn_count"),
                rule(
                    "user.id",
                    "payload.request.user_id",
                    "payload.response.user_id",
                    "context.global.system.user_id",
                ),
                rule("agent.id", "payload.assistant_id"),
                rule("agent.type", always("assistant")),
                rule("message.id", "payload.log_id"),
                rule("input.text", "payload.request.input.text"),
                rule(
                    "output.text",
                    From("payload.response.output.generic[response_type=text].text joined by newline", _said),
                ),
            ),
        ),
        Row(
            events="cdr_logged",
            types=("call.completed",),
            time="payload.call.stop_timestamp",
            rules=(
                rule("conversation.id", f"{_SUMMARIES}[0].session_id", "payload.global_session_id"),
                rule("conversation.channel", always("voice")),
                rule("conversation.end_reason", "payload.call.end_reason"),
                rule("agent.id", f"{_SUMMARIES}[0].assistant_id"),
                rule("agent.type", always("assistant")),
                rule("user.id", _PERSON),
                rule("user.phone", _PERSON),
                rule("call.id", "payload.global_session_id"),
                rule("call.number", "payload.primary_phone_number"),
                rule("call.direction", From("payload.call.outbound as `outbound` or `inbound`", _direction)),
                rule("call.started_at", "payload.call.start_timestamp"),
                rule("call.ended_at", "payload.call.stop_timestamp"),
                rule("call.duration_seconds", From("payload.call.milliseconds_elapsed ÷ 1000", _seconds)),
                rule("call.failed", "payload.failure_occurred"),
                rule("call.transferred", "payload.transfer_occurred"),
                rule(
                    "call.warnings",
                    each(
                        "payload.warnings_and_errors[]",
                        lambda view: _list(at(view, "payload", "warnings_and_errors")),
                        code=("code", "id"),
                        message="message",
                    ),
                ),
                rule("call.message_ids", From(f"{_SUMMARIES}[].turns[].assistant.log_id", _log_ids)),
            ),
        ),
    ),
)
