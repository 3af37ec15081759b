"""How long a function's first answer takes from nothing, to a bare handler with the SDK and the same clients.

Compared is CPU time: a small Lambda has little of it, and what others do on this machine is not in it. The times on the
clock stand beside it.
"""

from __future__ import annotations

import re
import sys
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.environment import Start, interpreter, is_lambdas
from tests.benchmarks.results import Result, spread
from tests.benchmarks.starting import CLIENTS, Starter, starter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.run import Bench

ROUNDS = 11
_BUDGETS = {"authorizer": 0.6, "ingest": 1.2, "webhooks": 1.5, "history": 1.5, "dispatcher": 1.7, "sweeper": 1.7}
_SHOWN_MS = 2.0
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")


def measure(bench: Bench) -> Iterator[Result]:
    """By function; subject and floor by turns."""
    what = "the built artifact" if is_lambdas() else f"NO python3.13 HERE: the sources under {interpreter()}"
    with starter(bench.build, bench.folder, webhooks=1) as starting:
        for name, budget in _BUDGETS.items():
            own, floors = _alternate(starting, name)
            ratios = [mine.cpu_seconds / bare.cpu_seconds for mine, bare in zip(own, floors, strict=True)]
            cpu, bare_cpu = (median(start.cpu_seconds for start in starts) * 1000 for starts in (own, floors))
            clock, bare_clock = (median(start.seconds for start in starts) * 1000 for starts in (own, floors))
            how = (
                f"{cpu:.0f} ms of CPU to {bare_cpu:.0f} of boto3 with {' and '.join(CLIENTS[name])}, {spread(ratios)}; "
                f"on the clock {clock:.0f} to {bare_clock:.0f}; {what}, awslambdaric, first invocation included"
            )
            yield Result(f"cold_start.{name}", median(ratios), "×", how, budget)
            if name == "ingest":
                yield _first_call(own, floors)


def _first_call(own: list[Start], floors: list[Start]) -> Result:
    """What SnapStart and provisioned concurrency leave of a cold start, by the same floor."""
    ratios = [mine.first_cpu_seconds / bare.cpu_seconds for mine, bare in zip(own, floors, strict=True)]
    first, whole = (
        median(times) * 1000 for times in ([s.first_cpu_seconds for s in own], [s.cpu_seconds for s in own])
    )
    how = f"{first:.0f} of {whole:.0f} ms of CPU are the first call's, {spread(ratios)}; the rest is done ahead"
    return Result("cold_start.ingest.ready", median(ratios), "×", how)


def _alternate(starting: Starter, name: str) -> tuple[list[Start], list[Start]]:
    own: list[Start] = []
    floors: list[Start] = []
    for number in range(1 + ROUNDS):
        subject, floor = starting.function(name), starting.floor(name)
        if number:  # the first one reads the files from the disk
            own.append(subject)
            floors.append(floor)
    return own, floors


def imports(bench: Bench) -> None:
    """Print, by function, every import that takes long, its own imports included."""
    with starter(bench.build, bench.folder, webhooks=1) as starting:
        for name in _BUDGETS:
            log = starting.function(name, "-X", "importtime").log
            print(f"\n{name}: milliseconds, with what is imported in turn")
            for _, total, indent, module in _IMPORT.findall(log):
                if int(total) / 1000 >= _SHOWN_MS:
                    print(f"{int(total) / 1000:8.1f} {indent}{module}")
    sys.stdout.flush()
