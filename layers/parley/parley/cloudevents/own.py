"""Parley's own events in the common vocabulary: their payload is JSON that says it already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.cloudevents import payload
from parley.cloudevents.mapping import Common, Row, rule
from parley.vocabulary import PARLEY_TYPES

if TYPE_CHECKING:
    from parley.event import Event


def _read(event: Event) -> dict[str, Any]:
    return payload.json_body(event.payload)


_DELIVERY = ("delivery.exhausted",)
_STATUS = tuple(name for name in PARLEY_TYPES if name not in _DELIVERY)

COMMON = Common(
    read=_read,
    rows=(
        Row(
            events="the same",
            types=_STATUS,
            rules=tuple(
                rule(name, name) for name in ("webhook.sid", "webhook.unique_name", "reason", "since", "waiting")
            ),
        ),
        Row(
            events="the same",
            types=_DELIVERY,
            rules=tuple(
                rule(name, name)
                for name in (
                    "webhook.sid",
                    "webhook.unique_name",
                    "delivery.sid",
                    "delivery.event_sid",
                    "delivery.attempts",
                    "delivery.last_status_code",
                    "reason",
                )
            ),
        ),
    ),
)
