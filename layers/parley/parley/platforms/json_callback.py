"""The native callback of a platform that posts JSON: the bytes that came, with the content type that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms.interface import Callback

if TYPE_CHECKING:
    from parley.event import Event
    from parley.webhook import Webhook


def native(event: Event, webhook: Webhook) -> Callback:
    """The callback; always POST, as these platforms know no other."""
    headers = {"Content-Type": event.content_type or "application/json"}
    return Callback(method="POST", url=webhook.url, headers=headers, body=event.payload)
