"""Erasing events: nothing of them stays but that there was one, whatever is under way; and nothing comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley.config_table import webhooks
from parley.data_table import events, undelivered
from parley.messages import CommitMessage, RetryMessage, encode
from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, deliveries, in_conversation

SECRET = "いつもの件です"
EVENT = dispatch.event(1, payload=f'{{"event":"message_created","content":"{SECRET}"}}'.encode())
PATH = f"{EVENTS}/{EVENT.sid}"


def run(world, seconds: float = 0) -> None:
    world.now_ms += round(seconds * 1000)
    while world.deliver("events") or world.deliver("retries"):
        pass


def kept(history) -> list[dict[str, Any]]:
    return [item for item in history.items() if not item["pk"]["S"].startswith("H#")]


def assert_only_a_tombstone(history, chunks: int = 0) -> None:
    found = kept(history)
    assert sorted(item["sk"]["S"] for item in found) == [
        EVENT.sid,
        *(f"{EVENT.sid}#{index}" for index in range(chunks)),
    ]
    for item in found:
        assert set(item) <= {"pk", "sk", "gone", "rid", "expires_at"}


def test_an_event_is_gone_with_its_deliveries(history):
    hooks = [dispatch.webhook(number) for number in (1, 2, 3)]
    world = history.world(
        *hooks, answer=lambda number, attempt: {1: 200, 2: 500, 3: 500 if attempt == 1 else 200}[number]
    )
    world.accept(EVENT)
    run(world)
    run(world, 6)
    before = world.stored(EVENT.sid)
    assert history.delete(PATH) == (204, None)
    assert_only_a_tombstone(history)
    [tombstone] = kept(history)
    assert int(tombstone["expires_at"]["N"]) == before.expires_at, "as long as a repeat must be recognised"
    assert history.get(PATH)[0] == 404
    assert history.delete(PATH)[0] == 404
    assert history.rows(EVENTS) == []
    for number in (1, 2, 3):
        assert history.rows(deliveries(number)) == []
        path = deliveries(number, delivery_sid(EVENT.sid, dispatch.webhook(number).sid))
        assert history.get(path)[0] == history.post(path)[0] == 404
    # what waited is cancelled: its message finds nothing, nor does the sweeper
    posts = len(world.posts)
    run(world, 4000)
    world.sweep()
    run(world)
    assert len(world.posts) == posts


def test_a_platforms_repeat_and_a_redelivered_message_are_recognised(history):
    world = history.world(dispatch.webhook(1))
    world.accept(EVENT)
    run(world)
    history.delete(PATH)
    world.accept(EVENT, replace(EVENT, rid="another", received_ms=EVENT.received_ms + 5000))
    run(world)
    assert len(world.posts) == 1
    assert_only_a_tombstone(history)


def test_chunks_that_are_under_way_are_acknowledged_and_bring_nothing_back(history):
    hooks = [dispatch.webhook(number) for number in range(1, 24)]
    world = history.world(*hooks, answer=lambda number, attempt: 500)
    world.accept(EVENT)
    world.deliver("events")  # cut into chunks
    world.deliver("events", most=1)  # one of them has run
    posts = len(world.posts)
    assert 0 < posts < 23
    assert history.delete(PATH)[0] == 204
    run(world)
    run(world, 4000)
    world.sweep()
    run(world)
    assert len(world.posts) == posts
    assert not world.messages
    assert_only_a_tombstone(history, chunks=3)


def test_a_chunk_that_comes_between_two_steps_of_the_erasure_is_acknowledged(history, monkeypatch):
    hooks = [dispatch.webhook(number) for number in range(1, 24)]
    world = history.world(*hooks)
    world.accept(EVENT)
    world.deliver("events")
    put = history.stack.dynamodb.put_item

    class Dying:
        def __getattr__(self, name):
            return getattr(history.stack.dynamodb, name)

        def put_item(self, **request):
            answer = put(**request)
            run(world)
            return answer

    history.api = history.build(None, "", Dying())
    assert history.delete(PATH)[0] == 204
    assert world.posts == []
    assert not world.messages
    assert_only_a_tombstone(history, chunks=3)


def test_a_commit_that_is_under_way_brings_nothing_back(history):
    """A second copy of the message was posted beside the first, and its commit had to travel by queue."""
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    world.accept(EVENT)
    run(world)
    [item] = world.waiting()
    assert history.delete(PATH)[0] == 204
    late = CommitMessage(EVENT, None, b"", (undelivered.to_values(item),))
    world.enqueue("retries", encode(late), 0)
    world.deliver("retries")
    assert len(world.waiting()) == 1
    world.now_ms = item.due_ms + 1
    world.sweep()
    run(world)
    assert len(world.posts) == 1
    assert_only_a_tombstone(history)


def test_an_attempt_that_is_under_way_brings_nothing_back(history):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500 if attempt == 1 else 200)
    world.accept(EVENT)
    run(world)
    world.now_ms += 10_000
    answer = world.answer

    def erased_meanwhile(number, attempt):
        assert history.delete(PATH)[0] == 204
        return answer(number, attempt)

    world.answer = erased_meanwhile
    world.deliver("retries")
    assert len(world.posts) == 2
    assert_only_a_tombstone(history)


def test_a_delivery_that_ends_during_the_erasure_brings_nothing_back(history):
    """It was saved as ended; the erasure ran before it was moved to where finished ones are kept."""
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    world.accept(EVENT)
    run(world)
    [item] = world.waiting()
    ended = replace(item, attempts=2, status="delivered", next_attempt_ms=None, due_ms=None)
    assert undelivered.save(history.stack.dynamodb, history.stack.data_table, item, ended)
    assert history.delete(PATH)[0] == 204
    undelivered.move_to_finished(history.stack.dynamodb, history.stack.data_table, ended)
    assert_only_a_tombstone(history)


def test_deliveries_of_a_webhook_that_was_not_there_at_first_are_found(history):
    """As a replay of missing ones makes them: they stand in no result of the event."""
    history.world(dispatch.webhook(1))
    history.put(EVENT)
    item = undelivered.Undelivered(
        webhook_sid=dispatch.webhook(1).sid,
        event_sid=EVENT.sid,
        assistant_sid=EVENT.assistant_sid,
        account_sid=EVENT.account_sid,
        received_ms=EVENT.received_ms,
        attempts=0,
        status="waiting",
        reason=None,
        next_attempt_ms=None,
        due_ms=None,
        last_status_code=None,
        log=(),
        expires_at=1,
    )
    undelivered.put_new(history.stack.dynamodb, history.stack.data_table, undelivered.to_values(item))
    assert history.delete(PATH)[0] == 204
    assert_only_a_tombstone(history)


def test_deliveries_of_a_webhook_that_was_deleted_since_are_found(history):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    world.accept(EVENT)
    run(world)
    stack = history.stack
    present = webhooks.find(stack.dynamodb, stack.config_table, dispatch.ASSISTANT, dispatch.webhook(1).sid)
    assert present is not None
    webhooks.remove(stack.dynamodb, stack.config_table, present)
    assert history.delete(PATH)[0] == 204
    assert_only_a_tombstone(history)


@pytest.mark.parametrize("stop_after", range(1, 12))
def test_an_erasure_that_dies_midway_is_finished_by_the_same_request(history, stop_after):
    hooks = [dispatch.webhook(number) for number in (1, 2)]
    world = history.world(*hooks, answer=lambda number, attempt: 500)
    world.accept(EVENT)
    run(world)
    calls = 0

    class Dying:
        def __getattr__(self, name):
            method = getattr(history.stack.dynamodb, name)
            if name not in ("put_item", "delete_item", "batch_get_item"):
                return method

            def counted(**request):
                nonlocal calls
                calls += 1
                if calls > stop_after:
                    raise dispatch.Crash
                return method(**request)

            return counted

    whole = history.api
    history.api = history.build(None, "", Dying())
    crashed = False
    try:
        status, _ = history.delete(PATH)
        assert status == 204
    except dispatch.Crash:
        crashed = True
    assert crashed or stop_after >= 7, "the writes of an erasure"
    history.api = whole
    assert history.get(PATH)[0] == 404, "its first step takes it out of every list"
    assert history.delete(PATH)[0] == (204 if crashed else 404)
    assert_only_a_tombstone(history)


def test_a_conversation_is_erased_and_another_is_not(history):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    gone = [in_conversation("12", number) for number in range(1, 6)]
    stays = [in_conversation("13", number) for number in range(1, 4)]
    world.accept(*gone, *stays)
    run(world)
    status, body = history.delete(EVENTS, "ConversationId=12", remaining_ms=4_000)
    assert (status, body["status"]) == (202, "erasing")
    assert len(history.rows(EVENTS)) == 8
    assert history.delete(EVENTS, "ConversationId=12") == (204, None)
    assert [row["sid"] for row in history.rows(EVENTS)] == [event.sid for event in reversed(stays)]
    assert {row["event_sid"] for row in history.rows(deliveries(1))} == {event.sid for event in stays}
    assert history.rows(EVENTS, "ConversationId=12") == []
    assert history.delete(EVENTS, "ConversationId=12") == (204, None)
    tombstones = [item for item in kept(history) if events.ERASED in item]
    assert len(tombstones) == 5
    assert "12" not in {value for item in tombstones for value in map(str, item.values())}


def test_an_event_that_was_begun_is_finished_with_its_conversation(history):
    history.put(in_conversation("12", 1), in_conversation("12", 2))
    key = {name: next(iter(kept(history)))[name] for name in ("pk", "sk")}
    history.stack.dynamodb.update_item(
        TableName=history.stack.data_table,
        Key=key,
        UpdateExpression="SET gone = :now, todo = :todo REMOVE cv, ipk, isk, z, zc, n, p, t, sz, m, ct, ac, src",
        ExpressionAttributeValues={
            ":now": {"N": "1"},
            ":todo": {"M": {"received_ms": {"N": "1"}, "chunks": {"N": "0"}, "webhooks": {"B": b""}}},
        },
    )
    assert history.delete(EVENTS, "ConversationId=12")[0] == 204
    assert len(kept(history)) == 2
    assert all({"pk", "sk", "gone", "rid", "expires_at"} == set(item) for item in kept(history))


def test_a_retry_of_an_erased_event_that_nobody_else_removed_ends_there(history):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    world.accept(EVENT)
    run(world)
    [item] = world.waiting()
    assert history.delete(PATH)[0] == 204
    undelivered.put_new(history.stack.dynamodb, history.stack.data_table, undelivered.to_values(item))
    message = RetryMessage(
        item.account_sid, item.assistant_sid, item.webhook_sid, item.event_sid, item.received_ms, 1, "retry"
    )
    world.messages.clear()
    world.enqueue("retries", encode(message), 0)
    run(world)
    assert not world.messages
    assert_only_a_tombstone(history)


@pytest.mark.parametrize(
    ("path", "query", "more", "status"),
    [
        (f"{EVENTS}/EV{'9' * 32}", "", {}, 404),
        (f"{EVENTS}/nonsense", "", {}, 404),
        (PATH, "", {"scopes": "read emit replay"}, 403),
        (PATH, "", {"account": "AC" + "f" * 32}, 404),
        (PATH, "Really=1", {}, 400),
        (EVENTS, "", {}, 400),
        (EVENTS, "ConversationId=", {}, 400),
        (EVENTS, "ConversationId=12&Type=note.added", {}, 400),
        (EVENTS, "ConversationId=12", {"scopes": "read"}, 403),
        (EVENTS, "ConversationId=12", {"account": "AC" + "f" * 32}, 404),
    ],
)
def test_refusals_erase_nothing(history, path, query, more, status):
    history.put(EVENT, in_conversation("12", 1))
    given, body = history.delete(path, query, **more)
    assert given == status == body["status"]
    assert len(history.rows(EVENTS)) == 2
