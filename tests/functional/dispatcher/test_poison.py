"""An event that kills every dispatcher that attempts it: what it costs itself, and what it costs the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.dispatcher import batch, next_attempts
from parley.attempts import RESEND
from parley.attributes import to_item
from parley.data_table import undelivered
from parley.messages import encode
from tests.functional.dispatcher.test_pausing import OPERATOR, arrive, paused_world, told
from tests.functional.dispatcher.world import Crash, World, event, webhook
from tests.functional.memory import stack as new_stack

MOST_DEATHS = 12  # of the policy's eight, a few more that happen in company


@pytest.fixture
def stack():
    with new_stack() as made:
        yield made


def poisoned(world: World, number: int) -> list[int]:
    """From now on whoever posts this event dies, before the answers are there; the times of the deaths."""
    deaths: list[int] = []
    post_all = world.post_all

    def deadly(callbacks):
        outcomes = post_all(callbacks)
        if any(each.body.endswith(b'"id":%d}' % number) for each in callbacks):
            deaths.append(world.now_ms)
            raise Crash
        return outcomes

    world.post_all = deadly  # type: ignore[method-assign] # the world is this test's
    return deaths


def ends(world: World) -> dict[str, tuple[str, str | None]]:
    return {item.event_sid: (item.status, item.reason) for item in world.finished()}


def test_a_retry_that_kills_is_given_up_and_told_and_the_others_are_delivered(stack):
    hook = webhook(1, retry_schedule=(5,) * 3)
    world = World(stack, [hook, OPERATOR], lambda number, attempt: 500 if number == 1 and attempt == 1 else 200)
    world.accept(event(1), event(2), event(3))
    world.deliver("events")
    deaths = poisoned(world, 2)
    world.run(3 * 3600)
    assert 3 <= len(deaths) <= MOST_DEATHS
    assert ends(world) == {
        event(1).sid: ("delivered", None),
        event(2).sid: ("exhausted", "dispatcher_error"),
        event(3).sid: ("delivered", None),
    }
    assert [name for name, _ in told(world)] == ["delivery.exhausted"]
    # twice in its company; from then on whatever died with somebody is attempted alone
    assert max(world.delivered_to(1, event(number).sid) for number in (1, 3)) <= 2 + 2
    assert world.is_idle()


def test_a_backlog_is_drained_past_an_event_that_kills(stack):
    world, receiver = paused_world(stack)
    receiver.down = False
    deaths = poisoned(world, 4)
    world.run(3 * 3600)
    assert 3 <= len(deaths) <= MOST_DEATHS
    found = ends(world)
    assert found.pop(event(4).sid) == ("exhausted", "dispatcher_error")
    assert set(found.values()) == {("delivered", None)}
    assert len(found) == 11
    assert world.is_idle()


def test_an_outage_while_an_item_is_claimed_gives_nothing_up(stack):
    world = World(stack, [webhook(1)], lambda number, attempt: 500 if attempt == 1 else 200)
    world.accept(event(1))
    world.deliver("events")
    strongly = world.ports.routes.strongly

    def unavailable(assistant_sid: str, webhook_sid: str) -> None:
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""}}, "GetItem")

    world.ports.routes.strongly = unavailable  # type: ignore[method-assign]
    world.run(2 * 3600)
    world.ports.routes.strongly = strongly  # type: ignore[method-assign]
    world.run(600)
    assert ends(world) == {event(1).sid: ("delivered", None)}


def test_of_several_suspects_of_a_batch_one_is_attempted_and_the_others_messages_come_again(stack):
    """A parked item that somebody tries by hand has no due time: its message is all that there is of it."""
    hook = webhook(1)
    world = World(stack, [hook], lambda number, attempt: 500 if attempt == 1 else 200)
    world.accept(event(1), event(2))
    world.deliver("events")
    world.messages.clear()
    world.configuration.change(replace(hook, status="paused"))
    for item in world.waiting():
        parked = replace(item, status="waiting", reason="paused", next_attempt_ms=None, due_ms=None)
        values = undelivered.to_values(parked) | {"cl": 2}  # two died of it
        stack.dynamodb.put_item(TableName=stack.data_table, Item=to_item(values))
        resend = replace(next_attempts.message(parked), trigger=RESEND)
        world.enqueue("retries", encode(resend), 0)
    world.deliver("retries")
    assert len(world.posts) == 2 + 1
    assert len(world.messages) == 1
    world.now_ms += 120_000
    world.deliver("retries")
    assert set(ends(world).values()) == {("delivered", None)}
    assert len(ends(world)) == 2
    assert world.messages == []


def test_a_table_that_is_slow_gives_nothing_up(stack):
    """Each call of it takes seconds, none fails, and a function that outlasts its time limit is ended."""
    world = World(stack, [webhook(1)], lambda number, attempt: 500 if attempt == 1 else 200)
    world.accept(*map(event, range(1, 11)))
    world.deliver("events")
    faulty = world.faulty
    killed_ms = 0
    deaths = 0

    class Slow:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            nonlocal deaths
            world.now_ms += 1_500
            if world.now_ms >= killed_ms:
                deaths += 1
                raise Crash
            return getattr(self._client, name)

    world.faulty = lambda client: Slow(faulty(client))  # type: ignore[method-assign] # the world is this test's
    world.restart()
    for _ in range(12):
        world.now_ms += 120_000
        killed_ms = world.now_ms + 15_000 + 3_000  # the handler's deadline, and what it keeps back
        assert world.deliver("retries")
    world.faulty = faulty  # type: ignore[method-assign]
    world.restart()
    world.live()
    assert set(ends(world).values()) == {("delivered", None)}
    assert len(ends(world)) == 10
    assert deaths == 0


def test_a_suspicious_message_is_not_kept_waiting_by_those_that_come_behind_it(stack):
    world = World(stack, [webhook(1)])
    world.accept(event(1))
    world.messages[0].receives = batch.SUSPECT_AFTER_RECEIVES - 1
    for number in range(2, 5):
        world.accept(event(number))
        world.deliver("events")
        world.now_ms += 120_000
    assert world.delivered_to(1, event(1).sid) == 1


def test_a_suspicious_message_that_kills_costs_the_others_of_its_batch_no_second_post(stack):
    world = World(stack, [webhook(1)])
    world.accept(event(1), event(2))
    world.messages[0].receives = batch.SUSPECT_AFTER_RECEIVES - 1
    deaths = poisoned(world, 1)
    world.deliver("events")
    assert len(deaths) == 1
    world.run(130)
    assert world.delivered_to(1, event(2).sid) == 1
    assert world.stored(event(2).sid) is not None


def test_what_is_looked_after_every_minute_never_forgets_its_webhook(stack):
    """A webhook may be out of service for longer than a health item is kept after its last change."""
    world = World(stack, [webhook(1, retry_schedule=(3600,))], lambda number, attempt: 500)
    arrive(world, 1, 12)
    hook = world.configuration.hooks[webhook(1).sid]
    off = replace(hook, status="disabled", status_reason="by_user", status_since_ms=world.now_ms, version=9)
    world.configuration.change(off)
    world.run(600)
    [before] = world.items_under("H#")
    world.run(86_400)
    [after] = world.items_under("H#")
    assert after["hs"] == "disabled"
    assert after["expires_at"] - before["expires_at"] >= 86_300
