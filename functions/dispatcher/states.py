"""A webhook's states: how one begins, and which attempts make it begin.

The health item decides and is changed first, under its epoch; the webhook's own status, which dispatchers act on,
follows; then those who subscribed to it are told. A crash in between is put in order by the next look (`tending`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from functions.dispatcher import announcements
from parley import telemetry, webhook
from parley.aws import UNAVAILABLE
from parley.data_table import health as health_items
from parley.health import DISABLED, DRAINING, LOOK_EVERY_MS, PAUSED, must_pause

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from functions.dispatcher.vitals import Observation
    from parley.health import Health
    from parley.webhook import Webhook

logger = telemetry.logger()


def observe(ports: Ports, observations: list[Observation]) -> None:
    """Take attempts into account, and pause the webhooks whose failures are too many. Best effort."""
    delivered = sum(observation.outcome.delivered for observation in observations)
    ports.tally.count("AttemptsDelivered", delivered)
    ports.tally.count("AttemptsFailed", len(observations) - delivered)
    for target, health in ports.vitals.observe(observations):
        if not must_pause(health, ports.now_ms(), time_scale=ports.settings.time_scale):
            continue
        try:
            change(ports, target, health, PAUSED)
        except UNAVAILABLE as error:
            logger.warning("not paused yet", extra={"webhook": target.sid, "error": type(error).__name__})


def change(ports: Ports, target: Webhook, health: Health, state: str | None) -> Health | None:
    """Begin another state: health first, then the webhook's status, then the announcement.

    Returns:
        The health after it; None when somebody was quicker.
    """
    now_ms = ports.now_ms()
    # nothing to look after any more; all other states are looked at every minute
    due_ms = None if state is None else now_ms + round(LOOK_EVERY_MS / ports.settings.time_scale)
    after = health_items.change_state(
        ports.dynamodb, ports.settings.data_table, health, state, now_ms=now_ms, due_ms=due_ms
    )
    if after is None:
        return None
    ports.vitals.forget(target.sid)
    telemetry.tell("changed", webhook=target.sid, state=state or "active", epoch=after.epoch)
    if state in (PAUSED, DRAINING):
        wanted = webhook.PAUSED if state == PAUSED else webhook.ACTIVE
        reason = webhook.FAILING if state == PAUSED else None
        target = set_status(ports, target, wanted, reason)
    if health.state is None and state == DRAINING:
        # nothing was paused: something was parked on a stale view of an older pause
        health_items.record_announcement(ports.dynamodb, ports.settings.data_table, after)
    else:
        announce(ports, target, after)
    return replace(after, announced_epoch=after.epoch)


def set_status(ports: Ports, target: Webhook, status: str, reason: str | None) -> Webhook:
    """Give the webhook the status that follows from its health's state."""
    if target.status != status:
        ports.routes.set_status(target, status, reason=reason)
    return replace(target, status=status, status_reason=reason)


def announce(ports: Ports, target: Webhook, health: Health) -> None:
    """What the engine did is an event; what a user did is not."""
    if health.announced_epoch == health.epoch:
        return
    if not (health.state == DISABLED and target.status_reason == webhook.BY_USER):
        announcements.state_changed(ports, target, health)
    health_items.record_announcement(ports.dynamodb, ports.settings.data_table, health)
