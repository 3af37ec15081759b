"""How an event is shown. Its payload is the raw bytes: as text, or base64 where they are not UTF-8."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from parley.api import links
from parley.api.dates import iso
from parley.sids import delivery_sid

if TYPE_CHECKING:
    from parley.data_table.events import Listed
    from parley.data_table.undelivered import Undelivered
    from parley.results import Result


def event(listed: Listed, base_url: str) -> dict[str, Any]:
    """The keys that a list shows."""
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


def payload(raw: bytes) -> dict[str, str]:
    """The payload as it came."""
    try:
        return {"payload": raw.decode()}
    except UnicodeDecodeError:
        return {"payload": base64.b64encode(raw).decode("ascii"), "payload_encoding": "base64"}


def results(event_sid: str, first: Iterable[Result], later: Iterable[Undelivered]) -> list[dict[str, Any]]:
    """What became of an event at each webhook: the first attempt's result, overlaid by what happened since."""
    since = {item.webhook_sid: item for item in later}
    rows: list[dict[str, Any]] = []
    for result in first:
        item = since.get(result.webhook_sid)
        rows.append(
            {
                "webhook_sid": result.webhook_sid,
                "delivery_sid": delivery_sid(event_sid, result.webhook_sid),
                "status": item.status if item else result.status,
                "attempts": item.attempts if item else result.attempts,
                "last_status_code": item.last_status_code if item else result.last_status_code,
            }
        )
    return rows
