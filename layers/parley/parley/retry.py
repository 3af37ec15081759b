"""Retry policy: what follows from an attempt. Plain values in, plain values out.

A schedule lists the seconds before each further attempt; the first attempt is not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from parley import reasons

if TYPE_CHECKING:
    from parley.attempts import Outcome

DEFAULT_SCHEDULE = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
MAX_ENTRIES = 20
MIN_SECONDS, MAX_SECONDS = 1, 86_400
JITTER = 0.2
MAX_RETRY_AFTER_SECONDS = 3600

DELIVERED = "delivered"
RETRYING = "retrying"
WAITING = "waiting"
EXHAUSTED = "exhausted"
CANCELLED = "cancelled"
EXPIRED = "expired"
STATUSES = (DELIVERED, RETRYING, WAITING, EXHAUSTED, CANCELLED, EXPIRED)
ENDED = (DELIVERED, EXHAUSTED, CANCELLED, EXPIRED)

HONOURS_RETRY_AFTER = (429, 503)


class ScheduleError(ValueError):
    """Raised when a retry schedule's text is not what it must be; says what is allowed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery after an attempt.

    Attributes:
        reason: Why it ended or waits; None while it goes its ordinary way.
        delay_seconds: Until the next attempt; None when none is planned.
    """

    status: str
    reason: str | None
    delay_seconds: float | None


def parse_schedule(text: str) -> tuple[int, ...]:
    """Space-separated seconds, 1 to 20 of them, each 1 to 86,400.

    Raises:
        ScheduleError: Saying what was wrong.
    """
    entries = text.split()
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise ScheduleError(f"{len(entries)} entries")
    for entry in entries:
        if not re.fullmatch(r"[0-9]{1,5}", entry) or not MIN_SECONDS <= int(entry) <= MAX_SECONDS:
            raise ScheduleError(f"{entry!r} is not a number of seconds from {MIN_SECONDS} to {MAX_SECONDS:,}")
    return tuple(int(entry) for entry in entries)


def jittered(seconds: float, unit: float) -> float:
    """The delay spread by ±20 %, never below a second.

    Args:
        seconds: The schedule's entry.
        unit: A random number from 0 to 1.
    """
    return max(float(MIN_SECONDS), seconds * (1 - JITTER + 2 * JITTER * unit))


def retry_after_seconds(header: str | None, now_seconds: float) -> float | None:
    """`Retry-After` in either form, at most an hour; None when absent, unreadable or past (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    text = header.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = float(text)
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now_seconds
        except (ValueError, TypeError, OverflowError):
            return None
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds > 0 else None


def decide(outcome: Outcome, *, attempts: int, schedule: tuple[int, ...], unit: float, now_seconds: float) -> Decision:
    """What follows from an attempt.

    Args:
        outcome: The attempt's.
        attempts: How many were made, this one included.
        schedule: The webhook's, as it is now.
        unit: A random number from 0 to 1, for the jitter.
        now_seconds: Unix time, for a `Retry-After` that names a date.
    """
    if outcome.delivered:
        return Decision(DELIVERED, None, None)
    if outcome.gone:
        return Decision(WAITING, reasons.GONE, None)
    if attempts > len(schedule):
        return Decision(EXHAUSTED, reasons.SCHEDULE_ENDED, None)
    delay = jittered(schedule[attempts - 1], unit)
    if outcome.status_code in HONOURS_RETRY_AFTER:
        asked = retry_after_seconds(outcome.retry_after, now_seconds)
        delay = max(delay, asked) if asked is not None else delay
    return Decision(RETRYING, None, delay)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a delivery stood when an attempt at it was begun.

    Attributes:
        attempts: How many were made before this one.
        reason: Why it waited.
        ended_as: Of one that was over and is sent again: how it had ended.
        ended_reason: Why.
    """

    attempts: int = 0
    reason: str | None = None
    ended_as: str | None = None
    ended_reason: str | None = None


def decide_for(standing: Standing, decision: Decision, *, paused: bool) -> tuple[Decision, int]:
    """What follows for a delivery, whose attempt may have been out of turn.

    What was over and is sent again is over again as it was, and no schedule starts anew; a probe of a paused webhook
    costs no attempts, so its event waits on as it did.

    Args:
        standing: Of the delivery before the attempt.
        decision: What would follow by its schedule.
        paused: Whether its webhook was.

    Returns:
        What does follow, and how many attempts count now.
    """
    if decision.status != DELIVERED and standing.ended_as is not None:
        return Decision(standing.ended_as, standing.ended_reason, None), standing.attempts + 1
    if decision.status != DELIVERED and paused:
        # a 410 has disabled the webhook meanwhile: no pause any more
        reason = decision.reason if decision.status == WAITING else standing.reason
        return Decision(WAITING, reason, None), standing.attempts
    return decision, standing.attempts + 1
