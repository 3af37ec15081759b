"""What a schedule is made of, drawn from its seed: a value that prints itself, and that can be made smaller."""

from __future__ import annotations

import random
from dataclasses import dataclass

HEALTHY, SLOW, HALF, DOWN, HANGS, REFUSES, GONE, BUSY, POISONED = (
    "healthy", "slow", "half", "down", "hangs", "refuses", "gone", "busy", "poisoned",
)  # fmt: skip
DISABLE, ENABLE, DELETE, MOVE = "disable", "enable", "delete", "move"
REPLAYING, SLOWED, LONG_REPLAY = "replaying", "slowed", "long replay"

# Every fault, and how often it happens at an opportunity while it is chosen for a schedule.
FAULTS = {
    "crash before": 0.02,
    "crash after": 0.02,
    "timeout": 0.01,
    "throttle": 0.04,
    "lost response": 0.03,
    "client repeats": 0.03,
    "unprocessed keys": 0.1,
    "partial send": 0.15,
    "refused statements": 0.3,
    "stall": 0.04,
    "stale read": 0.4,
    "stale index": 0.4,
    "duplicate receive": 0.2,
    "not deleted": 0.1,
    "batch again": 0.05,
    "lost answer": 0.1,
    "second sweeper": 0.6,
    "redrive": 0.5,
    "lost retries": 0.5,
    "platform repeats": 0.2,
    "outage": 0.5,
}


@dataclass(frozen=True)
class Hook:
    """A webhook and its receiver.

    Attributes:
        until_ms: When the receiver recovers; None never.
    """

    number: int
    receiver: str
    schedule: tuple[int, ...]
    until_ms: int | None
    events: str = "*"


@dataclass(frozen=True)
class Arrival:
    """An event, and when the platform sends it again, if it does."""

    number: int
    at_ms: int
    again_after_ms: int | None = None


@dataclass(frozen=True)
class Change:
    """What a user does to a webhook."""

    hook: int
    kind: str
    at_ms: int


@dataclass(frozen=True)
class Job:
    """A replay that a user begins, and when that user cancels it again, if so."""

    number: int
    hook: int
    mode: str
    rate: int
    at_ms: int
    dry_run: bool = False
    cancelled_after_ms: int | None = None


@dataclass(frozen=True)
class Erase:
    """An event that a user erases."""

    event: int
    at_ms: int


@dataclass(frozen=True)
class Outage:
    """For so long a table or the queues refuse everything."""

    what: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Slowness:
    """For so long the tables answer, each call after so much time."""

    from_ms: int
    to_ms: int
    call_ms: int


@dataclass(frozen=True)
class Scale:
    """The engine's own numbers, made small so that a small schedule reaches every state."""

    inline_targets: int
    pause_after_failures: int
    pause_after_ms: int
    drain_at_once: int
    record_only_after: int
    max_receives: int
    page: int


