"""From acceptance to the receiver, through the whole of `parley up`: idle, and at the most that it keeps up with."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.results import Result
from tests.load.counting import percentile, seconds_until_taken
from tests.load.runs import Site, site
from tests.load.sending import Sent, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.run import Bench

_BUDGET_MS = 250.0
_WARMING = 20
_IDLE_EVENTS = 80
_IDLE_PER_SECOND = 4.0
_RATES = (10, 20, 40, 80, 160)
_RATE_SECONDS = 6.0
# What keeping up means: everything is taken, nineteen of twenty within a second.
_SUSTAINED_P95_MS = 1000.0
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of the events that arrived."""

    sent: int
    milliseconds: list[float]

    @property
    def sustained(self) -> bool:
        """Whether it kept up."""
        return len(self.milliseconds) == self.sent and percentile(self.milliseconds, 95) <= _SUSTAINED_P95_MS


def measure(bench: Bench) -> Iterator[Result]:
    """One webhook, a MessageHub message of half a kilobyte."""
    with tempfile.TemporaryDirectory() as folder, site(Path(folder) / "run", seed=1) as running:
        running.subscribe("/fine")
        first = 1
        _times(running, first, _WARMING, _IDLE_PER_SECOND * 2)
        first += _WARMING
        idle = _times(running, first, _IDLE_EVENTS, _IDLE_PER_SECOND)
        first += _IDLE_EVENTS
        yield from _percentiles("idle", idle, f"{_IDLE_EVENTS} events at {_IDLE_PER_SECOND:g}/s", _BUDGET_MS)
        sustained, rate = idle, _IDLE_PER_SECOND
        for faster in _RATES:
            events = round(faster * _RATE_SECONDS)
            times = _times(running, first, events, faster)
            first += events
            if not times.sustained:
                break
            sustained, rate = times, faster
        yield Result("end_to_end.sustained.rate", rate, "events/s", f"of {_RATES}: all taken, p95 within a second")
        yield from _percentiles("sustained", sustained, f"at {rate:g} events/s", None)


def _percentiles(name: str, times: Times, what: str, p95_budget: float | None) -> Iterator[Result]:
    how = f"{what}, `parley up` on MiniStack, one webhook; from the platform's 200 to the call"
    for percent in (50, 95, 99):
        budget = p95_budget if percent == 95 else None
        yield Result(f"end_to_end.{name}.p{percent}", percentile(times.milliseconds, percent), "ms", how, budget)


def _times(running: Site, first: int, events: int, per_second: float) -> Times:
    """Send so many, and wait until they have arrived."""
    sent = Sent()
    asyncio.run(send(running.bundle.api_url, events=events, per_second=per_second, sent=sent, first=first))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        # it may arrive before the platform has its answer
        found = seconds_until_taken(running.calls(), sent.accepted, "/fine", accepted_after=0)
        taken = [max(0.0, each) for each in found]
        if len(taken) == events or time.monotonic() > deadline:
            return Times(events, sorted(each * 1000 for each in taken))
        time.sleep(0.2)
