"""Which targets are not posted to now, and what becomes of them instead. Plain values in, plain values out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley import reasons, retry
from parley.webhook import PAUSED

if TYPE_CHECKING:
    from parley.health import Health
    from parley.webhook import Webhook

RECORDED_DELAY_SECONDS = 60.0
MOST_BYTES_AT_ONCE = 96 * 1024 * 1024
"""Of bodies in one packed post: each connection holds its own copy, and ten events of 4 MB to ten webhooks would take
the function's whole memory (invariant 6)."""


def refusal(
    webhook: Webhook,
    health: Health | None,
    *,
    record_only: bool,
    now_ms: int,
    time_scale: float,
    crowded: bool = False,
) -> retry.Decision | None:
    """Why a first attempt is not made now; None when it is. None of these costs an attempt.

    Args:
        webhook: An active or paused one.
        health: Its trouble, if any.
        record_only: Posting this event has failed too often.
        now_ms: Unix milliseconds.
        time_scale: What `retry.Decision.delay_seconds` will be divided by.
        crowded: This body would be one too many for the packed post.
    """
    if webhook.status == PAUSED:
        return retry.Decision(retry.WAITING, reasons.PAUSED, None)
    if record_only:
        return retry.Decision(retry.RETRYING, reasons.DISPATCHER_ERROR, RECORDED_DELAY_SECONDS)
    if health is not None and health.is_held(now_ms):
        return retry.Decision(retry.RETRYING, reasons.RETRY_AFTER, held_seconds(health, now_ms) * time_scale)
    if health is not None and health.is_slow():
        # alone, by the retry queue: in a packed post it would make the others' messages wait for it
        return retry.Decision(retry.RETRYING, reasons.SLOW_LANE, 0.0)
    if crowded:
        return retry.Decision(retry.RETRYING, reasons.CROWDED, 0.0)
    return None


def held_seconds(health: Health, now_ms: int) -> float:
    """How long its receiver still asked to be left alone."""
    return max(0.0, ((health.hold_until_ms or now_ms) - now_ms) / 1000)
