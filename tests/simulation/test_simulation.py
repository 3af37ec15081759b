"""The real handlers in random schedules with faults: a short run here, a long one by `make simulate`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from functions.dispatcher import commit
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import Figures, played
from tests.simulation.scenario import FAULTS, draw
from tests.simulation.shrinking import shrunk
from tests.simulation.world import MET, play

SHORT = 1_000
CAUGHT_WITHIN = 3_000


@pytest.fixture(scope="module")
def figures() -> Figures:
    return played(range(SHORT))


def test_no_schedule_breaks_a_rule(figures):
    assert figures.failing == []
    assert figures.posts > SHORT
    assert figures.events > SHORT


def test_every_fault_happens(figures):
    scheduled = {"platform repeats", "outage"}  # these are part of the scenario itself
    assert set(figures.faults) == set(FAULTS) - scheduled
    assert set(figures.met) == set(MET)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_is_caught(name):
    mutation = MUTATIONS[name]
    about = (scenario for scenario in map(draw, range(CAUGHT_WITHIN)) if mutation.style in (None, scenario.style))
    with mutation.patched():
        assert any(play(scenario).violations for scenario in about)


def _trace(seed: int) -> list[str]:
    return play(draw(seed), traced=True).trace or []


def test_a_seed_replays_exactly():
    assert all(_trace(seed) == _trace(seed) for seed in range(0, 40, 4))
    assert _trace(1) != _trace(2)


def test_a_seed_replays_exactly_in_another_process():
    code = (
        "import hashlib; from tests.simulation.test_simulation import _trace;"
        "print(hashlib.sha256(repr([_trace(seed) for seed in range(20)]).encode()).hexdigest())"
    )

    def run(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return made.stdout

    assert run("1") == run("2") != ""


def test_a_failing_schedule_shrinks_and_fails_by_the_same_rule():
    with MUTATIONS["the event before its failures"].patched():
        failing = next(world for seed in range(100) if (world := play(draw(seed))).violations)
        small = shrunk(failing)
        again = play(small.scenario)
    assert small.violations[0].rule == failing.violations[0].rule == again.violations[0].rule
    before, after = failing.scenario, small.scenario
    assert len(after.hooks) + len(after.arrivals) < len(before.hooks) + len(before.arrivals)
    assert sum(small.faults.values()) <= sum(failing.faults.values())
    assert play(small.scenario).violations == [], "without the mistake it holds"
    assert commit.write.__module__ == commit.__name__


def test_the_page_names_every_fault_and_every_mistake():
    page = " ".join((Path(__file__).parents[2] / "docs" / "simulation.md").read_text().split())
    assert {name for name in (*FAULTS, *MET) if name not in page} == set()
    assert {name for name in MUTATIONS if f"| {name} |" not in page} == set()


def test_a_schedule_is_quick():
    began = time.process_time()
    played(range(50))
    assert time.process_time() - began < 5
