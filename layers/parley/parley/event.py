"""An event: what a platform, or the team's own bot, said happened; its bytes are what came."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED = "accepted"
UNRECOGNISED = "unrecognised"


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event.

    Attributes:
        source_sid: None for an event of the team's own bot and for Parley's own.
        name: The platform's own event name, as it came.
        type: The common type name, without prefix.
        status: `accepted`, or `unrecognised` when its name or body is not known.
        reason: Why it is unrecognised.
        occurred_ms: When it happened by the payload, Unix milliseconds.
        received_ms: When Parley accepted it, Unix milliseconds.
        rid: Random id of this acceptance: tells a redelivery of one message from a platform's repeat.
        method: How it came; with GET the payload is the raw query string's bytes.
        payload: The raw bytes: what is kept, and what native callbacks are made from.
        hops: How often it has come through a Parley already, by the header that callbacks carry.
        test: A sample, sent to one webhook alone because its owner asked; callbacks say so.
    """

    sid: str
    account_sid: str
    assistant_sid: str
    source_sid: str | None
    platform: str
    name: str
    type: str
    status: str
    reason: str | None
    conversation_id: str | None
    occurred_ms: int | None
    received_ms: int
    rid: str
    method: str
    content_type: str | None
    payload: bytes
    hops: int = 0
    test: bool = False
