"""Paused, not hammered: pausing, probing, draining, resuming and giving up, with the real code in virtual time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.dispatcher import next_attempts
from functions.dispatcher.tending import DRAIN_AT_ONCE
from parley.data_table import events, undelivered
from parley.health import DRAINING, PAUSED
from parley.messages import TendMessage, encode
from parley.sids import delivery_sid
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, DAY_MS, START_MS, World, event, webhook
from tests.functional.memory import stack as new_stack

HOOK = webhook(1, retry_schedule=(3600,))
OPERATOR = webhook(9, events="webhook.paused webhook.resumed webhook.disabled delivery.exhausted", format="cloudevents")


@pytest.fixture
def stack():
    with new_stack() as made:
        yield made


class Receiver:
    """Answers 500 while it is down."""

    def __init__(self) -> None:
        self.down = True

    def __call__(self, number: int, _attempt: int) -> int:
        return 500 if self.down and number == 1 else 200


def arrive(world: World, first: int, last: int, *, every_seconds: float = 7) -> None:
    """Events, one every few seconds."""
    for number in range(first, last + 1):
        world.accept(event(number, received_ms=world.now_ms))
        world.run(every_seconds)


def paused_world(stack, *hooks) -> tuple[World, Receiver]:
    """A webhook that has been paused, with twelve events that failed."""
    receiver = Receiver()
    world = World(stack, [HOOK, *hooks], receiver)
    arrive(world, 1, 12)
    assert world.configuration.hooks[HOOK.sid].status == "paused"
    return world, receiver


def told(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What the operator's webhook was told."""
    bodies = [json.loads(each.body) for each in world.callbacks if each.url.startswith("https://receiver-9.")]
    return [(body["type"].removeprefix("dev.parley."), body["data"]) for body in bodies]


def test_ten_failures_of_several_events_over_a_minute_pause_a_webhook(stack):
    receiver = Receiver()
    world = World(stack, [HOOK, webhook(2)], receiver)
    arrive(world, 1, 9)
    assert world.configuration.hooks[HOOK.sid].status == "active"
    arrive(world, 10, 10)
    hook = world.configuration.hooks[HOOK.sid]
    assert (hook.status, hook.status_reason, hook.enabled) == ("paused", "failing", True)
    assert world.configuration.hooks[webhook(2).sid].status == "active"


def test_ten_failures_within_a_minute_do_not(stack):
    world = World(stack, [HOOK], Receiver())
    arrive(world, 1, 12, every_seconds=1)
    assert world.configuration.hooks[HOOK.sid].status == "active"


def test_ten_failures_of_one_event_do_not(stack):
    world = World(stack, [replace(HOOK, retry_schedule=(10,) * 12)], Receiver())
    world.accept(event(1, received_ms=world.now_ms))
    world.run(119)
    assert len(world.posts) >= 10
    assert world.configuration.hooks[HOOK.sid].status == "active"


def test_the_events_of_a_paused_webhook_wait_and_are_not_posted(stack):
    world, _ = paused_world(stack, webhook(2))
    before = len([each for each in world.posts if each[0] == 1])
    arrive(world, 13, 16, every_seconds=1)
    assert len([each for each in world.posts if each[0] == 1]) <= before + 1, "a probe at most"
    assert all(world.delivered_to(2, event(number).sid) == 1 for number in range(1, 17))
    parked = {item.event_sid: item for item in world.waiting() if item.attempts == 0}
    assert set(parked) == {event(number).sid for number in range(11, 17)}
    assert {(item.status, item.reason, item.due_ms) for item in parked.values()} == {("waiting", "paused", None)}


def test_one_event_probes_a_minute_and_that_costs_no_attempt(stack):
    world, _ = paused_world(stack)
    world.run(60)
    arrive(world, 13, 13)
    before = len(world.posts)
    world.run(600)
    assert 9 <= len(world.posts) - before <= 11
    waiting = world.waiting()
    assert {item.attempts for item in waiting} <= {0, 1}
    assert all(len(item.log) <= 3 for item in waiting), "probes in a row are one line of the log"


def test_what_was_due_meets_the_pause_and_waits(stack):
    world, _ = paused_world(stack)
    world.run(2 * 3600)
    assert {(item.status, item.reason) for item in world.waiting()} == {("waiting", "paused")}
    assert {item.due_ms for item in world.waiting()} == {None}


