"""SIDs: two letters and 32 hex digits, and which of them follow from others.

An event's SID is a function of what makes the event itself, so the primary key recognises a platform's repeat. A
delivery's SID is reversible to its event's, given the webhook, so it can be pasted into the API without a look-up.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from functools import lru_cache

ACCOUNT = "AC"
ASSISTANT = "UA"
DELIVERY = "DL"
EVENT = "EV"
REPLAY = "RP"
SOURCE = "SR"
WEBHOOK = "UM"

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_PARTITION_DIGITS = 12
_SEPARATOR = "\x1f"  # no identifier of a platform holds it, so ("a", "bc") and ("ab", "c") never hash alike


def new_sid(prefix: str) -> str:
    """A random SID with that two-letter prefix."""
    return prefix + uuid.uuid4().hex


def is_sid(text: str, prefix: str) -> bool:
    """Whether the text is a SID of that kind; upper-case hex is another text, not the same SID."""
    return text.startswith(prefix) and _SID.fullmatch(text) is not None


def to_bytes(sid: str, prefix: str) -> bytes | str:
    """A SID of that kind without its letters, half as long, for an attribute of that kind; another text as it is."""
    return bytes.fromhex(sid[2:]) if is_sid(sid, prefix) else sid


def from_bytes(stored: bytes | str, prefix: str) -> str:
    """What `to_bytes` was given."""
    return prefix + stored.hex() if isinstance(stored, bytes) else stored


def _digest(*parts: str) -> str:
    return hashlib.sha256(_SEPARATOR.join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def event_sid(
    *,
    assistant_sid: str,
    source_sid: str,
    event_name: str,
    conversation_id: str | None,
    identity: str | None,
    rid: str,
) -> str:
    """The event's SID: 12 digits that name its partition, 20 that name it.

    Args:
        assistant_sid: The assistant that owns the source.
        source_sid: Where it came in; the assistant's SID for an event of the team's own bot.
        event_name: The platform's own event name.
        conversation_id: Groups a conversation's events in one partition.
        identity: What the platform repeats when it sends the same event again; None = every receipt is an event.
        rid: The random id of this acceptance, which stands in where there is no identity.
    """
    own = identity if identity is not None else rid
    partition = _digest("c", assistant_sid, conversation_id) if conversation_id else _digest("i", assistant_sid, own)
    kind = "identity" if identity is not None else "rid"
    return EVENT + partition[:_PARTITION_DIGITS] + _digest(kind, source_sid, event_name, own)[: 32 - _PARTITION_DIGITS]


def partition_of(event_sid: str) -> str:
    """The 12 digits of an event's SID that name its partition in the data table."""
    return event_sid[2 : 2 + _PARTITION_DIGITS]


def conversation_partition(assistant_sid: str, conversation_id: str) -> str:
    """The partition digits of every event of one conversation."""
    return _digest("c", assistant_sid, conversation_id)[:_PARTITION_DIGITS]


@lru_cache(maxsize=1024)
def _mask(webhook_sid: str) -> int:
    return int(hashlib.sha256(webhook_sid.encode()).hexdigest()[:32], 16)


def delivery_sid(event_sid: str, webhook_sid: str) -> str:
    """The delivery's SID, which is also `webhook-id`: the same for every attempt, different for every webhook."""
    return f"{DELIVERY}{int(event_sid[2:], 16) ^ _mask(webhook_sid):032x}"


def event_sid_of(delivery_sid: str, webhook_sid: str) -> str:
    """The event that a delivery to this webhook is about."""
    return f"{EVENT}{int(delivery_sid[2:], 16) ^ _mask(webhook_sid):032x}"
