"""Replays: which deliveries one sends again, and how it stands. Plain values in, plain values out.

| status | what happens |
| --- | --- |
| counting | it looks how many deliveries there are to send; a dry run ends with that |
| running | it sends them, oldest event first, never more a second than its rate |
| waiting | its webhook is paused, draining or disabled, or its receiver asked for a pause; then it goes on by itself |
| completed | it came to its end |
| cancelled | by its owner, or because its webhook was deleted |
"""

from __future__ import annotations

from parley import retry

FAILED = "failed"
MISSING = "missing"
ALL = "all"
MODES = (FAILED, MISSING, ALL)

COUNTING = "counting"
RUNNING = "running"
WAITING = "waiting"
COMPLETED = "completed"
CANCELLED = "cancelled"
OPEN = (COUNTING, RUNNING, WAITING)
STATUSES = (*OPEN, COMPLETED, CANCELLED)

DEFAULT_RATE = 10
MAX_RATE = 50  # a second: what one dispatcher can post ten at once with room to spare

_FAILED = (retry.EXHAUSTED, retry.CANCELLED, retry.EXPIRED)


def wanted(mode: str, status: str | None, *, matches: bool) -> bool:
    """Whether a replay sends a delivery; one that is on its way is left to itself.

    Args:
        mode: The replay's.
        status: How the delivery stands; None when there is none.
        matches: Whether the webhook's `Events`, as they are now, take the event.
    """
    if status is None:
        return mode in (MISSING, ALL) and matches
    if status == retry.DELIVERED:
        return mode == ALL
    return mode in (FAILED, ALL) and status in _FAILED