def test_after_recovery_it_resumes_within_two_minutes_and_drains_oldest_first(stack):
    world, receiver = paused_world(stack)
    arrive(world, 13, 40, every_seconds=1)
    world.run(2 * 3600)
    receiver.down = False
    recovered_ms = world.now_ms
    delivered = len(world.posts)
    world.run(120)
    assert world.configuration.hooks[HOOK.sid].status == "active"
    order = [webhook_id for _, webhook_id in world.posts[delivered + 1 :]]
    by_age = [delivery_sid(event(number).sid, HOOK.sid) for number in range(1, 41)]
    assert order == [each for each in by_age if each in order], "oldest first"
    assert world.waiting() == []
    assert world.times[-1] - recovered_ms <= 120_000
    world.run(240)
    assert world.is_idle()
    health = world.health(HOOK)
    assert health is not None
    assert (health.state, health.failures) == (None, 0)
    assert all(world.delivered_to(1, event(number).sid) >= 1 for number in range(1, 41))


def test_the_drain_keeps_its_rate(stack):
    world, receiver = paused_world(stack)
    for number in range(13, 200):
        world.accept(event(number, received_ms=world.now_ms))
    world.run(3700)
    receiver.down = False
    before = len(world.posts)
    at_once: list[int] = []
    original = world.post_all

    def counting(callbacks):
        at_once.append(len(callbacks))
        return original(callbacks)

    world.ports = replace(world.ports, poster=type("Counting", (), {"post_all": staticmethod(counting)})())
    world.run(300)
    times = world.times[before + 1 :]
    assert len(times) >= 190
    assert max(at_once) == DRAIN_AT_ONCE
    for start in times:
        assert len([each for each in times if start <= each < start + 10_000]) <= 110, "10 a second, within a tenth"


def test_live_events_are_not_held_up_by_a_drain(stack):
    world, receiver = paused_world(stack)
    for number in range(13, 200):
        world.accept(event(number, received_ms=world.now_ms))
    world.run(3700)
    receiver.down = False
    while world.configuration.hooks[HOOK.sid].status != "active":
        world.now_ms += 60_000
        world.sweep()
        world.deliver("retries")
    assert world.deliver("retries"), "a first part of the drain"
    world.accept(event(999, received_ms=world.now_ms))
    world.deliver("events")
    assert world.delivered_to(1, event(999).sid) == 1
    assert len(world.waiting()) > 100


def test_an_event_that_is_always_refused_holds_nothing_hostage(stack):
    receiver = Receiver()
    poison = delivery_sid(event(1).sid, HOOK.sid)
    world = World(stack, [HOOK], receiver)
    arrive(world, 1, 12)
    world.run(3700)
    receiver.down = False
    original = world.post_all

    def refusing(callbacks):
        outcomes = original(callbacks)
        return [
            replace(outcome, status_code=500) if callback.headers["webhook-id"] == poison else outcome
            for callback, outcome in zip(callbacks, outcomes, strict=True)
        ]

    world.ports = replace(world.ports, poster=type("Refusing", (), {"post_all": staticmethod(refusing)})())
    world.run(120)
    assert world.configuration.hooks[HOOK.sid].status == "active", "within two minutes"
    world.run(60)
    assert world.waiting() == []
    ends = {item.event_sid: item.status for item in world.finished()}
    assert ends.pop(event(1).sid) == "exhausted"
    assert set(ends.values()) == {"delivered"}


def test_the_engine_tells_others_what_it_did_and_never_the_webhook_itself(stack):
    chatty = replace(HOOK, events="* webhook.paused webhook.resumed")
    receiver = Receiver()
    world = World(stack, [chatty, OPERATOR], receiver)
    arrive(world, 1, 12)
    world.run(3700)
    receiver.down = False
    world.run(300)
    assert [name for name, _ in told(world)] == ["webhook.paused", "webhook.resumed"]
    (_, paused), _ = told(world)
    assert paused["webhook"] == {"sid": HOOK.sid, "unique_name": HOOK.unique_name}
    assert paused["reason"] == "failing"
    own = [each for each in world.callbacks if each.url.startswith("https://receiver-1.")]
    assert not any(b"webhook.paused" in each.body for each in own)


def test_an_exhausted_delivery_is_told_once_and_not_about_itself(stack):
    hook = replace(HOOK, retry_schedule=(5,))
    world = World(stack, [hook, replace(OPERATOR, retry_schedule=(5,))], lambda number, attempt: 500)
    world.accept(event(1))
    world.live()
    names = {name for name, _ in told(world)}
    assert names == {"delivery.exhausted"}
    (data,) = {json.dumps(data, sort_keys=True) for _, data in told(world)}
    assert json.loads(data)["delivery"]["event_sid"] == event(1).sid
    assert {item.status for item in world.finished()} == {"exhausted"}


