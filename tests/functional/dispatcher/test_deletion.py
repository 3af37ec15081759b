"""Deleting midway, by the code that deletes: all that is left ends cancelled, and nothing is posted any more."""

from __future__ import annotations

import pytest

from functions.dispatcher.routes import FRESH_SECONDS, SECRET_SECONDS
from parley.config_table import assistants, cascade, webhooks
from parley.data_table import jobs
from tests.functional.dispatcher import world as dispatch
from tests.functional.dispatcher.configured import World
from tests.functional.history.history import ACCOUNT, ASSISTANT, History
from tests.functional.memory import stack

HOOKS = tuple(dispatch.webhook(number, retry_schedule=(60, 60)) for number in (1, 2, 3))


@pytest.fixture
def history():
    with stack() as made:
        yield History(made)


@pytest.fixture
def world(history):
    """Two webhooks that fail, with an event that waits to be retried, and one that is well."""
    history.world(*HOOKS)
    made = World(history.stack, HOOKS, lambda number, attempt: 200 if number == 3 else 500)
    history.api = history.build(dispatch.Queues(made), "retries")
    made.accept(dispatch.event(1, received_ms=made.now_ms))
    made.run(1)
    assert len(made.waiting()) == 2
    return made


def delete_assistant(world: World) -> None:
    client, table = world.stack.dynamodb, world.stack.config_table
    present = assistants.load(client, table, ACCOUNT, ASSISTANT)
    assert present is not None
    assert cascade.remove_with_children(client, table, present, time_left=lambda: True)


def delete_webhook(world: World, number: int) -> None:
    client, table = world.stack.dynamodb, world.stack.config_table
    record = webhooks.find(client, table, ASSISTANT, HOOKS[number - 1].sid)
    assert record is not None
    webhooks.remove(client, table, record)


def test_with_its_assistant_everything_ends_cancelled_and_nothing_is_posted_after_the_caches_time(world):
    delete_assistant(world)
    world.run(FRESH_SECONDS)
    world.posts.clear()
    # ingest's own cache still takes such: it is kept, for nobody
    world.accept(dispatch.event(2, received_ms=world.now_ms))
    world.live(days=1)
    assert world.posts == []
    assert world.stored(dispatch.event(2).sid) is not None
    assert world.waiting() == []
    ended = {(item.webhook_sid, item.status, item.reason) for item in world.finished()}
    assert ended == {(hook.sid, "cancelled", "webhook_deleted") for hook in HOOKS[:2]}
    assert world.is_idle()


def test_an_environment_that_has_seen_the_webhook_a_moment_ago_cancels_what_it_wrote_too(world):
    delete_webhook(world, 1)
    world.posts.clear()
    world.accept(dispatch.event(2, received_ms=world.now_ms))  # within the cache's time
    world.run(1)
    world.run(300)
    assert {number for number, _ in world.posts} >= {2, 3}, "the others are served"
    assert {item.status for item in world.finished() if item.webhook_sid == HOOKS[0].sid} == {"cancelled"}
    assert not [item for item in world.waiting() if item.webhook_sid == HOOKS[0].sid]


def test_chunks_of_an_event_that_run_after_the_deletion_post_nothing_and_end(history):
    hooks = tuple(dispatch.webhook(number) for number in range(1, 13))
    history.world(*hooks)
    world = World(history.stack, hooks, lambda number, attempt: 200)
    world.accept(dispatch.event(1, received_ms=world.now_ms))
    world.deliver("events")  # the event is put, its two chunks are on their way
    delete_assistant(world)
    world.now_ms += round(FRESH_SECONDS * 1000)
    world.live(days=1)
    assert world.posts == []
    assert world.is_idle()


def test_a_replay_ends_with_its_webhook_whatever_it_was_doing(history, world):
    status, made = history.post(
        f"/v1/Assistants/{ASSISTANT}/Webhooks/{HOOKS[2].sid}/Replays", body={"Mode": "all", "Rate": 1}
    )
    assert status == 201
    delete_assistant(world)
    world.posts.clear()
    world.live(days=1)
    replay = jobs.load(world.stack.dynamodb, world.stack.data_table, HOOKS[2].sid, made["sid"])
    assert replay is not None
    assert (replay.status, replay.reason) == ("cancelled", "webhook_deleted")
    assert world.posts == []


def test_a_crash_at_any_side_effect_of_the_end_leaves_nothing_waiting(history):
    # before each: after one is before the next
    for crash_at in range(1, 40, 2):
        hook = dispatch.webhook(100 + crash_at, retry_schedule=(60,))
        history.world(hook)
        world = World(history.stack, (hook,), lambda number, attempt: 500)
        world.accept(dispatch.event(crash_at, received_ms=world.now_ms))
        world.run(1)
        record = webhooks.find(world.stack.dynamodb, world.stack.config_table, ASSISTANT, hook.sid)
        assert record is not None
        webhooks.remove(world.stack.dynamodb, world.stack.config_table, record)
        world.effects, world.crash_at = 0, crash_at
        world.live(days=1)
        mine = [item for item in (*world.waiting(), *world.finished()) if item.webhook_sid == hook.sid]
        assert [(item.status, item.reason) for item in mine] == [("cancelled", "webhook_deleted")], crash_at
        assert len(world.posts) == 1, crash_at
        if world.effects < crash_at:
            break
    assert crash_at > 5


def test_what_is_known_of_a_deleted_webhooks_secrets_signs_nothing_more(world):
    routes = world.ports.routes
    assert set(routes.secrets(HOOKS)) == {hook.sid for hook in HOOKS}
    delete_webhook(world, 1)
    world.now_ms += round(SECRET_SECONDS * 1000)
    assert set(routes.secrets(HOOKS)) == {hook.sid for hook in HOOKS[1:]}
