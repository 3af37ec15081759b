"""The line of an attempt: of every one but a first that succeeded, which its batch's line counts.

A line for each of those would cost more than all the rest (design section 7); what came of it stands with the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley import telemetry

if TYPE_CHECKING:
    from parley.attempts import Outcome


def attempted(outcome: Outcome, *, event_sid: str, webhook_sid: str, number: int, trigger: str, status: str) -> None:
    """Tell of an attempt.

    Args:
        outcome: What it came to; of an answer the status code alone, for the rest is the receiver's text.
        event_sid: The correlation id.
        webhook_sid: Whom it was sent to.
        number: Which of the delivery's attempts it was.
        trigger: As in `parley.attempts`.
        status: Of the delivery after it.
    """
    telemetry.tell(
        "attempted",
        event=event_sid,
        webhook=webhook_sid,
        number=number,
        trigger=trigger,
        code=outcome.status_code,
        error=outcome.error,
        ms=outcome.duration_ms,
        status=status,
    )