def test_five_days_without_success_disable_it_and_enabling_it_starts_with_what_waits(stack):
    world, receiver = paused_world(stack, OPERATOR)
    world.run(3700)
    # five days of probes, one a minute, are too many for this fake
    stack.dynamodb.update_item(
        TableName=stack.data_table,
        Key={"pk": {"S": f"H#{HOOK.sid}"}, "sk": {"S": "H"}},
        UpdateExpression="SET fs = :then",
        ExpressionAttributeValues={":then": {"N": str(world.now_ms - 5 * DAY_MS)}},
    )
    world.run(130)
    hook = world.configuration.hooks[HOOK.sid]
    assert (hook.status, hook.status_reason, hook.enabled) == ("disabled", "failing", False)
    assert [name for name, _ in told(world)] == ["webhook.paused", "webhook.disabled"]
    assert len([item for item in world.waiting() if item.status == "waiting"]) == 12
    posts = len(world.posts)
    world.run(3600)
    assert len(world.posts) == posts, "a disabled webhook is not probed"
    receiver.down = False
    world.configuration.change(
        replace(hook, status="active", status_reason=None, enabled=True, version=hook.version + 1)
    )
    world.run(5)
    world.accept(event(100, received_ms=world.now_ms))
    world.deliver("events")
    assert world.delivered_to(1, event(100).sid) == 1, "what is new goes at once"
    assert len(world.waiting()) == 12
    world.run(60)
    assert world.waiting() == [], "what waits goes within a minute"


def test_deleting_a_paused_webhook_cancels_what_waits(stack):
    world, _ = paused_world(stack)
    world.run(3700)
    world.configuration.delete(HOOK)
    posts = len(world.posts)
    world.run(180)
    assert world.waiting() == []
    assert {(item.status, item.reason) for item in world.finished()} == {("cancelled", "webhook_deleted")}
    assert len(world.posts) == posts
    assert world.items_under("H#") == []


def test_switching_a_paused_webhook_off_and_on_starts_it_again(stack):
    world, receiver = paused_world(stack)
    hook = world.configuration.hooks[HOOK.sid]
    world.configuration.change(replace(hook, status="disabled", status_reason="by_user", version=hook.version + 1))
    world.run(130)
    health = world.health(HOOK)
    assert health is not None
    assert health.state == "disabled"
    receiver.down = False
    world.configuration.change(
        replace(hook, status="active", status_reason=None, status_since_ms=world.now_ms, version=hook.version + 2)
    )
    world.run(3700)
    assert world.waiting() == []


def test_what_was_parked_on_a_stale_view_is_found(stack):
    """Lost wake-up: a dispatcher that still believes in the pause parks after the drain saw nothing (model3)."""
    world = World(stack, [HOOK])
    late = event(1)
    item = undelivered.Undelivered(
        webhook_sid=HOOK.sid,
        event_sid=late.sid,
        assistant_sid=ASSISTANT,
        account_sid=ACCOUNT,
        received_ms=late.received_ms,
        attempts=0,
        status="waiting",
        reason="paused",
        next_attempt_ms=None,
        due_ms=None,
        last_status_code=None,
        log=(),
        expires_at=START_MS // 1000 + 10**6,
    )
    values = undelivered.to_values(item)
    world.ports.vitals.watch(values)
    undelivered.put_new(stack.dynamodb, stack.data_table, values)
    stored = events.to_values(late, packed_results=b"", chunks=0, shards=8, retention_days=30)
    events.put(stack.dynamodb, stack.data_table, stored)
    world.run(180)
    assert world.delivered_to(1, late.sid) == 1
    assert world.configuration.hooks[HOOK.sid].status == "active"
    assert told(world) == []