@dataclass(frozen=True)
class Scenario:
    """One schedule; equal scenarios run equally.

    Attributes:
        style: What it is about.
        faults: Rates by name.
        max_faults: After so many there are no more.
        muted: Faults by their numbers that do not happen, for shrinking.
        calm_ms: From then on there are none.
        skew_ms: How far environments' clocks may be off.
        crowd: How many dispatchers may work on each queue at once.
        sweep_ms: When the first sweeper runs.
        steady: Schedules are kept to the second.
        deadly: The event that kills every process that posts it a second time; 0 for none.
    """

    seed: int
    style: str
    hooks: tuple[Hook, ...]
    arrivals: tuple[Arrival, ...]
    changes: tuple[Change, ...]
    outages: tuple[Outage, ...]
    scale: Scale
    faults: tuple[tuple[str, float], ...]
    calm_ms: int
    skew_ms: int
    crowd: int
    sweep_ms: int
    steady: bool
    jobs: tuple[Job, ...] = ()
    erasures: tuple[Erase, ...] = ()
    slowness: Slowness | None = None
    deadly: int = 0
    max_faults: int = 1_000_000
    muted: frozenset[int] = frozenset()


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    rare = random.Random(f"rare {seed}")
    share = rare.random()
    if share < 0.02:
        return _slowed(seed, rare)
    if share < 0.03:
        return _long_replay(seed, rare)
    chance = random.Random(seed)
    if chance.random() < 0.1:
        return _replaying(seed, chance)
    style = chance.choice(
        ("few", "few", "wide", "crowded", "pausing", "pausing", "draining", "resuming", "disabling", "copies")
    )
    sweep_ms = chance.randrange(5_000, 60_000)
    long_ms = {
        "few": 5_000,
        "wide": 10_000,
        "crowded": 5_000,
        "pausing": 60_000,
        "draining": 30_000,
        "resuming": 60_000,
        "disabling": 60_000,
        "copies": 3_000,
    }[style]
    hooks = tuple(_hook(chance, number, style, long_ms) for number in range(1, _hooks(chance, style) + 1))
    names = chance.sample(sorted(FAULTS), chance.choice((0, 1, 2, 3, 5, 8)))
    faults = {name: FAULTS[name] * chance.choice((0.3, 1, 1, 2)) for name in names}
    if style == "disabling":
        faults["stall"] = chance.choice((0.02, 0.1))
        # what is due comes to a webhook that its user has switched off, just when somebody looks after it
        sweep_ms = chance.randrange(19_000, 22_000)
    if style == "copies":
        # one copy of a message is held up until the other's delivery has ended
        faults |= {"duplicate receive": 0.6, "stall": chance.choice((0.1, 0.2))}
    if style == "crowded":
        # what comes at once is committed at once, in part, and there are copies of it
        faults |= {"refused statements": 0.4, "duplicate receive": 0.4, "platform repeats": 0.3}
    arrivals = tuple(
        Arrival(
            number,
            at_ms,
            chance.choice((1, 500, 15_000)) if chance.random() < faults.get("platform repeats", 0) else None,
        )
        for number, at_ms in enumerate(_times(chance, style, long_ms, sweep_ms), 1)
    )
    return Scenario(
        seed=seed,
        style=style,
        hooks=hooks,
        arrivals=arrivals,
        changes=_changes(chance, hooks, long_ms, style, sweep_ms),
        outages=_outages(chance, long_ms) if chance.random() < faults.get("outage", 0) else (),
        scale=Scale(
            inline_targets=chance.choice((2, 3, 10)) if style == "wide" else 10,
            pause_after_failures=2 if style == "disabling" else chance.choice((2, 3, 5)),
            pause_after_ms=500 if style == "disabling" else chance.choice((500, 5_000, 20_000)),
            drain_at_once=chance.choice((1, 2, 10)),
            record_only_after=chance.choice((2, 4)),
            max_receives=chance.choice((6, 9)),
            page=chance.choice((1, 3, 100)),
        ),
        faults=tuple(sorted(faults.items())),
        calm_ms=long_ms + chance.choice((10_000, 100_000, 200_000)),
        skew_ms=chance.choice((0, 0, 500, 5_000)),
        crowd=chance.randint(1, 4),
        sweep_ms=sweep_ms,
        steady=style == "disabling",
    )


