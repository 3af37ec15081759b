"""SIGKILL for workers of a running `parley up`, at random: whom, and after how much more work, is drawn from a seed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.e2e.processes import descendants, environment, parent, state

if TYPE_CHECKING:
    from tests.e2e.bundle import Bundle

DISPATCHER = "DispatcherFunction"
FUNCTIONS = (DISPATCHER, "IngestFunction", "SweeperFunction")
POLL_SECONDS = 0.02


@dataclass
class Killer:
    """Kills again and again until it is stopped.

    By progress, not by time: a worker takes its time to start, and where many are killed while they start nothing else
    is tested.

    Attributes:
        calls: How many calls the receivers have got.
        every_calls: Between two kills, on average.
        patience_seconds: Where nothing comes, it kills after so long.
        kills: By function and what its process was: `at work`, or `frozen` between two events.
        in_phase: By phase, those of dispatchers at work.
        phase: What the run is at.
    """

    bundle: Bundle
    calls: Callable[[], int]
    seed: int
    every_calls: int
    patience_seconds: float = 2.5
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    in_phase: Counter[str] = field(default_factory=Counter)
    phase: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="killer")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self.seed)
        while True:
            at = self.calls() + chance.randint(1, 2 * self.every_calls)
            deadline = time.monotonic() + self.patience_seconds
            while self.calls() < at and time.monotonic() < deadline:
                if self._stop.wait(POLL_SECONDS):
                    return
            self._kill_one(chance)

    def _kill_one(self, chance: random.Random) -> None:
        """One that is at work, if any is; of a mapping or route drawn first, so that the small ones get their share."""
        pools: dict[tuple[str, int], list[int]] = {}
        for pid in sorted(descendants(self.bundle.process.pid)):
            function = environment(pid).get("AWS_LAMBDA_FUNCTION_NAME")
            if function in FUNCTIONS:
                pools.setdefault((function, parent(pid)), []).append(pid)
        at_work = {key: busy for key, pids in pools.items() if (busy := [pid for pid in pids if state(pid) != "T"])}
        if not (among := at_work or pools):
            return
        pool = chance.choice(sorted(among))
        pid = chance.choice(among[pool])
        was = "frozen" if state(pid) == "T" else "at work"
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[pool[0], was] += 1
            if (pool[0], was) == (DISPATCHER, "at work"):
                self.in_phase[self.phase] += 1
