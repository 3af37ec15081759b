"""What happened, by a watsonx call's envelope `{"event":{"name":…},"payload":{…}}` (seed 002, wire-truth section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.matching import Names
from parley.platforms import reading
from parley.platforms.interface import Described, unrecognised
from parley.platforms.reading import at

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source

_MESSAGE = "message_logged"
_CALL = "cdr_logged"
NAMES = Names(known=(_MESSAGE, _CALL), fold_case=False)

# The sibling webhooks use the same envelope (wire-truth 4.1). They wait for an answer that Parley does not give.
_MISDIRECTED = frozenset({"message_received", "message_processed"})
_MISDIRECTED_REASON = "URL of a pre/post-message webhook; paste it under Log webhook"


def _conversation_of_message(payload: object) -> str | None:
    return reading.conversation_id(
        at(payload, "session_id"),
        at(payload, "response", "context", "global", "session_id"),
        at(payload, "request", "context", "global", "session_id"),
    )


def describe(request: Request, _source: Source) -> Described:
    """Name the event; a call and its turns share one conversation."""
    try:
        body = reading.json_object(reading.utf8(request.body))
    except reading.UnreadableError as error:
        return unrecognised(str(error))
    name = reading.name(at(body, "event", "name"))
    payload = body.get("payload")
    if name == _MESSAGE:
        return Described(
            name=name,
            type="turn.completed",
            identity=reading.identity(at(payload, "log_id")),
            conversation_id=_conversation_of_message(payload),
            occurred_ms=reading.occurred_ms(at(payload, "response_timestamp"), at(payload, "request_timestamp")),
        )
    if name == _CALL:
        session_id = at(payload, "assistant_interaction_summaries", 0, "session_id")
        return Described(
            name=name,
            type="call.completed",
            identity=reading.identity(at(payload, "global_session_id")),
            conversation_id=reading.conversation_id(session_id, at(payload, "global_session_id")),
            occurred_ms=reading.occurred_ms(at(payload, "call", "stop_timestamp")),
        )
    if name in _MISDIRECTED:
        return unrecognised(_MISDIRECTED_REASON, name=name, conversation_id=_conversation_of_message(payload))
    return unrecognised("unknown event name" if name else "no event.name", name=name)
