"""A receiver that fails half the time is never paused, whoever counts: a hundred runs of 600 attempts, one a second."""

from __future__ import annotations

import random
from typing import Any

import pytest

from functions.dispatcher import states
from functions.dispatcher.ports import Ports
from functions.dispatcher.vitals import Observation, Vitals
from parley.attempts import Outcome
from parley.data_table import health as health_items
from tests.functional.dispatcher.world import START_MS, webhook
from tests.simulation.table import Client, Table
from tests.simulation.world import DATA, SETTINGS

RUNS, ATTEMPTS = 100, 600
HOOK = webhook(1)


class _Config:
    """Takes the engine's switch."""

    status = "active"

    def set_status(self, target: object, status: str, *, reason: str | None) -> None:
        self.status = status


def _status_after(seed: int, *, fails: float, dispatchers: int, every_ms: int = 1_000) -> str:
    chance, now_ms, config = random.Random(seed), [START_MS], _Config()
    client: Any = Client({DATA: Table(lambda: now_ms[0], lag_ms=lambda: chance.randrange(900))})
    nothing: Any = None
    routes: Any = config
    environments = [
        Ports(
            settings=SETTINGS,
            dynamodb=client,
            sqs=Queue(),  # type: ignore[arg-type] # it takes what is announced
            poster=nothing,
            routes=routes,
            vitals=Vitals(client, DATA, lambda: now_ms[0]),
            now_ms=lambda: now_ms[0],
        )
        for _ in range(dispatchers)
    ]
    for number in range(ATTEMPTS):
        now_ms[0] += every_ms
        outcome = Outcome(now_ms[0], 5, status_code=500 if chance.random() < fails else 200)
        states.observe(chance.choice(environments), [Observation(HOOK, f"EV{number}", outcome)])
        if config.status != "active":
            break
    found = health_items.load(client, DATA, HOOK.sid)
    assert found is not None
    assert (found.state or "active") == config.status
    return config.status


class Queue:
    """Takes everything."""

    def send_message(self, **message: object) -> None:
        """An announcement."""


@pytest.mark.parametrize("dispatchers", [1, 3, 8])
def test_a_receiver_that_fails_half_the_time_is_never_paused(dispatchers):
    runs = range((1, 3, 8).index(dispatchers), RUNS, 3)
    assert {_status_after(seed, fails=0.5, dispatchers=dispatchers) for seed in runs} == {"active"}


@pytest.mark.parametrize("dispatchers", [1, 3, 8])
def test_one_that_always_fails_is(dispatchers):
    assert _status_after(1, fails=1, dispatchers=dispatchers) == "paused"
