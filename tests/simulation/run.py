"""`make simulate`: many schedules, or one of them again.

`python -m tests.simulation.run --schedules 100000` plays that many seeds on all processors and prints the figures;
`python -m tests.simulation.run --seed 17` plays one, makes it smaller if it fails, and prints what happened.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue

from tests.simulation.scenario import draw
from tests.simulation.shrinking import shrunk
from tests.simulation.world import play

CHUNK = 250
REPORT_SECONDS = 5
MOST_FAILURES = 10


@dataclass
class Figures:
    """What some schedules came to."""

    schedules: int = 0
    events: int = 0
    posts: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    failing: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Those of others too."""
        self.schedules += other.schedules
        self.events += other.events
        self.posts += other.posts
        self.calls += other.calls
        self.faults += other.faults
        self.met += other.met
        self.failing += other.failing


def played(seeds: range) -> Figures:
    """Play these seeds."""
    made = Figures()
    for seed in seeds:
        world = play(draw(seed))
        made.schedules += 1
        made.events += len(world.accepted)
        made.posts += len(world.posts)
        made.calls += world.calls
        made.faults += world.faults
        made.met += world.met
        made.failing += [(seed, f"{broken.rule}: {broken.detail}") for broken in world.violations[:1]]
    return made


def keep_to_one_processor(numbers: SimpleQueue[int]) -> None:
    """Threads that take turns lose half of their time where each turn wakes another processor."""
    if hasattr(os, "sched_setaffinity"):  # not everywhere
        available = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {available[numbers.get() % len(available)]})


def many(first: int, schedules: int, processes: int) -> Figures:
    """Play many seeds on several processors, and say every few seconds how far it is."""
    chunks = [range(start, min(start + CHUNK, first + schedules)) for start in range(first, first + schedules, CHUNK)]
    total, began, reported = Figures(), time.monotonic(), 0.0
    spawn = multiprocessing.get_context("spawn")
    numbers = spawn.SimpleQueue()
    for number in range(processes):
        numbers.put(number)
    with spawn.Pool(processes, initializer=keep_to_one_processor, initargs=(numbers,)) as pool:
        for made in pool.imap_unordered(played, chunks):
            total.add(made)
            seconds = time.monotonic() - began
            for seed, what in made.failing:
                print(f"seed {seed}: {what}\n  make simulate SEED={seed}", flush=True)
            if seconds - reported >= REPORT_SECONDS:
                reported = seconds
                print(f"{total.schedules:,} of {schedules:,}, {total.schedules / seconds:.0f} a second", flush=True)
            if len(total.failing) >= MOST_FAILURES:
                break
    seconds = time.monotonic() - began
    print(
        f"{total.schedules:,} schedules, seeds {first:,} to {first + total.schedules - 1:,}, {seconds:.0f} s,"
        f" {total.schedules / seconds:.0f} a second on {processes} processors\n"
        f"{total.events:,} events, {total.posts:,} posts, {total.calls:,} calls of tables and queues,"
        f" {total.faults.total():,} faults:"
    )
    print(", ".join(f"{name} {count:,}" for name, count in total.faults.most_common()))
    print("and met", ", ".join(f"{name} {count:,}" for name, count in total.met.most_common()))
    print(f"{len(total.failing)} violations")
    return total


def one(seed: int) -> bool:
    """Play one seed; whether it holds."""
    world = play(draw(seed))
    if world.violations:
        world = play(shrunk(world).scenario, traced=True)
        print(*(world.trace or ()), sep="\n")
        print(world.scenario)
    else:
        print(f"{draw(seed)}\n{len(world.posts)} posts, {dict(world.faults)}: every rule holds")
    for broken in world.violations:
        print(f"{broken.rule}: {broken.detail}")
    return not world.violations


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone, with its trace if it fails")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return 0 if one(arguments.seed) else 1
    return 1 if many(arguments.first, arguments.schedules, arguments.processes).failing else 0


if __name__ == "__main__":
    sys.exit(main())
