"""MessageHub events of the team's own bots: the bodies of seed 003, what is missing filled in.

Filled: `created_at` where the event has one, and a message's `private` (false) and `content_type` (text). An id is
never made up: Chatwoot's are numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.platforms.emission import Emission, InvalidEventError, canonical_name, json_body, missing, unreadable
from parley.platforms.messagehub.models import EVENTS, ConversationEvent

_MESSAGE = ("id", "message_type", "conversation.id")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "conversation_status_changed": ("id", "status"),
    "message_created": _MESSAGE,
    "message_updated": _MESSAGE,
    "webwidget_triggered": ("contact", "source_id"),
    "conversation_typing_on": ("user", "conversation.id"),
    "conversation_typing_off": ("user", "conversation.id"),
    "inbox_created": (),
    "inbox_updated": (),
}
_OTHERS_REQUIRE = ("id",)


def event_name(body: Mapping[str, Any]) -> str | None:
    """The member `event`."""
    name = body.get("event")
    return name if isinstance(name, str) else None


def _filled(event: str, emission: Emission) -> dict[str, Any]:
    if event.startswith("message_"):
        moment = emission.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"created_at": moment, "private": False, "content_type": "text"}
    return {"created_at": int(emission.now.timestamp())} if event == "conversation_created" else {}


def complete(emission: Emission) -> tuple[str, bytes]:
    """The body.

    Raises:
        InvalidEventError: A member is missing, or not of the type that Chatwoot sends.
    """
    body = emission.body
    event = canonical_name("messagehub", event_name(body), emission.name, "event")
    problems = missing(body, _REQUIRED.get(event, _OTHERS_REQUIRE))
    if event.startswith("message_") and "content" not in body and not body.get("attachments"):
        problems.append(("content", "it is missing"))
    problems = problems or unreadable(EVENTS.get(event, ConversationEvent), body)
    if problems:
        raise InvalidEventError(problems)
    filled = {name: value for name, value in _filled(event, emission).items() if body.get(name) is None}
    return json_body({"event": event} | body | filled)
