"""The short form of `make stress`: workers killed at random, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.runs import killed


@pytest.mark.timeout(300)  # twenty seconds on a machine that does nothing else
def test_killed_workers_lose_nothing_and_repeat_only_what_they_held(tmp_path: Path) -> None:
    made = killed(tmp_path / "run", events=45, per_second=15, time_scale=40, kill_every_calls=20, seed=4)
    print(made)
    assert made.broken == []
