"""An event as a webhook's callback carries it: what `Format` asks for in place of the payload as it came.

The functions are those that callbacks are made by. What only a webhook could add is left out: a GET's shortening, and
Autopilot's `WebhookSid` is zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms import platform
from parley.vocabulary import PARLEY
from parley.webhook import ACTIVE, CLOUDEVENTS, JWT_AUTO, NATIVE, Webhook

if TYPE_CHECKING:
    from parley.event import Event

FORMATS = (NATIVE, CLOUDEVENTS)

_NOBODYS = Webhook(
    sid="UM" + "0" * 32,
    account_sid="",
    assistant_sid="",
    unique_name="",
    events="*",
    url="https://receiver.invalid/",
    method="POST",
    format=NATIVE,
    jwt=JWT_AUTO,
    retry_schedule=(),
    header_names=(),
    enabled=True,
    status=ACTIVE,
    status_reason=None,
    status_since_ms=None,
    version=1,
    created_ms=0,
    updated_ms=0,
)


def body(event: Event, wanted: str, *, public_url: str) -> bytes:
    """The body of a callback; Parley's own events are CloudEvents whatever is wanted."""
    if wanted == CLOUDEVENTS or event.platform == PARLEY:
        from parley.cloudevents import envelope  # noqa: PLC0415 — only this answer needs it

        return envelope.body(event, public_url)
    return platform(event.platform).native(event, _NOBODYS).body
