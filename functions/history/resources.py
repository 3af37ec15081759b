"""How events and deliveries are shown. Bytes are text where they are UTF-8, else base64 beside `…_encoding`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from parley import codec
from parley.api import links
from parley.api.dates import iso
from parley.data_table.deliveries import latest
from parley.sids import delivery_sid

if TYPE_CHECKING:
    from parley.data_table.deliveries import Delivery
    from parley.data_table.undelivered import Undelivered
    from parley.results import Result

# Lambda takes 6 MB of an answer, in which a text is escaped twice, a quotation mark to four bytes, a control character
# to seven: a larger payload is safe as base64, and 4 MiB of it fit.
_MOST_TEXT_BYTES = 768 * 1024


def _shown(key: str, raw: bytes) -> dict[str, str]:
    try:
        if len(raw) <= _MOST_TEXT_BYTES:
            return {key: raw.decode()}
    except UnicodeDecodeError:
        pass
    return {key: base64.b64encode(raw).decode("ascii"), f"{key}_encoding": "base64"}


def payload(raw: bytes) -> dict[str, str]:
    """The payload as it came, or as a callback carries it."""
    return _shown("payload", raw)


def results(event_sid: str, first: Iterable[Result], since: Iterable[Undelivered]) -> list[dict[str, Any]]:
    """What became of an event at each webhook: the first attempt's result, overlaid by what happened since.

    Webhooks to which a replay sent it later come last.
    """
    later: dict[str, list[Undelivered]] = {}
    for item in since:
        later.setdefault(item.webhook_sid, []).append(item)
    stands: dict[str, Result | Undelivered] = {result.webhook_sid: result for result in first}
    stands |= {sid: now for sid, found in later.items() if (now := latest(found))}
    return [
        {
            "webhook_sid": sid,
            "delivery_sid": delivery_sid(event_sid, sid),
            "status": now.status,
            "attempts": now.attempts,
            "last_status_code": now.last_status_code,
        }
        for sid, now in stands.items()
    ]


def delivery(found: Delivery, assistant_sid: str, base_url: str, *, whole: bool) -> dict[str, Any]:
    """A delivery.

    Args:
        found: As the table has it.
        assistant_sid: Its assistant.
        base_url: What links begin with.
        whole: With what the receiver answered: a list of a thousand deliveries has no room for it.
    """
    sid = delivery_sid(found.event_sid, found.webhook_sid)
    return {
        "sid": sid,
        "event_sid": found.event_sid,
        "webhook_sid": found.webhook_sid,
        "status": found.status,
        "reason": found.reason,
        "next_attempt_at": iso(found.next_attempt_ms),
        "date_created": iso(found.received_ms),
        "attempts": [attempt(line, whole=whole) for line in found.log],
        "url": links.resource(base_url, "Assistants", assistant_sid, "Webhooks", found.webhook_sid, "Deliveries", sid),
    }


def attempt(line: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """One attempt; null is what there was not, or what is not kept of a success."""
    known = (
        "number",
        "trigger",
        "started_at",
        "duration_ms",
        "reused",
        "dns_ms",
        "connect_ms",
        "tls_ms",
        "first_byte_ms",
        "address",
        "status_code",
        "error",
    )
    shown: dict[str, Any] = {name: line.get(name) for name in known}
    shown["started_at"] = iso(line.get("started_at"))
    if whole:
        shown["response_headers"] = line.get("response_headers")
        body = line.get("response_body")
        if body is None:
            shown["response_body"] = None
        else:
            shown |= _shown("response_body", codec.unpack(line["response_codec"], body))
    return shown
