"""Which events a webhook subscribed to, whatever they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley import matching
from parley.platforms import PLATFORM_NAMES, platform
from parley.vocabulary import PARLEY

if TYPE_CHECKING:
    from parley.data_table.events import Listed
    from parley.event import Event
    from parley.webhook import Webhook


def takes(webhook: Webhook, event: Event | Listed) -> bool:
    """Whether a webhook's `Events` take an event; its status is another question."""
    if event.platform == PARLEY and event.conversation_id == webhook.sid:
        return False  # what Parley says of a webhook is never sent to that webhook
    names = platform(event.platform).names if event.platform in PLATFORM_NAMES else None
    return matching.wants(webhook.events, name=event.name, event_type=event.type, names=names)
