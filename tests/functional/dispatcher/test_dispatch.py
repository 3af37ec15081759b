"""The dispatch protocol, with the real code on the template's tables and a world around it."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from standardwebhooks import Webhook as StandardWebhook

from functions.dispatcher import batch
from functions.dispatcher.admission import MOST_BYTES_AT_ONCE
from parley.attempts import Outcome
from parley.data_table import events, keys, undelivered
from parley.messages import ChunkMessage, decode
from tests.functional.dispatcher.world import START_MS, Crash, Message, World, event, records, webhook
from tests.functional.memory import stack as new_stack


@pytest.fixture
def stack():
    with new_stack() as made:
        yield made


def failing(number: int, times: int):
    return lambda hook, attempt: 500 if hook == number and attempt <= times else 200


def test_an_event_reaches_every_webhook_that_wants_it(stack):
    world = World(stack, [webhook(1), webhook(2, events="message.received"), webhook(3, events="typing.started")])
    world.accept(event())
    assert world.deliver("events")
    assert Counter(number for number, _ in world.posts) == {1: 1, 2: 1}
    stored = world.stored(event().sid)
    assert stored is not None
    assert stored.event == event()
    assert {(row.webhook_sid, row.status, row.last_status_code) for row in stored.listed.results} == {
        (webhook(1).sid, "delivered", 200),
        (webhook(2).sid, "delivered", 200),
    }
    assert world.messages == []


def test_a_batch_of_the_largest_events_never_fills_the_memory_and_reaches_all(stack, monkeypatch):
    world = World(stack, [webhook(number) for number in range(1, 11)])
    most, at_once = 0, world.post_all

    def post_all(callbacks):
        nonlocal most
        most = max(most, sum(len(each.body) for each in callbacks))
        return at_once(callbacks)

    monkeypatch.setattr(world, "post_all", post_all)
    large = b'{"event":"message_created","content":"' + b"0123456789" * 400_000 + b'"}'
    for number in range(1, 4):
        world.accept(replace(event(number), payload=large))
    world.run(60)
    assert Counter(number for number, _ in world.posts) == dict.fromkeys(range(1, 11), 3)
    assert len({webhook_id for _, webhook_id in world.posts}) == 30
    assert 80_000_000 < most <= MOST_BYTES_AT_ONCE


def test_a_callback_is_what_came_and_verifies(stack):
    world = World(stack, [webhook(1)])
    world.accept(event())
    world.deliver("events")
    (callback,) = world.callbacks
    assert callback.body == event().payload
    assert callback.headers["Content-Type"] == "application/json"
    key = "whsec_" + base64.b64encode(b"a secret").decode()
    headers = {name.lower(): value for name, value in callback.headers.items()}
    signed = StandardWebhook(key).sign(
        headers["webhook-id"], dt.datetime.fromtimestamp(START_MS / 1000, dt.UTC), callback.body.decode()
    )
    assert headers["webhook-signature"] == signed


def test_an_event_without_webhooks_is_kept(stack):
    world = World(stack, [])
    world.accept(event())
    world.deliver("events")
    assert world.stored(event().sid) is not None
    assert world.messages == []


def test_a_repeat_is_not_sent_again(stack):
    world = World(stack, [webhook(1)])
    world.accept(event(), event(rid="another acceptance"))
    world.deliver("events")
    world.accept(event(rid="a third"))
    world.deliver("events")
    assert len(world.posts) == 1
    assert world.messages == []


def test_a_failure_is_retried_on_the_webhooks_schedule_and_then_delivered(stack):
    world = World(stack, [webhook(1), webhook(2)], failing(2, times=2))
    world.accept(event())
    world.deliver("events")
    (item,) = world.waiting()
    assert (item.attempts, item.status, item.last_status_code) == (1, "retrying", 500)
    assert item.next_attempt_ms == world.now_ms + 5_000
    (retry,) = world.messages
    assert retry.visible_ms == item.next_attempt_ms
    world.now_ms = item.next_attempt_ms
    world.deliver("retries")
    (item,) = world.waiting()
    assert (item.attempts, item.next_attempt_ms) == (2, world.now_ms + 300_000)
    assert [entry["trigger"] for entry in item.log] == ["first", "retry"]
    world.now_ms += 300_000
    world.deliver("retries")
    assert world.waiting() == []
    (done,) = world.finished()
    assert (done.status, done.attempts, done.last_status_code) == ("delivered", 3, 200)
    assert world.delivered_to(1, event().sid) == 1
    assert world.delivered_to(2, event().sid) == 3


def test_a_schedule_that_ends_is_exhausted_with_every_attempt_kept(stack):
    world = World(stack, [webhook(1)], failing(1, times=99))
    world.accept(event())
    world.live()
    (done,) = world.finished()
    assert (done.status, done.reason, done.attempts) == ("exhausted", "schedule_ended", 4)
    assert [entry["status_code"] for entry in done.log] == [500] * 4
    assert len({webhook_id for _, webhook_id in world.posts}) == 1


def test_a_long_wait_is_the_sweepers(stack):
    world = World(stack, [webhook(1, retry_schedule=(7200,))], failing(1, times=1))
    world.accept(event())
    world.deliver("events")
    assert world.messages == []
    world.now_ms += 7_199_000
    world.sweep()
    assert world.messages == []
    world.now_ms += 2_000
    world.sweep()
    world.sweep()
    assert len(world.messages) == 1, "a second sweep sends no second message"
    world.deliver("retries")
    assert world.finished()[0].status == "delivered"


def test_a_lost_message_is_found_by_its_due_time(stack):
    world = World(stack, [webhook(1)], failing(1, times=1))
    world.accept(event())
    world.deliver("events")
    world.messages.clear()
    world.live()
    assert world.finished()[0].status == "delivered"


def test_a_duplicate_retry_message_posts_once(stack):
    world = World(stack, [webhook(1)], failing(1, times=1))
    world.accept(event())
    world.deliver("events")
    (message,) = world.messages
    world.now_ms += 5_000
    world.messages = [message, Message("retries", message.body, 0, 99)]
    world.deliver("retries")
    assert world.delivered_to(1, event().sid) == 2
    assert world.messages == []


def test_an_item_that_somebody_holds_is_left_alone_until_the_lease_ends(stack):
    world = World(stack, [webhook(1)], failing(1, times=1))
    world.accept(event())
    world.deliver("events")
    (item,) = world.waiting()
    held = undelivered.claim(
        stack.dynamodb, stack.data_table, item.key, attempts=1, now_ms=world.now_ms, lease_ms=60_000
    )
    assert held is not None
    world.now_ms += 5_000
    world.deliver("retries")
    assert world.delivered_to(1, event().sid) == 1
    world.live()
    assert world.finished()[0].status == "delivered"


def test_a_deleted_webhook_cancels_what_waits_for_it(stack):
    world = World(stack, [webhook(1)], failing(1, times=9))
    world.accept(event())
    world.deliver("events")
    world.configuration.delete(webhook(1))
    world.now_ms += 5_000
    world.deliver("retries")
    (done,) = world.finished()
    assert (done.status, done.reason) == ("cancelled", "webhook_deleted")
    assert world.delivered_to(1, event().sid) == 1


def test_410_disables_the_webhook_and_keeps_the_event_waiting(stack):
    world = World(stack, [webhook(1)], lambda hook, attempt: 410)
    world.accept(event(1))
    world.deliver("events")
    world.accept(event(2))
    world.deliver("events")
    hook = world.configuration.hooks[webhook(1).sid]
    assert (hook.status, hook.status_reason) == ("disabled", "gone")
    (item,) = world.waiting()
    assert (item.status, item.reason, item.due_ms) == ("waiting", "gone", None)
    assert len(world.posts) == 1, "the second event passes a disabled webhook by"


def test_a_retry_that_meets_a_disabled_webhook_waits(stack):
    world = World(stack, [webhook(1)], failing(1, times=1))
    world.accept(event())
    world.deliver("events")
    world.configuration.change(webhook(1, status="disabled", status_reason="by_user", enabled=False))
    world.now_ms += 5_000
    world.deliver("retries")
    (item,) = world.waiting()
    assert (item.status, item.reason, item.attempts, item.due_ms) == ("waiting", "by_user", 1, None)


def test_retry_after_holds_the_next_attempt(stack):
    world = World(stack, [webhook(1)])
    world.post_all = lambda callbacks: [  # type: ignore[method-assign]
        Outcome(started_ms=0, duration_ms=1, status_code=429, retry_after="600") for _ in callbacks
    ]
    world.accept(event())
    world.deliver("events")
    (item,) = world.waiting()
    assert item.next_attempt_ms == world.now_ms + 600_000


@pytest.mark.parametrize("targets", [11, 25, 100])
def test_many_webhooks_are_served_in_chunks_each_once(stack, targets):
    world = World(stack, [webhook(number) for number in range(1, targets + 1)])
    world.accept(event())
    world.live()
    assert Counter(number for number, _ in world.posts) == dict.fromkeys(range(1, targets + 1), 1)
    stored = world.stored(event().sid)
    assert stored is not None
    assert stored.listed.chunks == -(-targets // 10)
    rows = events.load_results(stack.dynamodb, stack.data_table, stored.listed)
    assert {row.webhook_sid for row in rows} == {webhook(number).sid for number in range(1, targets + 1)}


def test_chunks_skip_and_double_nobody_when_webhooks_come_and_go_between_them(stack):
    hooks = [webhook(number) for number in range(1, 26)]
    world = World(stack, hooks)
    world.accept(event())
    world.deliver("events")
    assert [type(decode(message.body)) for message in world.messages] == [ChunkMessage] * 3
    world.deliver("events", most=1)
    world.configuration.delete(hooks[0])
    world.configuration.change(webhook(99))
    world.now_ms += 5_000
    world.live()
    counts = Counter(number for number, _ in world.posts)
    assert all(counts[number] == 1 for number in range(2, 26))
    assert counts[1] <= 1
    assert counts[99] <= 1


def test_chunks_are_spread_by_the_webhooks_own_sid():
    spread = Counter(keys.chunk_of(webhook(number).sid, 10) for number in range(1000))
    assert set(spread) == set(range(10))
    assert max(spread.values()) < 200


def throttled(world: World, times: int, *, only: str = "put_item") -> None:
    """Let the table refuse the next `times` writes."""
    original = world.ports.dynamodb
    left = [times]

    class Throttled:
        def __getattr__(self, name):
            method = getattr(original, name)
            if name != only:
                return method

            def call(**arguments):
                if left[0] > 0:
                    left[0] -= 1
                    raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, name)
                return method(**arguments)

            return call

    fake: Any = Throttled()
    world.ports = replace(world.ports, dynamodb=fake)


def test_a_throttled_commit_is_tried_again_without_posting_again(stack):
    world = World(stack, [webhook(1)])
    throttled(world, times=3)
    world.accept(event())
    world.deliver("events")
    assert len(world.posts) == 1
    assert world.stored(event().sid) is not None
    assert world.messages == []


def test_a_commit_that_stays_throttled_travels_on_as_a_message(stack):
    world = World(stack, [webhook(1), webhook(2)], failing(2, times=1))
    throttled(world, times=10_000)
    world.accept(event())
    world.deliver("events")
    assert world.stored(event().sid) is None
    assert [message.queue for message in world.messages] == ["events"]
    world.restart()
    world.live()
    assert world.delivered_to(1, event().sid) == 1, "what was posted is not posted again"
    assert world.delivered_to(2, event().sid) == 2
    assert world.finished()[0].status == "delivered"


def written_alone(world: World) -> list[str]:
    """The SIDs of the events that are put by themselves from now on."""
    original, sids = world.ports.dynamodb, list[str]()

    class Noting:
        def __getattr__(self, name):
            method = getattr(original, name)
            if name != "put_item":
                return method

            def call(**arguments):
                sids.append(arguments["Item"]["sk"]["S"])
                return method(**arguments)

            return call

    fake: Any = Noting()
    world.ports = replace(world.ports, dynamodb=fake)
    return sids


def test_what_owes_nothing_is_committed_in_one_request(stack):
    world = World(stack, [webhook(1)])
    alone = written_alone(world)
    world.accept(event(1), event(2), event(3))
    world.deliver("events")
    assert [world.stored(event(number).sid) is not None for number in (1, 2, 3)] == [True] * 3
    assert alone == [] == world.messages
    assert len(world.posts) == 3


def test_an_event_with_a_failure_is_committed_after_it_and_by_itself(stack):
    world = World(stack, [webhook(1)], lambda number, attempt: 500 if len(world.posts) == 2 else 200)
    alone = written_alone(world)
    world.accept(event(1), event(2), event(3))
    world.deliver("events")
    (failure,) = world.waiting()
    assert [sid.rpartition("#")[2] for sid in alone] == [failure.event_sid] * 2, "the failure first, the event last"


def test_a_copy_that_won_meanwhile_is_not_written_over(stack):
    world = World(stack, [webhook(1)])
    world.accept(event(1, rid="late"), event(2))

    def answer(number: int, attempt: int) -> int:
        if len(world.posts) == 1:
            first = event(1, rid="first")
            values = events.to_values(first, packed_results=b"", chunks=0, shards=8, retention_days=30)
            assert events.put(stack.dynamodb, stack.data_table, values)
        return 200

    world.answer = answer
    world.deliver("events")
    stored = world.stored(event(1).sid)
    assert stored is not None
    assert stored.event.rid == "first"
    assert world.stored(event(2).sid) is not None
    assert world.messages == []


def test_statements_that_are_refused_are_committed_by_themselves(stack):
    world = World(stack, [webhook(1)])
    alone = written_alone(world)
    original = world.ports.dynamodb

    class Refusing:
        def __getattr__(self, name):
            if name != "batch_execute_statement":
                return getattr(original, name)

            def call(*, Statements):  # noqa: N803 — boto3's
                answer = original.batch_execute_statement(Statements=Statements[1:])
                return {"Responses": [{"Error": {"Code": "ThrottlingError"}}, *answer["Responses"]]}

            return call

    fake: Any = Refusing()
    world.ports = replace(world.ports, dynamodb=fake)
    world.accept(event(1), event(2), event(3))
    world.deliver("events")
    assert alone == [event(1).sid]
    assert [world.stored(event(number).sid) is not None for number in (1, 2, 3)] == [True] * 3


def test_a_table_that_takes_no_statements_is_asked_again_after_a_minute(stack):
    world = World(stack, [webhook(1)])
    alone = written_alone(world)
    throttled(world, times=1, only="batch_execute_statement")
    for numbers in ((1, 2), (3, 4)):
        world.accept(*map(event, numbers))
        world.deliver("events")
    assert alone == [event(number).sid for number in (1, 2, 3, 4)], "refused, then not asked"
    world.now_ms += 60_000
    world.accept(event(5), event(6))
    world.deliver("events")
    assert len(alone) == 4
    assert world.stored(event(6).sid) is not None
    assert len(world.posts) == 6


@pytest.mark.parametrize("answer", [{}, {"Responses": []}, {"Responses": [{"TableName": "data"}]}])
def test_an_answer_that_does_not_say_what_was_written_costs_no_post(stack, answer):
    world = World(stack, [webhook(1)])
    alone = written_alone(world)
    original = world.ports.dynamodb

    class Silent:
        def __getattr__(self, name):
            return (lambda **request: answer) if name == "batch_execute_statement" else getattr(original, name)

    fake: Any = Silent()
    world.ports = replace(world.ports, dynamodb=fake)
    world.accept(event(1), event(2))
    world.deliver("events")
    assert alone == [event(1).sid, event(2).sid]
    assert world.messages == []
    assert len(world.posts) == 2


def test_large_events_are_committed_by_themselves(stack):
    world = World(stack, [webhook(1)])
    alone = written_alone(world)
    large = event(1, payload=b'{"event":"message_created","id":1,"content":"%s"}' % (b"x" * 40_000))
    world.accept(large, event(2), event(3))
    world.deliver("events")
    assert alone == [large.sid]
    assert world.stored(event(3).sid) is not None


def test_when_the_table_cannot_be_read_nothing_is_posted(stack):
    world = World(stack, [webhook(1)])
    throttled(world, times=1, only="batch_get_item")
    world.accept(event())
    world.deliver("events")
    assert world.posts == []
    assert len(world.messages) == 1
    world.live()
    assert world.delivered_to(1, event().sid) == 1


def test_unprocessed_keys_are_no_answer(stack):
    world = World(stack, [webhook(1)])
    original = world.ports.dynamodb

    class Unprocessed:
        def __getattr__(self, name):
            if name == "batch_get_item":
                return lambda **arguments: {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
            return getattr(original, name)

    fake: Any = Unprocessed()
    world.ports = replace(world.ports, dynamodb=fake)
    world.accept(event())
    world.deliver("events")
    assert world.posts == []
    assert len(world.messages) == 1


def test_an_event_that_keeps_failing_is_recorded_without_posting(stack):
    world = World(stack, [webhook(1), webhook(2)])
    world.accept(event())
    world.messages[0].receives = batch.RECORD_ONLY_AFTER_RECEIVES
    world.deliver("events")
    assert world.posts == []
    assert world.stored(event().sid) is not None
    assert {(item.attempts, item.reason) for item in world.waiting()} == {(0, "dispatcher_error")}
    world.live()
    assert world.delivered_to(1, event().sid) == world.delivered_to(2, event().sid) == 1


def test_what_is_only_recorded_needs_no_time_for_a_post(stack):
    """Behind entries that take long it would be charged a receive each time, until it is a dead letter unrecorded."""
    world = World(stack, [webhook(1)])
    world.accept(event(1), event(2))
    world.messages[0].receives = batch.RECORD_ONLY_AFTER_RECEIVES
    at_once = world.post_all

    def post_all(callbacks):
        world.now_ms += 9_000
        return at_once(callbacks)

    world.post_all = post_all  # type: ignore[method-assign] # the world is this test's
    world.deliver("events")
    assert [message.queue for message in world.messages] == ["retries"]
    assert world.stored(event(1).sid) is not None
    assert world.delivered_to(1, event(1).sid) == 0


def test_where_the_queue_loses_every_message_a_retry_is_three_minutes_late_at_most(stack):
    """Two for its message to come, one until the sweeper looks; what the sweeper sends may be lost as well."""
    world = World(stack, [webhook(1, retry_schedule=(5, 5, 5))], failing(1, times=3))
    lost = 0
    enqueue, sweep = world.enqueue, world.sweep

    def losing(queue: str, body: str, delay_seconds: int) -> None:
        nonlocal lost
        lost += 1

    def sweeping() -> None:
        world.enqueue = enqueue  # type: ignore[method-assign] # the world is this test's
        sweep()
        world.enqueue = losing  # type: ignore[method-assign]

    world.accept(event())
    world.enqueue, world.sweep = losing, sweeping  # type: ignore[method-assign]
    world.run(900)
    assert lost == 3
    assert len(world.times) == 4
    for earlier, later in itertools.pairwise(world.times):
        assert 5_000 + 120_000 <= later - earlier <= 5_000 + 180_000 + 1_000


def test_suspicious_messages_are_handled_one_by_one_after_the_others(stack):
    world = World(stack, [webhook(1)])
    world.accept(event(1), event(2), event(3))
    world.messages[0].receives = batch.SUSPECT_AFTER_RECEIVES
    world.messages[1].receives = batch.SUSPECT_AFTER_RECEIVES - 1
    together: list[int] = []
    at_once = world.post_all

    def post_all(callbacks):
        together.append(len(callbacks))
        world.now_ms += 4_000
        return at_once(callbacks)

    world.post_all = post_all  # type: ignore[method-assign] # the world is this test's
    world.deliver("events")
    assert together == [1], "no time for another attempt"
    assert world.delivered_to(1, event(3).sid) == 1
    world.now_ms += 120_000
    world.deliver("events")
    assert together == [1, 1]
    assert world.delivered_to(1, event(2).sid) == 1, "the less suspicious first"
    world.live()
    assert together == [1, 1, 1]
    assert world.delivered_to(1, event(1).sid) == 1


def test_an_unreadable_message_comes_back_and_the_others_are_handled(stack):
    world = World(stack, [webhook(1)])
    world.enqueue("events", '{"v":9}', 0)
    world.accept(event())
    world.deliver("events")
    assert world.delivered_to(1, event().sid) == 1
    assert [message.body for message in world.messages] == ['{"v":9}']


def test_changes_take_effect_within_the_caches_age_and_cost_one_small_read(stack):
    world = World(stack, [webhook(1)])
    for number in range(1, 6):
        world.accept(event(number))
        world.deliver("events")
        world.now_ms += 2_500
    assert world.configuration.loads == 1
    world.configuration.change(webhook(2))
    world.now_ms += 4_000
    world.accept(event(6))
    world.deliver("events")
    assert world.delivered_to(2, event(6).sid) == 1
    assert world.configuration.loads == 2


# --- every single crash


def outcome_of(stack_made, scenario, crash_at: int | None) -> World:
    world: World = scenario(stack_made)
    world.crash_at = crash_at
    world.live()
    return world


def inline(stack_made) -> World:
    """Two events, three webhooks, one of which fails twice."""
    world = World(stack_made, [webhook(1), webhook(2), webhook(3)], failing(2, times=2))
    world.accept(event(1), event(2))
    return world


def chunked(stack_made) -> World:
    """One event, twelve webhooks, one of which fails once."""
    world = World(stack_made, [webhook(number) for number in range(1, 13)], failing(7, times=1))
    world.accept(event(1))
    return world


def exhausting(stack_made) -> World:
    """One event that a webhook never takes."""
    world = World(stack_made, [webhook(1), webhook(2)], failing(2, times=99))
    world.accept(event(1))
    return world


@pytest.mark.parametrize("scenario", [inline, chunked, exhausting])
def test_one_crash_before_or_after_any_side_effect_loses_nothing(scenario):
    with new_stack() as made:
        effects = outcome_of(made, scenario, None).effects
    assert effects > 10
    for crash_at in range(1, effects + 1):
        with new_stack() as made:
            world = outcome_of(made, scenario, crash_at)
            assert world.effects >= crash_at, "the crash happened"
            assert world.messages == [], f"crash at {crash_at}: messages left"
            assert [item for item in world.waiting() if item.status in ("retrying", "waiting")] == []
            for entry in {webhook_id for _, webhook_id in world.posts}:
                assert entry.startswith("DL")
            ends = {item.webhook_sid: item.status for item in (*world.finished(), *world.waiting())}
            for sid in {event(1).sid, *({event(2).sid} if scenario is inline else set())}:
                assert world.stored(sid) is not None, f"crash at {crash_at}: the event is not there"
                for hook in world.hooks:
                    number = int(hook.sid[2:], 16)
                    extra = world.delivered_to(number, sid)
                    assert extra >= 1, f"crash at {crash_at}: {number} was never called"
            if scenario is exhausting:
                assert ends[webhook(2).sid] == "exhausted", f"crash at {crash_at}"
            else:
                assert set(ends.values()) <= {"delivered"}, f"crash at {crash_at}: {ends}"


def test_a_crash_is_a_crash(stack):
    world = World(stack, [webhook(1)])
    world.crash_at = 1
    world.accept(event())
    with pytest.raises(Crash):
        batch.run(world.ports, records(world.messages), deadline_ms=world.now_ms + 15_000)
    assert world.stored(event().sid) is None


def test_nothing_is_posted_that_there_is_no_time_to_write_down(stack):
    """Where a table answers in seconds, posts that outlast the function would be made again and again."""
    world = World(stack, [webhook(1, retry_schedule=(5,) * 3)], failing(1, times=1))
    secrets, slow_ms = world.ports.routes.secrets, 7_000

    def slowly(wanted):
        world.now_ms += slow_ms
        return secrets(wanted)

    world.ports.routes.secrets = slowly  # type: ignore[method-assign] # the world is this test's
    world.accept(event())
    world.deliver("events")
    assert (world.posts, len(world.messages)) == ([], 1)
    slow_ms = 0
    world.run(114)
    assert len(world.posts) == 1
    slow_ms = 7_000
    world.run(10)
    assert len(world.posts) == 1
    slow_ms = 0
    world.live()
    assert world.delivered_to(1, event().sid) == 2