def test_an_attempt_counts_where_a_run_that_died_had_parked_its_event(stack):
    """The run before it saw the pause, wrote what waits and died; when the message came again the pause was over."""
    world = World(stack, [replace(HOOK, retry_schedule=(30,))], Receiver())
    parked = undelivered.Undelivered(
        webhook_sid=HOOK.sid,
        event_sid=event(1).sid,
        assistant_sid=ASSISTANT,
        account_sid=ACCOUNT,
        received_ms=event(1).received_ms,
        attempts=0,
        status="waiting",
        reason="paused",
        next_attempt_ms=None,
        due_ms=None,
        last_status_code=None,
        log=(),
        expires_at=START_MS // 1000 + 10**6,
    )
    undelivered.put_new(stack.dynamodb, stack.data_table, undelivered.to_values(parked))
    world.accept(event(1))
    world.deliver("events")
    assert [(item.attempts, item.status) for item in world.waiting()] == [(1, "retrying")]
    undelivered.put_new(stack.dynamodb, stack.data_table, undelivered.to_values(parked))
    assert [item.attempts for item in world.waiting()] == [1]
    world.run(600)
    assert [(item.attempts, item.status) for item in world.finished()] == [(2, "exhausted")]
    assert len(world.posts) == 2


def test_two_drains_at_once_are_one(stack):
    world, receiver = paused_world(stack)
    world.run(3700)
    receiver.down = False
    while (health := world.health(HOOK)) is not None and health.state == PAUSED:
        world.run(1)
    assert health is not None
    assert health.state in (DRAINING, None)
    message = encode(TendMessage(ACCOUNT, ASSISTANT, HOOK.sid))
    for _ in range(3):
        world.enqueue("retries", message, 0)
    world.run(300)
    assert all(world.posts.count(each) <= 2 + 70 for each in world.posts)
    assert world.waiting() == []


def test_retry_after_holds_the_webhook_and_not_the_one_delivery(stack):
    world = World(stack, [webhook(1, retry_schedule=(5, 5, 5))])
    original = world.post_all
    busy = [True]

    def limited(callbacks):
        return [
            replace(outcome, status_code=429, retry_after="600") if busy[0] else outcome
            for outcome in original(callbacks)
        ]

    world.ports = replace(world.ports, poster=type("Limited", (), {"post_all": staticmethod(limited)})())
    world.accept(event(1))
    world.deliver("events")
    busy[0] = False
    world.run(30)
    world.accept(event(2, received_ms=world.now_ms))
    world.run(500)
    assert len(world.posts) == 1, "held"
    world.run(240)
    assert world.delivered_to(1, event(2).sid) == 1
    assert world.delivered_to(1, event(1).sid) == 2
    assert {item.attempts for item in world.finished()} <= {1, 2}


def test_a_slow_receiver_leaves_the_packed_posts(stack):
    world = World(stack, [webhook(1), webhook(2)], duration_ms=lambda number: 4000 if number == 1 else 5)
    batches: list[set[int]] = []
    original = world.post_all

    def recording(callbacks):
        batches.append({int(each.url.removeprefix("https://receiver-").partition(".")[0]) for each in callbacks})
        return original(callbacks)

    world.ports = replace(world.ports, poster=type("Recording", (), {"post_all": staticmethod(recording)})())
    for number in range(1, 8):
        world.accept(event(number, received_ms=world.now_ms))
        world.run(6)
    assert batches[0] == {1, 2}
    assert {1, 2} not in batches[4:], "it goes alone, by the retry queue"
    assert all(world.delivered_to(hook, event(number).sid) == 1 for hook in (1, 2) for number in range(1, 8))
    assert world.waiting() == []


def test_one_crash_at_any_side_effect_of_a_pause_and_a_drain_loses_nothing():
    def play(world: World, receiver: Receiver) -> None:
        arrive(world, 1, 12)
        arrive(world, 13, 14, every_seconds=1)
        world.run(150)
        receiver.down = False
        world.run(4000)
        world.live()

    with new_stack() as made:
        receiver = Receiver()
        world = World(made, [HOOK, OPERATOR], receiver)
        play(world, receiver)
        effects = world.effects
    assert effects > 200
    for crash_at in range(1, effects + 1):
        with new_stack() as made:
            receiver = Receiver()
            world = World(made, [HOOK, OPERATOR], receiver, crash_at=crash_at)
            play(world, receiver)
            assert world.messages == [], f"crash at {crash_at}"
            assert world.waiting() == [], f"crash at {crash_at}"
            assert world.configuration.hooks[HOOK.sid].status == "active", f"crash at {crash_at}"
            assert {item.status for item in world.finished()} == {"delivered"}, f"crash at {crash_at}"
            for number in range(1, 15):
                assert world.stored(event(number).sid) is not None, f"crash at {crash_at}"
                assert world.delivered_to(1, event(number).sid) >= 1, f"crash at {crash_at}"


