"""The short form of `make stress`: workers killed at random, nothing lost."""

from __future__ import annotations

from pathlib import Path

from tests.load.runs import killed


def test_killed_workers_lose_nothing_and_repeat_only_what_they_held(tmp_path: Path) -> None:
    made = killed(tmp_path / "run", events=60, per_second=20, time_scale=24, kill_every_calls=25, seed=4)
    assert made.broken == [], made