def _replaying(seed: int, chance: random.Random) -> Scenario:
    """Events of which a webhook took some, refused some and missed some; then replays of them."""
    names = chance.sample(sorted(FAULTS), chance.choice((0, 1, 2, 3, 5, 8)))
    faults = {name: FAULTS[name] * chance.choice((0.3, 1, 1, 2)) for name in names}
    hooks = tuple(
        Hook(
            number,
            chance.choice((HEALTHY, HALF, DOWN, DOWN, REFUSES, SLOW)),
            chance.choice(((1,), (1,), (1, 3), (600,))),
            chance.choice((6_000, 20_000, 60_000)),
        )
        for number in range(1, chance.randint(1, 2) + 1)
    )
    many = chance.randint(2, 12)
    changes: list[Change] = []
    for hook in hooks:
        if chance.random() < 0.6:  # what comes meanwhile is missing
            changes += [Change(hook.number, DISABLE, 0), Change(hook.number, ENABLE, chance.randrange(6_000, 12_000))]
        if chance.random() < 0.3:  # and something happens while a replay is at work
            at_ms = chance.randrange(30_000, 90_000)
            changes.append(Change(hook.number, chance.choice((DISABLE, DELETE, MOVE)), at_ms))
            if changes[-1].kind == DISABLE and chance.random() < 0.8:
                changes.append(Change(hook.number, ENABLE, at_ms + chance.choice((1, 5_000, 60_000))))
    return Scenario(
        seed=seed,
        style=REPLAYING,
        hooks=hooks,
        arrivals=tuple(Arrival(number, chance.randrange(20_000)) for number in range(1, many + 1)),
        changes=tuple(sorted(changes, key=lambda change: change.at_ms)),
        outages=_outages(chance, 90_000) if chance.random() < faults.get("outage", 0) else (),
        scale=Scale(
            inline_targets=10,
            pause_after_failures=chance.choice((3, 10, 10)),
            pause_after_ms=20_000,
            drain_at_once=chance.choice((1, 3, 10)),
            record_only_after=4,
            max_receives=9,
            page=chance.choice((1, 3, 100)),
        ),
        faults=tuple(sorted(faults.items())),
        calm_ms=chance.choice((60_000, 120_000, 300_000)),
        skew_ms=chance.choice((0, 0, 500, 5_000)),
        crowd=chance.randint(1, 4),
        sweep_ms=chance.randrange(5_000, 60_000),
        steady=False,
        jobs=tuple(
            Job(
                number,
                chance.choice(hooks).number,
                chance.choice(("failed", "missing", "all")),
                chance.choice((1, 3, 10, 50)),
                chance.randrange(20_000, 60_000),
                chance.random() < 0.1,
                chance.choice((10, 2_000, 20_000)) if chance.random() < 0.15 else None,
            )
            for number in range(1, chance.choice((1, 1, 2, 3)) + 1)
        ),
        erasures=tuple(
            Erase(chance.randint(1, many), chance.randrange(20_000, 80_000)) for _ in range(chance.choice((0, 0, 1, 3)))
        ),
        deadly=chance.randint(1, many) if chance.random() < 0.3 else 0,
    )


def _slowed(seed: int, chance: random.Random) -> Scenario:
    """Many retries are due while each call of the tables takes so long that a function makes a dozen at most."""
    many = chance.randint(10, 30)
    from_ms = chance.randrange(20_000, 40_000)
    to_ms = from_ms + chance.choice((300_000, 2_400_000))
    return Scenario(
        seed=seed,
        style=SLOWED,
        hooks=tuple(
            Hook(number, chance.choice((DOWN, DOWN, HALF)), (60, 600), 25_000)
            for number in range(1, chance.randint(1, 2) + 1)
        ),
        arrivals=tuple(Arrival(number, 1_000 + number) for number in range(1, many + 1)),
        changes=(),
        outages=(),
        scale=Scale(
            inline_targets=10,
            pause_after_failures=chance.choice((10, 1_000)),
            pause_after_ms=20_000,
            drain_at_once=10,
            record_only_after=50,
            max_receives=100,
            page=100,
        ),
        faults=(),
        calm_ms=to_ms,
        skew_ms=chance.choice((0, 500)),
        crowd=chance.randint(1, 3),
        sweep_ms=chance.randrange(5_000, 60_000),
        steady=False,
        slowness=Slowness(from_ms, to_ms, chance.choice((1_200, 1_500, 1_900, 2_500))),
    )


def _long_replay(seed: int, chance: random.Random) -> Scenario:
    """One of which no run has the time for all, and with which nothing else interferes."""
    many = chance.randint(30, 60)
    return Scenario(
        seed=seed,
        style=LONG_REPLAY,
        hooks=(Hook(1, HEALTHY, (600,), None),),
        arrivals=tuple(Arrival(number, 100 * number) for number in range(1, many + 1)),
        changes=(Change(1, DISABLE, 0), Change(1, ENABLE, 20_000)),
        outages=(),
        scale=Scale(
            inline_targets=10,
            pause_after_failures=10,
            pause_after_ms=20_000,
            drain_at_once=10,
            record_only_after=4,
            max_receives=9,
            page=100,
        ),
        faults=(),
        calm_ms=60_000,
        skew_ms=0,
        crowd=2,
        sweep_ms=chance.randrange(5_000, 60_000),
        steady=False,
        jobs=(Job(1, 1, "missing", chance.choice((2, 3, 5, 7, 8)), 40_000),),
    )


