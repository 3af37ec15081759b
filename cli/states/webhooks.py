"""What becomes of a webhook in trouble: every pairing of what is known put to the policy, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from parley import health, webhook
from parley.health import Health

STATES = (None, health.PAUSED, health.DRAINING, health.DISABLED)
STATUSES = (webhook.ACTIVE, webhook.PAUSED, webhook.DISABLED)
_SINCE_MS = 1_800_000_000_000
_HEALTH = Health("AC", "UA", "UM", state_since_ms=_SINCE_MS)


def shown(state: str | None) -> str:
    """A state's name; without one, a webhook has no trouble."""
    return state or "none"


def reconciled() -> Iterator[tuple[str, str, str, str]]:
    """For each state and status: when the status was changed, and which state the next look makes of them."""
    for state in STATES:
        for status in STATUSES:
            ends = {
                words: health.state_for(
                    replace(_HEALTH, state=state), status=status, status_since_ms=_SINCE_MS + difference
                )
                for words, difference in (("before the state began", -1), ("since", 1))
            }
            if len(set(ends.values())) == 1:
                ends = {"at any time": next(iter(ends.values()))}
            for words, end in ends.items():
                yield shown(state), status, words, shown(end)


def edges() -> list[tuple[str, str, str]]:
    """The ways between states that attempts and users make, in short."""
    minutes, days = health.PAUSE_AFTER_MS // 60_000, health.DISABLE_AFTER_MS // 86_400_000
    pause = f"{health.PAUSE_AFTER_FAILURES} failures in a row, of two events or more, over {minutes} min or more"
    ways = [
        (shown(state), shown(health.PAUSED), pause)
        for state in STATES
        if health.must_pause(_failing(state, failures=health.PAUSE_AFTER_FAILURES), _SINCE_MS)
    ]
    ways += [
        (shown(state), shown(health.DISABLED), f"{days} days without a success, tried within the last one")
        for state in STATES
        if health.must_disable(_failing(state, failures=1), _SINCE_MS)
    ]
    ways += [
        (shown(health.PAUSED), shown(health.DRAINING), "a probe succeeds, or nothing waits any more"),
        (shown(health.DRAINING), shown(None), f"nothing waits, and {health.QUIET_MS // 1000} s have passed"),
        (shown(health.DISABLED), shown(health.DRAINING), "Enabled=true"),
        (shown(health.DISABLED), shown(None), "nothing waits for it"),
    ]
    ways += [
        (shown(state), shown(health.DISABLED), "Enabled=false, or an answer 410")
        for state in STATES
        if state != health.DISABLED
        and health.state_for(replace(_HEALTH, state=state), status=webhook.DISABLED, status_since_ms=0)
        == health.DISABLED
    ]
    return ways


def _failing(state: str | None, *, failures: int) -> Health:
    """One that has failed for long enough, and was tried a moment ago."""
    return replace(
        _HEALTH,
        state=state,
        failures=failures,
        first_event="EV1",
        last_event="EV2",
        failing_since_ms=_SINCE_MS - health.DISABLE_AFTER_MS,
        last_attempt_ms=_SINCE_MS,
    )
