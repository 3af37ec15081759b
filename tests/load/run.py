"""`make stress`: the bundle killed and loaded for real on MiniStack, counted, and judged.

It takes about nine minutes on two processors. Times are of this machine, so the criterion for them is a ratio of
two runs, one after the other: nothing else should be at work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.load.counting import percentile
from tests.load.runs import HEALTHY, Killed, Loaded, killed, loaded

RATIO = 2.0


def tell_killed(made: Killed) -> list[str]:
    """Print what came of the kills; the criteria that do not hold."""
    kills = ", ".join(f"{name} {was} {number}" for (name, was), number in sorted(made.kills.items()))
    phases = ", ".join(f"{phase} {number}" for phase, number in made.in_phase.items())
    print(f"killed   {made.events:,} events × {made.webhooks} webhooks in {made.seconds:.0f} s")
    print(f"         {sum(made.kills.values())} kills: {kills}")
    print(f"         dispatchers at work: {phases}")
    print(f"         the platform had to send again {made.repeats} times")
    print(f"         lost {made.count.lost} of {made.count.owed:,}")
    print(f"         duplicates {made.count.duplicates} of at most {made.allowed_duplicates:,}")
    print(f"         under two webhook-ids {made.count.differing}, webhook-ids of two deliveries {made.count.shared}")
    return made.broken


def tell_loaded(alone: Loaded, beside: Loaded) -> list[str]:
    """Print both runs under load; the criteria that do not hold."""
    print("\nload                 events     lost   p50 ms   p95 ms   p99 ms   p95 ms, all   accepted/s")
    for name, made in (("the healthy alone", alone), ("beside the bad", beside)):
        lost = sum(made.counts[path].lost for path in HEALTHY)
        times = "".join(f"{percentile(list(made.seconds), each) * 1000:9.0f}" for each in (50, 95, 99))
        print(
            f"{name:18} {made.events:8,} {lost:8}{times}{percentile(list(made.all_seconds), 95) * 1000:14.0f}"
            f"{made.accepted_per_second:13.1f}"
        )
    for path, count in beside.counts.items():
        print(f"         {path}: lost {count.lost} of {count.owed:,}, duplicates {count.duplicates}")
    print(f"         at the end: {', '.join(f'{name} {status}' for name, status in beside.statuses.items())}")
    ratio = percentile(list(beside.seconds), 95) / percentile(list(alone.seconds), 95)
    print(f"         p95 of the healthy from 15 s on: {ratio:.2f} ×")
    criteria = {
        "the healthy get everything": not any(made.counts[path].lost for made in (alone, beside) for path in HEALTHY),
        "the one that fails half the time gets everything": beside.counts["/half"].lost == 0,
        f"p95 within {RATIO:g} ×": ratio <= RATIO,
    }
    return [name for name, holds in criteria.items() if not holds]


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make stress", description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--per-second", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("killed", "loaded"))
    parser.add_argument("--folder", type=Path, help="keeps the logs there")
    given = parser.parse_args()
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        if given.only != "loaded":
            broken += tell_killed(
                killed(
                    folder / "killed",
                    events=given.events // 2,
                    per_second=2 * given.per_second,
                    time_scale=12,
                    kill_every_calls=60,
                    seed=given.seed,
                )
            )
        if given.only != "killed":
            alone, beside = (
                loaded(folder / name, events=given.events, per_second=given.per_second, bad=bad, seed=given.seed)
                for name, bad in (("alone", False), ("beside", True))
            )
            broken += tell_loaded(alone, beside)
    for criterion in broken:
        print(f"NOT TRUE: {criterion}")
    if not broken:
        print("every criterion holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
