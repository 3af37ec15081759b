"""What happened, by a MessageHub (Chatwoot) event's name and at most one field (seed 003, wire-truth 2.3 and 2.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from parley.matching import Names
from parley.platforms import reading
from parley.platforms.interface import Described, unrecognised
from parley.platforms.reading import at
from parley.signing import chatwoot

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source

Body = dict[str, object]

# message_type is text at the top level and a number inside conversation.messages; the seed says number: both are read.
_MESSAGE_TYPES: dict[str | int, str] = {
    "incoming": "message.received",
    "outgoing": "message.sent",
    "template": "message.sent",
    0: "message.received",
    1: "message.sent",
    3: "message.sent",
}


def spoken(body: Body) -> str | None:
    """`message.received` or `message.sent`, by a message's direction; None for one that is neither."""
    message_type = body.get("message_type")
    if isinstance(message_type, bool) or not isinstance(message_type, str | int):
        return None
    return _MESSAGE_TYPES.get(message_type)


def _is_private(body: Body) -> bool:
    """Whatever does not say that a message is public makes it a note: a note must never look like a message."""
    private = body.get("private")
    return bool(private) and not (isinstance(private, str) and private.lower() == "false")


def _created(body: Body) -> str | None:
    return "note.added" if _is_private(body) else spoken(body)


def _updated(body: Body) -> str:
    return "note.updated" if _is_private(body) else "message.updated"


def _status(body: Body) -> str:
    return "conversation.ended" if body.get("status") == "resolved" else "conversation.updated"


_TYPES: dict[str, str | Callable[[Body], str | None]] = {
    "conversation_created": "conversation.started",
    "conversation_updated": "conversation.updated",
    "conversation_status_changed": _status,
    "message_created": _created,
    "message_updated": _updated,
    "webwidget_triggered": "widget.opened",
    "conversation_opened": "conversation.updated",
    "conversation_resolved": "conversation.ended",
    "conversation_typing_on": "typing.started",
    "conversation_typing_off": "typing.stopped",
    "contact_created": "contact.created",
    "contact_updated": "contact.updated",
    "inbox_created": "inbox.created",
    "inbox_updated": "inbox.updated",
    "macro.executed": "automation.triggered",
}
AUTOMATION = "automation_event."
NAMES = Names(known=tuple(_TYPES), fold_case=False, open_prefixes=(AUTOMATION,))

# Conversations are the root of their own events; elsewhere the root's `id` is a message's, a contact's or a widget's.
_ROOT_IS_CONVERSATION = ("conversation_", AUTOMATION, "macro.")


def conversation(name: str, body: Body) -> object:
    """The conversation that an event belongs to, or None."""
    for member in ("conversation", "current_conversation"):
        if isinstance(body.get(member), dict):
            return body[member]
    return body if name.startswith(_ROOT_IS_CONVERSATION) and not name.startswith("conversation_typing_") else None


def _occurred_ms(name: str, body: Body) -> int | None:
    if name == "conversation_created":
        return reading.occurred_ms(body.get("created_at"), body.get("timestamp"))
    if name.startswith("conversation_") and name in NAMES.known and not name.startswith("conversation_typing_"):
        return reading.occurred_ms(body.get("updated_at"), body.get("last_activity_at"), body.get("timestamp"))
    if name == "message_created":
        return reading.occurred_ms(body.get("created_at"))
    if name == "webwidget_triggered":
        return reading.occurred_ms(at(body, "event_info", "initiated_at", "timestamp"))
    return None


def describe(request: Request, _source: Source) -> Described:
    """Name the event.

    Its identity is Chatwoot's delivery id alone: the body's `id` repeats over created and updated, and equal bodies are
    genuine (typing on, off, on), so a call without that header is an event of its own.
    """
    identity = reading.identity(request.headers.get(chatwoot.DELIVERY.lower()))
    try:
        body = reading.json_object(reading.utf8(request.body))
    except reading.UnreadableError as error:
        return unrecognised(str(error), identity=identity)
    name = reading.name(body.get("event"))
    conversation_id = reading.conversation_id(at(conversation(name, body), "id"))
    occurred_ms = _occurred_ms(name, body)
    rule = "automation.triggered" if name.startswith(AUTOMATION) and name != AUTOMATION else _TYPES.get(name)
    event_type = rule(body) if callable(rule) else rule
    if event_type is None:
        reason = "no event name" if not name else "unknown message_type" if callable(rule) else "unknown event name"
        return unrecognised(
            reason, name=name, identity=identity, conversation_id=conversation_id, occurred_ms=occurred_ms
        )
    return Described(
        name=name,
        type=event_type,
        identity=identity,
        conversation_id=conversation_id,
        occurred_ms=occurred_ms,
    )
