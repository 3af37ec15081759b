"""The common type names: what happened, whatever the platform."""

from __future__ import annotations

UNRECOGNISED_TYPE = "event.unrecognised"

# What platforms' events become. `platforms/*/naming.py` decides which, by the event's name and at most one field.
PLATFORM_TYPES = (
    "actions.fetched",
    "automation.triggered",
    "call.completed",
    "contact.created",
    "contact.updated",
    "conversation.ended",
    "conversation.started",
    "conversation.updated",
    UNRECOGNISED_TYPE,
    "inbox.created",
    "inbox.updated",
    "message.received",
    "message.sent",
    "message.updated",
    "note.added",
    "note.updated",
    "question.answered",
    "task.ended",
    "task.started",
    "turn.completed",
    "typing.started",
    "typing.stopped",
    "widget.opened",
)

# The platform of Parley's own events.
PARLEY = "parley"
# What Parley itself says; a subscription to `*` does not take these, they must be named.
PARLEY_TYPES = (
    "delivery.exhausted",
    "webhook.disabled",
    "webhook.paused",
    "webhook.resumed",
)

TYPES = PLATFORM_TYPES + PARLEY_TYPES
