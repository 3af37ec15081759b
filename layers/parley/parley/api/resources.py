"""How an event is shown, in a list, alone, and in the answer to who emitted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.api import links
from parley.api.dates import iso

if TYPE_CHECKING:
    from parley.data_table.events import Listed


def event(listed: Listed, base_url: str) -> dict[str, Any]:
    """The keys that every answer about an event has."""
    return {
        "sid": listed.event_sid,
        "assistant_sid": listed.assistant_sid,
        "source_sid": listed.source_sid,
        "platform": listed.platform,
        "event": listed.name,
        "type": listed.type,
        "status": listed.status,
        "status_reason": listed.reason,
        "conversation_id": listed.conversation_id,
        "occurred_at": iso(listed.occurred_ms),
        "date_created": iso(listed.received_ms),
        "size_bytes": listed.size_bytes,
        "url": links.resource(base_url, "Assistants", listed.assistant_sid, "Events", listed.event_sid),
    }