def hanging(world: World) -> None:
    """Whatever is posted from now on takes its whole time limit and fails."""
    at_once = world.post_all

    def post_all(callbacks):
        world.now_ms += 10_000
        return at_once(callbacks)

    world.post_all = post_all  # type: ignore[method-assign] # the world is this test's


def test_looks_and_retries_whose_receivers_hang_fit_the_functions_time_and_all_have_their_turn(stack):
    hooks = [webhook(number, retry_schedule=(3600,)) for number in (1, 2, 3)]
    other = webhook(4, events="typing.started")
    world = World(stack, [*hooks, other], lambda number, attempt: 500)
    arrive(world, 1, 12)
    assert {world.configuration.hooks[hook.sid].status for hook in hooks} == {"paused"}
    world.run(3700)
    world.accept(event(99, received_ms=world.now_ms, name="conversation_typing_on", type="typing.started"))
    world.deliver("events")
    hanging(world)
    world.messages.clear()
    for hook in hooks:
        world.enqueue("retries", encode(TendMessage(ACCOUNT, ASSISTANT, hook.sid)), 0)
    [item] = [item for item in world.waiting() if item.webhook_sid == other.sid]
    world.enqueue("retries", encode(next_attempts.message(item)), 0)
    posts = len(world.posts)
    for _ in range(4):
        began_ms = world.now_ms
        assert world.deliver("retries")
        assert world.now_ms - began_ms < 15_000
    assert sorted(number for number, _ in world.posts[posts:]) == [1, 2, 3, 4]
    assert not world.deliver("retries")


def busy(world: World, seconds: int) -> None:
    """From now on the first webhook's receiver asks, whatever it is sent, to be left alone for so long."""
    at_once = world.post_all

    def post_all(callbacks):
        outcomes = at_once(callbacks)
        return [replace(outcome, status_code=429, retry_after=str(seconds)) for outcome in outcomes]

    world.post_all = post_all  # type: ignore[method-assign] # the world is this test's


def test_a_receiver_that_asks_to_be_left_alone_is_not_probed_meanwhile(stack):
    world, _ = paused_world(stack)
    world.run(3700)
    busy(world, 1800)
    world.run(90)
    posts = len(world.posts)
    world.run(1700)
    assert len(world.posts) == posts
    world.run(200)
    assert len(world.posts) == posts + 1


def test_a_receiver_that_asks_to_be_left_alone_is_not_sent_its_backlog_meanwhile(stack):
    receiver = Receiver()
    world = World(stack, [HOOK], receiver)
    arrive(world, 1, 60, every_seconds=7)
    world.run(3700)
    receiver.down = False
    answered = len(world.posts)
    at_once = world.post_all

    def post_all(callbacks):
        outcomes = at_once(callbacks)
        if len(world.posts) > answered + 1:  # the probe was taken
            return [replace(outcome, status_code=503, retry_after="1800") for outcome in outcomes]
        return outcomes

    world.post_all = post_all  # type: ignore[method-assign] # the world is this test's
    world.run(1500)
    assert len(world.posts) - answered <= 1 + DRAIN_AT_ONCE


def test_what_waits_behind_thousands_that_are_tried_again_is_found_in_few_reads(stack):
    for number in range(1, 4_001):
        item = replace(_RETRYING, event_sid=event(16 * number).sid, received_ms=START_MS + number)
        if number == 4_000:
            item = replace(item, status="waiting", due_ms=None)
        undelivered.put_new(stack.dynamodb, stack.data_table, undelivered.to_values(item))
    reads = 0
    query = stack.dynamodb.query

    def counted(**request):
        nonlocal reads
        reads += 1
        return query(**request)

    stack.dynamodb.query = counted
    [found] = undelivered.list_waiting(stack.dynamodb, stack.data_table, HOOK.sid, limit=1)
    assert found.event_sid == event(16 * 4_000).sid
    assert reads <= 7 + 10, "seven empty shards, and one that is read in ever larger pages"


_RETRYING = undelivered.Undelivered(
    webhook_sid=HOOK.sid,
    event_sid=event(1).sid,
    assistant_sid=ASSISTANT,
    account_sid=ACCOUNT,
    received_ms=START_MS,
    attempts=3,
    status="retrying",
    reason=None,
    next_attempt_ms=START_MS + DAY_MS,
    due_ms=START_MS + DAY_MS,
    last_status_code=500,
    log=(),
    expires_at=START_MS // 1000 + 30 * 86_400,
)
