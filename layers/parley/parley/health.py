"""Endpoint health: when a webhook is paused, probed, drained, resumed and given up. Plain values in, plain values out.

A webhook without trouble has no health item. Trouble makes one; its `state` says what the engine does about it:

| state | the webhook's `status` | what happens |
| --- | --- | --- |
| (none) | active | failures in a row are counted; with a due time, something may wait: it is looked at once |
| paused | paused | its events wait; once a minute one of them probes it |
| draining | active | what waits is sent oldest first at a capped rate; new events go live |
| disabled | disabled | what waits stays until retention ends; enabling it again drains |

Waiting and probing cost no attempts. A receiver that asked for a pause (`Retry-After`) is neither probed nor sent what
waits until it is over. Every change of state has an epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley import webhook

PAUSED = "paused"
DRAINING = "draining"
DISABLED = "disabled"

PAUSE_AFTER_FAILURES = 10
PAUSE_AFTER_MS = 60_000
DISABLE_AFTER_MS = 5 * 86_400_000
TRIED_WITHIN_MS = 86_400_000
LOOK_EVERY_MS = 60_000

# A stale cache (5 s) may park an event after an "empty" reading, and so may an invocation that began before (20 s);
# quiescence is what proves that nobody can any more, a version counter does not (models/model3.py).
QUIET_MS = 5_000 + 20_000 + 30_000

SLOW_MS = 1_000
SLOW_WINDOW = 5
SLOW_MANY = 3


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a webhook in trouble.

    Attributes:
        state: None while only failures are counted.
        state_since_ms: When the state began.
        epoch: Counts changes of state.
        announced_epoch: The last change that was made an event.
        failures: Failed attempts since the last success.
        failing_since_ms: When the first of them was.
        first_event: The event of the first, and of the last of them: whether they are of at least two events.
        last_attempt_ms: When a failed attempt was last made.
        speeds: The last five attempts, `1` for those that took over a second.
        hold_until_ms: `Retry-After` said so.
        probes: How many probes this pause has had.
        probed_last: The sort key of the event that probed last.
        due_ms: When the engine looks at it next; None when there is nothing to look after.
        watched_ms: When somebody last made sure of that, being about to park something.
    """

    account_sid: str
    assistant_sid: str
    webhook_sid: str
    state: str | None = None
    state_since_ms: int = 0
    epoch: int = 0
    announced_epoch: int = 0
    failures: int = 0
    failing_since_ms: int | None = None
    first_event: str | None = None
    last_event: str | None = None
    last_attempt_ms: int | None = None
    speeds: str = ""
    hold_until_ms: int | None = None
    probes: int = 0
    probed_last: str | None = None
    due_ms: int | None = None
    watched_ms: int | None = None

    def is_slow(self) -> bool:
        """Three of the last five attempts took over a second: it is sent to alone, off everybody else's way."""
        return self.speeds.count("1") >= SLOW_MANY

    def is_held(self, now_ms: int) -> bool:
        """Its receiver asked for a pause that is not over."""
        return self.hold_until_ms is not None and now_ms < self.hold_until_ms


def speeds_after(speeds: str, durations_ms: list[int]) -> str:
    """The last five attempts, these included."""
    return (speeds + "".join("1" if duration > SLOW_MS else "0" for duration in durations_ms))[-SLOW_WINDOW:]


def must_pause(health: Health, now_ms: int, *, time_scale: float = 1.0) -> bool:
    """Ten failed attempts of at least two events over at least a minute, without a success."""
    return (
        health.state in (None, DRAINING)
        and health.failures >= PAUSE_AFTER_FAILURES
        and health.first_event != health.last_event
        and health.failing_since_ms is not None
        and now_ms - health.failing_since_ms >= PAUSE_AFTER_MS / time_scale
    )


def must_disable(health: Health, now_ms: int, *, time_scale: float = 1.0) -> bool:
    """Five days without a success though it was tried within the last one: a quiet webhook is not given up."""
    return (
        health.state == PAUSED
        and health.failing_since_ms is not None
        and now_ms - health.failing_since_ms >= DISABLE_AFTER_MS / time_scale
        and health.last_attempt_ms is not None
        and now_ms - health.last_attempt_ms <= TRIED_WITHIN_MS / time_scale
    )


def state_for(health: Health, *, status: str, status_since_ms: int | None) -> str | None:
    """Which state a webhook's health is to have, given the webhook's own status, which users change too.

    Args:
        health: As it is; somebody looks after it, because something waits or did.
        status: The webhook's.
        status_since_ms: Since when it has that.
    """
    if status == webhook.DISABLED:
        return DISABLED
    if health.state in (None, DISABLED):
        # something may wait for a webhook that is not (or no longer) out of service
        return PAUSED if status == webhook.PAUSED else DRAINING
    if health.state == PAUSED and status == webhook.ACTIVE:
        # a user switched it off and on again since; else the pause died before it reached the webhook
        return DRAINING if (status_since_ms or 0) > health.state_since_ms else PAUSED
    return health.state


def is_unwatched(health: Health, now_ms: int) -> bool:
    """Whoever was about to park something has done it by now, or never will: what nobody sees waiting does not wait."""
    return health.watched_ms is None or now_ms - health.watched_ms >= QUIET_MS


def quiet_in_ms(health: Health, now_ms: int) -> int:
    """How long until draining has lasted so long that nobody can still believe in the pause before it; 0 = it has."""
    return max(0, QUIET_MS - (now_ms - max(health.state_since_ms, health.watched_ms or 0)))


def probe_kind(probes: int) -> str:
    """Which waiting event probes next: `oldest`, `newest`, then each `next` one not yet probed.

    No single event that the receiver always refuses can then hold the webhook hostage.
    """
    return ("oldest", "newest")[probes] if probes < 2 else "next"  # noqa: PLR2004 — the two that are named
