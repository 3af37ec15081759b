"""What dispatcher and sweeper call is what their roles allow, each on its tables and partitions (invariant 8)."""

from __future__ import annotations

import pytest

from parley.config_table import webhooks
from tests.functional.dispatcher import world as dispatch
from tests.functional.dispatcher.configured import World
from tests.functional.history.history import History
from tests.functional.permissions import Call, check, recorded
from tests.functional.stack import stack


@pytest.fixture(scope="module")
def calls() -> set[Call]:
    """Eleven webhooks, of which one is down for a while and one is gone; retries, two events at once, a replay, a
    deletion; messages of a retry and of a replay that are lost.
    """
    with stack() as made, recorded() as calls:
        history = History(made)
        hooks = [dispatch.webhook(number, retry_schedule=(1, 1)) for number in range(1, 12)]
        history.world(*hooks)
        down = True

        def answer(number: int, _attempt: int) -> int:
            return {2: 410, 3: 500 if down else 200}.get(number, 200)

        world = World(made, tuple(hooks), answer)
        history.api = history.build(dispatch.Queues(world), "retries")
        world.accept(dispatch.event(17, received_ms=world.now_ms))
        while world.deliver("events"):
            pass
        world.messages.clear()
        world.run(200)
        for number in range(1, 15):
            world.accept(dispatch.event(number, received_ms=world.now_ms))
            world.run(10)
        world.run(120)
        down = False
        world.run(600)
        world.accept(*(dispatch.event(number, received_ms=world.now_ms) for number in (15, 16)))
        world.run(10)
        history.post(f"{history_path(1)}/Replays", body={"Mode": "all"})
        world.deliver("retries")
        world.messages.clear()
        world.run(200)
        record = webhooks.find(made.dynamodb, made.config_table, dispatch.ASSISTANT, hooks[2].sid)
        assert record is not None
        webhooks.remove(made.dynamodb, made.config_table, record)
        world.run(200)
    return calls


def history_path(number: int) -> str:
    return f"/v1/Assistants/{dispatch.ASSISTANT}/Webhooks/{dispatch.webhook(number).sid}"


@pytest.mark.parametrize("function", ["DispatcherFunction", "SweeperFunction"])
def test_every_call_is_allowed_and_everything_that_is_allowed_is_needed(calls: set[Call], function: str) -> None:
    check(function, calls)
