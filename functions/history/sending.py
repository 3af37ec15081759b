"""Asking for one attempt out of its turn: a message makes it prompt, and the delivery's due time makes it sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from parley.aws import UNAVAILABLE
from parley.errors import UnavailableError
from parley.messages import RetryMessage
from parley.queues import retries

if TYPE_CHECKING:
    from functions.history.deployment import Deployment
    from parley.api.routing import Call
    from parley.data_table.undelivered import Undelivered

_WATCHDOG_SECONDS = 120  # a message that has not come by then is lost: the due index sends another


def due_ms(deployment: Deployment, call: Call) -> int:
    """When the sweeper looks at what is asked for now, Unix milliseconds."""
    return call.now_ms + math.ceil(_WATCHDOG_SECONDS * 1000 / deployment.settings.time_scale)


def ask(deployment: Deployment, item: Undelivered, trigger: str, *, otherwise: str) -> None:
    """Ask for an item's next attempt.

    Args:
        deployment: Whose queue.
        item: As the table has it by now.
        trigger: What the attempt will say it was made for.
        otherwise: What becomes of it when it cannot be queued.

    Raises:
        UnavailableError: It cannot be queued.
    """
    message = RetryMessage(
        account_sid=item.account_sid,
        assistant_sid=item.assistant_sid,
        webhook_sid=item.webhook_sid,
        event_sid=item.event_sid,
        received_ms=item.received_ms,
        attempts=item.attempts,
        trigger=trigger,
    )
    try:
        retries.send(deployment.sqs, deployment.settings.retry_queue_url, [(message, 0)])
    except UNAVAILABLE as error:
        raise UnavailableError(f"It could not be queued just now; {otherwise}") from error
