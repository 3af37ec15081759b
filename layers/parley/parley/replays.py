"""Replays: which deliveries one sends again, and how it stands. Plain values in, plain values out.

| status | what happens |
| --- | --- |
| counting | it looks how many deliveries there are to send; a dry run ends with that |
| running | it sends them, oldest event first, never more a second than its rate |
| waiting | its webhook is paused, draining or disabled, its receiver asked for a pause, or an older replay is open for
the same webhook; then it goes on by itself |
| completed | it came to its end |
| cancelled | by its owner, or because its webhook was deleted |
| failed | ten runs in a row died at the same place, and not of one event: nothing runs for ever |

What a webhook is sent by replays is never more a second than one replay's rate, for the oldest goes first and the
others wait. Each status that needs explaining has a reason.
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
GIVEN_UP = "failed"
OPEN = (COUNTING, RUNNING, WAITING)
STATUSES = (*OPEN, COMPLETED, CANCELLED, GIVEN_UP)

WEBHOOK_NOT_READY = "webhook_not_ready"
OLDER_REPLAY = "older_replay"
BY_USER = "by_user"
WEBHOOK_DELETED = "webhook_deleted"
KEEPS_DYING = "keeps_dying"
REASONS = {
    WAITING: (WEBHOOK_NOT_READY, OLDER_REPLAY),
    CANCELLED: (BY_USER, WEBHOOK_DELETED),
    GIVEN_UP: (KEEPS_DYING,),
}

# Runs that began and said nothing more, one after another: each a minute and a half after the one before.
MOST_DEAD_RUNS = 10

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
