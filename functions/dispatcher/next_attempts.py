"""When a delivery is tried again, and the message that makes it prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from parley import telemetry
from parley.attempts import RETRY
from parley.aws import UNAVAILABLE
from parley.messages import RetryMessage
from parley.queues import retries

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.data_table.undelivered import Undelivered
    from parley.retry import Decision

WATCHDOG_SECONDS = 120  # a message that has not come by then is lost: the due index sends another

logger = telemetry.logger()


def plan(decision: Decision, *, now_ms: int, time_scale: float) -> tuple[int | None, int | None, int | None]:
    """When the next attempt is, when the sweeper must look, and the delay of the message that makes it prompt.

    Returns:
        `(next_attempt_ms, due_ms, delay_seconds)`; no delay where the wait is longer than SQS can hold a message.
    """
    if decision.delay_seconds is None:
        return None, None, None
    delay = decision.delay_seconds / time_scale
    next_attempt_ms = now_ms + math.ceil(delay * 1000)
    if delay > retries.MAX_DELAY_SECONDS:
        return next_attempt_ms, next_attempt_ms, None
    return next_attempt_ms, watched_ms(next_attempt_ms, time_scale), math.ceil(delay)


def watched_ms(from_ms: int, time_scale: float) -> int:
    """When the sweeper must look, if a message that was sent for then has not come."""
    return from_ms + math.ceil(WATCHDOG_SECONDS * 1000 / time_scale)


def message(item: Undelivered) -> RetryMessage:
    """What asks for an item's next attempt."""
    return RetryMessage(
        account_sid=item.account_sid,
        assistant_sid=item.assistant_sid,
        webhook_sid=item.webhook_sid,
        event_sid=item.event_sid,
        received_ms=item.received_ms,
        attempts=item.attempts,
        trigger=RETRY,
    )


def send(ports: Ports, messages: Sequence[tuple[RetryMessage, int]]) -> None:
    """Send them with their delays in seconds. Best effort: one that is lost is found by its due time."""
    try:
        retries.send(ports.sqs, ports.settings.retry_queue_url, messages)
    except UNAVAILABLE as error:
        logger.warning("retries left to the sweeper", extra={"error": type(error).__name__})
