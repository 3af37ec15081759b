"""How large the layer is, unzipped, and whose each part is."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

from tests.benchmarks.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.run import Bench

_MEGABYTE = 1_000_000
_BUDGET_MB = 45.0


def measure(bench: Bench) -> Iterator[Result]:
    """In all and by package; what no package says is its own is ours."""
    python = bench.build / "ParleyLayer" / "python"
    owners = {
        row[0].split("/")[0]: _package(record)
        for record in python.glob("*.dist-info/RECORD")
        for row in csv.reader(record.read_text(encoding="utf-8").splitlines())
        if not row[0].startswith("..")
    }
    sizes: Counter[str] = Counter()
    for file in python.rglob("*"):
        if file.is_file():
            sizes[owners.get(file.relative_to(python).parts[0], "parley")] += file.stat().st_size
    bytecode = sum(file.stat().st_size for file in python.rglob("*.pyc"))
    how = f"unzipped, {bytecode / _MEGABYTE:.1f} MB of it bytecode, without boto3"
    yield Result("layer.size", sum(sizes.values()) / _MEGABYTE, "MB", how, _BUDGET_MB, counted=True)
    for package, size in sizes.most_common():
        yield Result(f"layer.size.{package}", size / _MEGABYTE, "MB", "its files and their bytecode", counted=True)


def _package(record: Path) -> str:
    return record.parent.name.partition("-")[0].lower()
