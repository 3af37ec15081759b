"""`make bench`: measures, prints a table, writes `.bench/results.json`; the short form compares what is counted.

python -m tests.benchmarks.run                    everything, and the figures of docs/performance.md
python -m tests.benchmarks.run --short            what is counted; fails when a figure grew
python -m tests.benchmarks.run --only dispatch    one concern
python -m tests.benchmarks.run --imports          what each function's cold start imports, and how long it takes
python -m tests.benchmarks.run --baseline         writes the counted figures as the new baseline
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import cold_start, environment, results
from tests.benchmarks.units import OwnTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.results import Result

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".bench"
BASELINE = Path(__file__).with_name("baseline.json")
# Costs stand on what the timed ones found; those that want a quiet machine come first.
CONCERNS = ("ingest", "dispatch", "cold_start", "memory", "end_to_end", "units", "layer", "growth")
SHORT = ("units", "layer")
PAGE = ROOT / "docs" / "performance.md"
_MARKS = ("<!-- figures: made by make bench -->", "<!-- end of figures -->")
_TOLERANCE = 1.005  # log lines hold numbers of changing length


@dataclass
class Bench:
    """One run.

    Attributes:
        folder: Where what was built and written lies.
        build: What `sam build` made for this machine.
        found: What has been measured so far.
    """

    folder: Path = FOLDER
    build: Path = FOLDER / "build"
    found: dict[str, Result] = field(default_factory=dict)

    def own_time(self) -> OwnTime:
        """As measured in this run, else as in the baseline: costs must not depend on CI's machine."""
        shares = (f"dispatch.own_seconds.{share}" for share in ("batch", "event", "delivery"))
        names = ("ingest.own_seconds", *shares)
        if all(name in self.found for name in names):
            return OwnTime(*(self.found[name].value for name in names))
        return OwnTime(*(baseline()[name] for name in names))


def baseline() -> dict[str, float]:
    """The committed figures."""
    figures: dict[str, float] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return figures


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=CONCERNS, action="append")
    parser.add_argument("--imports", action="store_true")
    parser.add_argument("--baseline", action="store_true")
    arguments = parser.parse_args()
    bench = Bench()
    bench.folder.mkdir(exist_ok=True)
    if arguments.imports:
        cold_start.imports(bench)
        return 0
    concerns = arguments.only or (SHORT if arguments.short else CONCERNS)
    for concern in concerns:
        started = time.monotonic()
        print(f"parley: measuring {concern}", file=sys.stderr, end="", flush=True)
        measure: Callable[[Bench], Iterator[Result]] = import_module(f"tests.benchmarks.{concern}").measure
        bench.found |= {result.name: result for result in measure(bench)}
        print(f", {time.monotonic() - started:.0f} s", file=sys.stderr)
    found = list(bench.found.values())
    results.write(bench.folder / ("short.json" if arguments.short else "results.json"), found)
    print(results.table(found))
    if arguments.baseline:
        _write_baseline(found)
    if set(concerns) == set(CONCERNS):
        _write_page(found)
    return _grown(found) if arguments.short else 0


def _grown(found: list[Result]) -> int:
    """Say which counted figure is larger than the committed one; 1 when one is."""
    known = baseline()
    grown = [result for result in found if result.counted and result.value > known.get(result.name, 0) * _TOLERANCE]
    for result in grown:
        was = known.get(result.name)
        print(f"GREW: {result.name}: {result.value:g} {result.unit}, was {'not there' if was is None else f'{was:g}'}")
    if grown:
        print("If it must: make bench BASELINE=1, and say why in docs/performance.md.")
    return 1 if grown else 0


def _write_baseline(found: list[Result]) -> None:
    """What was counted, and the times that costs are reckoned with; figures that were not measured now stay."""
    now = {result.name: round(result.value, 9) for result in found if result.counted or ".own_seconds" in result.name}
    figures = {**(baseline() if BASELINE.exists() else {}), **now}
    BASELINE.write_text(json.dumps(dict(sorted(figures.items())), indent=1) + "\n", encoding="utf-8")


def _write_page(found: list[Result]) -> None:
    """Put a whole run's figures into docs/performance.md, between its two marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(_MARKS[0])
    _, after = rest.split(_MARKS[1])
    made = f"{_machine()}\n\n{results.markdown(results.to_json(found))}"
    PAGE.write_text(f"{before}{_MARKS[0]}\n\n{made}\n{_MARKS[1]}{after}", encoding="utf-8")


def _machine() -> str:
    """Where and when."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {cpu}, Python {platform.python_version()} "
        f"(cold starts and memory: {environment.version()}), load {load:.1f} at the end."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    sys.exit(main())
