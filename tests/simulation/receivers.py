"""How the receivers of a schedule answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.simulation.scenario import BUSY, DOWN, GONE, HALF, HANGS, HEALTHY, POISONED, REFUSES, SLOW, Hook

TIME_LIMIT_MS = 10_000
_STATUSES = {HEALTHY: 200, DOWN: 500, POISONED: 500, REFUSES: 500, GONE: 410, BUSY: 429}


@dataclass(frozen=True)
class Answer:
    """One answer; no status where none came within the time limit."""

    status: int | None
    duration_ms: int
    retry_after: str | None = None


def answer(hook: Hook, event_number: int, now_ms: int, chance: random.Random) -> Answer:
    """What this receiver says now.

    Args:
        hook: The webhook.
        event_number: 1 is the event that a poisoned receiver never takes.
        now_ms: Since the schedule's beginning.
        chance: Whatever is not said by the hook.
    """
    quick_ms = chance.randrange(3, 40)
    recovered = hook.until_ms is not None and now_ms >= hook.until_ms
    if hook.receiver == POISONED and event_number == 1:
        recovered = False
    if hook.receiver == SLOW:
        return Answer(200, chance.randrange(1_001, TIME_LIMIT_MS - 500))
    if recovered:
        return Answer(200, quick_ms)
    if hook.receiver == HANGS:
        return Answer(None, TIME_LIMIT_MS)
    status = chance.choice((200, 500)) if hook.receiver == HALF else _STATUSES[hook.receiver]
    return Answer(status, quick_ms, str(chance.randrange(1, 60)) if hook.receiver == BUSY else None)
