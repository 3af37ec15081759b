"""The most memory that each function's process had, for its usual first event; the dispatcher's for a full batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.benchmarks.results import Result
from tests.benchmarks.starting import CLIENTS, starter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.run import Bench

_MEBIBYTE = 1024 * 1024
# JSON that deflates well: the largest payload that ingest takes.
_LARGEST = b'{"event":"message_created","content":"' + b"0123456789" * 400_000 + b'"}'


def measure(bench: Bench) -> Iterator[Result]:
    """By function."""
    with starter(bench.build, bench.folder, webhooks=10) as starting:
        for name in CLIENTS:
            event = starting.batch(10) if name == "dispatcher" else None
            peak = starting.function(name, event=event).peak_bytes
            how = "ten events to ten webhooks" if event else "its first event"
            yield Result(f"memory.{name}", peak / _MEBIBYTE, "MiB", f"peak of the process, {how}")
        largest = replace(starting, sample=replace(starting.sample, payload=_LARGEST))
        peak = largest.function("dispatcher", event=largest.batch(10)).peak_bytes
        yield Result("memory.dispatcher.largest", peak / _MEBIBYTE, "MiB", "ten events of 4 MB each to ten webhooks")