def _times(chance: random.Random, style: str, long_ms: int, sweep_ms: int) -> list[int]:
    if style == "disabling":
        return sorted(chance.randrange(20_000, 22_000) for _ in range(chance.randint(3, 7)))
    if style == "crowded":
        bursts = [chance.randrange(long_ms) for _ in range(chance.randint(1, 3))]
        return sorted(at_ms for at_ms in bursts for _ in range(chance.randint(2, 6)))
    if style != "resuming":
        most = {"few": 4, "wide": 2, "pausing": 9, "draining": 14, "copies": 3}[style]
        return sorted(chance.randrange(long_ms) for _ in range(chance.randint(1, most)))
    # what pauses it, then a crowd about the moment when a probe may find its receiver well again
    early = [chance.randrange(4_000) for _ in range(chance.randint(2, 4))]
    looked_ms = sweep_ms + chance.choice((60_000, 120_000))
    return sorted([*early, *(looked_ms + chance.randrange(-2_000, 6_000) for _ in range(chance.randint(2, 8)))])


def _hooks(chance: random.Random, style: str) -> int:
    return {"few": chance.randint(1, 4), "wide": chance.randint(4, 15)}.get(style) or chance.randint(1, 3)


def _hook(chance: random.Random, number: int, style: str, long_ms: int) -> Hook:
    receivers = {
        "few": (HEALTHY, HEALTHY, SLOW, HALF, DOWN, HANGS, REFUSES, GONE, BUSY),
        "wide": (HEALTHY, HEALTHY, HEALTHY, HEALTHY, SLOW, HALF, DOWN),
        "crowded": (HEALTHY, HEALTHY, HEALTHY, HEALTHY, SLOW, HALF),
        "pausing": (DOWN, DOWN, HALF, HANGS, POISONED, REFUSES),
        "draining": (DOWN, DOWN, HEALTHY, BUSY),
        "resuming": (DOWN,),
        "disabling": (DOWN, REFUSES, GONE),
        "copies": (DOWN, HALF),
    }[style]
    receiver = chance.choice(receivers)
    schedule = tuple(chance.choice((1, 3, 5, 30)) for _ in range(chance.choice((1, 2, 3, 4))))
    if style in ("pausing", "draining") and chance.random() < 0.7:
        schedule = (chance.choice((120, 600)),)
    if style == "disabling":
        schedule = (120,)
    if style == "copies":
        schedule = (1, 1, 3)
    until_ms = chance.randrange(long_ms * 2) if receiver != REFUSES else None
    events = "* webhook.paused webhook.resumed webhook.disabled delivery.exhausted" if chance.random() < 0.3 else "*"
    return Hook(number, receiver, schedule, until_ms, events)


def _changes(
    chance: random.Random, hooks: tuple[Hook, ...], long_ms: int, style: str, sweep_ms: int
) -> tuple[Change, ...]:
    made: list[Change] = []
    for hook in hooks:
        if style == "disabling":
            # about the moment of its pause, or later
            at_ms = chance.choice((20_500 + chance.randrange(3_000), 30_000 + chance.randrange(110_000)))
            made.append(Change(hook.number, chance.choice((DISABLE, DISABLE, DELETE)), at_ms))
            continue
        if chance.random() < 0.7:
            continue
        kind = chance.choice((DISABLE, DISABLE, DELETE, MOVE, ENABLE))
        at_ms = chance.randrange(long_ms * 2)
        if style == "resuming" and chance.random() < 0.7:
            at_ms = sweep_ms + chance.choice((60_000, 120_000)) + chance.randrange(3_000)
        made.append(Change(hook.number, kind, at_ms))
        if kind == DISABLE and chance.random() < 0.8:
            made.append(Change(hook.number, ENABLE, at_ms + chance.choice((1, 1_000, 30_000, 120_000))))
    return tuple(sorted(made, key=lambda change: change.at_ms))


def _outages(chance: random.Random, long_ms: int) -> tuple[Outage, ...]:
    start = chance.randrange(long_ms)
    return (
        Outage(chance.choice(("data", "config", "queues")), start, start + chance.choice((3_000, 25_000, 100_000))),
    )
