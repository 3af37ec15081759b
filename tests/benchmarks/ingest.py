"""How long ingest's own code takes for an event, warm: the whole handler and the SDK, up to the request's first byte.

The floor is what nobody can leave out: parsing the body, and one HMAC over it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import payloads, warm_ingest
from tests.benchmarks.bundle import bundle
from tests.benchmarks.environment import interpreter, version
from tests.benchmarks.results import Result, spread
from tests.benchmarks.starting import code_of
from tests.load.counting import percentile
from tests.load.engine import ministack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.run import Bench

ROUNDS = 8
CALLS = 500
_BUDGET_MS = 1.0


def measure(bench: Bench) -> Iterator[Result]:
    """By platform."""
    own = _measured(bench)
    for platform, rounds in own.items():
        samples, floors = ([each for times in kind for each in times] for kind in zip(*rounds, strict=True))
        how = f"{len(samples)} calls, {spread(samples, 3)}; Python {version()}, the SDK included, its socket not"
        name = f"ingest.warm.{platform}"
        yield Result(f"{name}.p50", median(samples), "ms", how)
        # what else the machine does comes in bursts and only adds: it is in most rounds, and not in the quietest
        quietest = min(percentile(sorted(times), 99) for times, _ in rounds)
        how = f"of {ROUNDS} rounds of {CALLS} calls the quietest; Python {version()}, the SDK included, its socket not"
        yield Result(f"{name}.p99", quietest, "ms", how, _BUDGET_MS)
        ratio = median(samples) / median(floors)
        yield Result(f"{name}.ratio", ratio, "×", f"p50 to parsing and one HMAC, {median(floors):.4f} ms, alternating")
    middle = median(median(samples) for samples, _ in own["messagehub"])
    yield Result("ingest.own_seconds", middle / 1000, "s", "what costs are reckoned with")


def _measured(bench: Bench) -> dict[str, list[tuple[list[float], list[float]]]]:
    """Milliseconds of the handler and of the floor, by platform and round."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ministack(Path(scratch)) as endpoint,
        bundle(endpoint, metered=False) as found,
    ):
        calls, times = Path(scratch) / "calls.json", Path(scratch) / "times.json"
        number = warm_ingest.WARMING + CALLS
        calls.write_text(
            json.dumps([{name: [payloads.call(name) for _ in range(number)] for name in payloads.TYPICAL}] * ROUNDS)
        )
        function = found.deployment.template.functions["IngestFunction"]
        code = code_of(bench.build, bench.folder, function)
        subprocess.run(
            # -P: this folder's modules are not the function's
            [interpreter(), "-P", warm_ingest.__file__, str(calls), str(times)],
            env={
                **found.deployment.worker_environment(function),
                **code.environment,
                "PYTHONPATH": os.pathsep.join(map(str, (code.task, *code.path))),
            },
            cwd=code.task,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        measured = json.loads(times.read_text())
        return {name: [each[name] for each in measured] for name in payloads.TYPICAL}
