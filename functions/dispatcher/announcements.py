"""Parley's own events: what the engine did to a webhook, or gave up on, told to those who subscribed to it by name.

They go the way of all events. Their identity follows from what happened, so telling it twice is one event.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parley import sids
from parley.api.dates import iso
from parley.data_table import undelivered
from parley.event import ACCEPTED, Event
from parley.health import DISABLED, DRAINING, PAUSED
from parley.messages import EventMessage
from parley.queues import events as events_queue
from parley.vocabulary import PARLEY

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.data_table.undelivered import Undelivered
    from parley.health import Health
    from parley.webhook import Webhook

_TYPES = {PAUSED: "webhook.paused", DRAINING: "webhook.resumed", DISABLED: "webhook.disabled"}


def state_changed(ports: Ports, webhook: Webhook, health: Health) -> None:
    """Tell that a webhook was paused, resumed or disabled by the engine.

    Raises:
        ClientError: When the queue does not take it; it is told later, for the epoch is not marked as announced.
    """
    if health.state is None:
        return
    waiting = undelivered.count_open(ports.dynamodb, ports.settings.data_table, webhook.sid)
    told = {
        "webhook": {"sid": webhook.sid, "unique_name": webhook.unique_name},
        "reason": webhook.status_reason,
        "since": iso(health.state_since_ms),
        "waiting": waiting,
    }
    name = _TYPES[health.state]
    _send(ports, webhook, name, told, identity=f"{webhook.sid}:{health.epoch}", at_ms=health.state_since_ms)


def exhausted(ports: Ports, webhook: Webhook, item: Undelivered) -> None:
    """Tell that a delivery's schedule ended without success.

    Raises:
        ClientError: When the queue does not take it.
    """
    delivery_sid = sids.delivery_sid(item.event_sid, item.webhook_sid)
    told = {
        "webhook": {"sid": webhook.sid, "unique_name": webhook.unique_name},
        "delivery": {
            "sid": delivery_sid,
            "event_sid": item.event_sid,
            "attempts": item.attempts,
            "last_status_code": item.last_status_code,
        },
        "reason": item.reason,
    }
    _send(ports, webhook, "delivery.exhausted", told, identity=delivery_sid, at_ms=ports.now_ms())


def _send(ports: Ports, webhook: Webhook, name: str, told: dict[str, Any], *, identity: str, at_ms: int) -> None:
    now_ms = ports.now_ms()
    event = Event(
        sid=sids.event_sid(
            assistant_sid=webhook.assistant_sid,
            source_sid=webhook.assistant_sid,
            event_name=name,
            conversation_id=webhook.sid,
            identity=identity,
            rid=identity,
        ),
        account_sid=webhook.account_sid,
        assistant_sid=webhook.assistant_sid,
        source_sid=None,
        platform=PARLEY,
        name=name,
        type=name,
        status=ACCEPTED,
        reason=None,
        # what it speaks of: its events are one partition, and it is never sent to that webhook
        conversation_id=webhook.sid,
        occurred_ms=at_ms,
        received_ms=now_ms,
        rid=identity,
        method="POST",
        content_type="application/json",
        payload=json.dumps(told, ensure_ascii=False).encode(),
    )
    events_queue.send(ports.sqs, ports.settings.events_queue_url, EventMessage(event))
