"""Sending many again: which, how fast, how far it has come; through a worker's death at every side effect."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.dispatcher.replaying import Replaying
from parley import replays, results, retry
from parley.data_table import jobs, undelivered
from parley.messages import ReplayMessage, encode
from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, HOOKS, History, deliveries
from tests.functional.stack import stack

ONCE = (1,)  # a schedule that ends a second after the first attempt


@pytest.fixture
def history():
    with stack() as made:
        yield History(made)


class Receiver:
    """Answers 500 while it is down."""

    def __init__(self) -> None:
        self.down = False

    def __call__(self, number: int, _attempt: int) -> int:
        return 500 if self.down else 200


def path(sid: str | None = None) -> str:
    return f"{HOOKS}/{dispatch.webhook(1).sid}/Replays" + (f"/{sid}" if sid else "")


def begin(history: History, **parameters: Any) -> dict[str, Any]:
    status, body = history.post(path(), body=parameters)
    assert status == 201, body
    assert isinstance(body, dict)
    return body


def now(history: History, replay: dict[str, Any]) -> dict[str, Any]:
    status, body = history.get(path(replay["sid"]))
    assert status == 200
    assert isinstance(body, dict)
    return body


def progress(shown: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(shown[key] for key in ("status", "total", "done", "delivered", "failed"))


def statuses(history: History) -> dict[str, str]:
    _, body = history.get(deliveries(1))
    return {row["event_sid"]: row["status"] for row in body["deliveries"]}


def arrive(world: dispatch.World, *numbers: int, **changes) -> None:
    for number in numbers:
        world.accept(dispatch.event(number, received_ms=world.now_ms + number, **changes))
    while world.deliver("events"):
        pass


@pytest.fixture
def mixed(history):
    """A webhook that had an event delivered, one failed, and none of a third; and never one of another type."""
    receiver = Receiver()
    world = history.world(dispatch.webhook(1, retry_schedule=ONCE, events="message.received"), answer=receiver)
    arrive(world, 1)
    receiver.down = True
    arrive(world, 2)
    world.run(10)
    hook = world.configuration.hooks[dispatch.webhook(1).sid]
    world.configuration.change(replace(hook, status="disabled"))
    world.run(10)
    arrive(world, 3)
    arrive(world, 4, name="conversation_created", type="conversation.started")
    world.configuration.change(hook)
    receiver.down = False
    world.posts.clear()
    return history, world, receiver


def ids(*numbers: int) -> list[tuple[int, str]]:
    return [(1, delivery_sid(dispatch.event(number).sid, dispatch.webhook(1).sid)) for number in numbers]


@pytest.mark.parametrize(("mode", "numbers"), [("failed", (2,)), ("missing", (3,)), ("all", (1, 2, 3))])
def test_a_mode_says_which_and_a_dry_run_counts_what_is_then_sent_oldest_first(mixed, mode, numbers):
    history, world, _ = mixed
    dry = begin(history, Mode=mode, DryRun=True)
    assert (dry["status"], dry["dry_run"], dry["rate"]) == ("counting", True, 10)
    world.run(5)
    assert progress(now(history, dry)) == ("completed", len(numbers), 0, 0, 0)
    assert world.posts == []
    made = begin(history, Mode=mode)
    world.run(10)
    assert progress(now(history, made)) == ("completed", *[len(numbers)] * 3, 0)
    assert world.posts == ids(*numbers)
    stand = statuses(history)
    assert [stand[dispatch.event(number).sid] for number in numbers] == ["delivered"] * len(numbers)
    assert not world.messages
    _, body = history.get(path())
    assert [row["sid"] for row in body["replays"]] == sorted((dry["sid"], made["sid"]), reverse=True)
    _, shown = history.get(deliveries(1, ids(numbers[-1])[0][1]))
    assert shown["attempts"][-1]["trigger"] == "replay"
    again = begin(history, Mode="missing")
    world.run(5)
    assert progress(now(history, again)) == ("completed", 0 if 3 in numbers else 1, *[0 if 3 in numbers else 1] * 2, 0)


def test_what_was_over_and_fails_again_is_over_as_it_was_and_what_never_was_has_its_schedule(mixed):
    history, world, receiver = mixed
    receiver.down = True
    before = statuses(history)
    made = begin(history, Mode="all")
    world.run(0.5)
    assert progress(now(history, made)) == ("completed", 3, 3, 0, 3)
    after = statuses(history)
    assert {sid: after[sid] for sid in before} == before
    assert after[dispatch.event(3).sid] == "retrying"
    assert world.posts == ids(1, 2, 3)
    world.run(10)
    assert statuses(history)[dispatch.event(3).sid] == "exhausted"
    assert world.posts == ids(1, 2, 3, 3)


def test_an_event_shows_the_webhooks_that_a_replay_sent_it_to(mixed):
    history, world, receiver = mixed
    receiver.down = True
    event = f"{EVENTS}/{dispatch.event(3).sid}"
    assert history.get(event)[1]["results"] == []
    begin(history, Mode="missing")
    world.run(0.5)
    row = {"webhook_sid": dispatch.webhook(1).sid, "delivery_sid": ids(3)[0][1], "last_status_code": 500}
    assert history.get(event)[1]["results"] == [{**row, "status": "retrying", "attempts": 1}]
    world.run(10)
    assert history.get(event)[1]["results"] == [{**row, "status": "exhausted", "attempts": 2}]


def test_time_type_platform_and_conversation_narrow_it(history):
    world = history.world(dispatch.webhook(1))
    kept = history.keep(1, 2, 3)
    history.keep(4, type="message.sent")
    history.keep(5, platform="watsonx", name="message_logged")
    history.keep(6, conversation_id="another")
    for parameters, total in (
        ({"From": "2023-11-14T22:13:22Z", "To": "2023-11-14T22:13:23Z"}, 1),
        ({"From": "2023-11-14T22:13:23Z", "Type": "message.received", "Platform": "messagehub"}, 2),
        ({"Platform": "watsonx"}, 1),
        ({"ConversationId": "another"}, 1),
        ({}, 6),
    ):
        made = begin(history, Mode="missing", DryRun=True, **parameters)
        world.run(1)
        assert progress(now(history, made)) == ("completed", total, 0, 0, 0), parameters
    assert kept[1].received_ms == dispatch.START_MS + 2000


def test_the_rate_holds_from_page_to_page(history):
    world = history.world(dispatch.webhook(1))
    history.keep(*range(1, 13))
    made = begin(history, Mode="missing", Rate=3)
    world.run(60)
    assert progress(now(history, made)) == ("completed", 12, 12, 12, 0)
    assert len(world.times) == 12
    assert all(later - first >= 1000 for first, later in zip(world.times, world.times[3:], strict=False))


def test_more_than_a_page_of_a_shard_is_walked_to_its_end(history, monkeypatch):
    monkeypatch.setattr("parley.data_table.walk._LOOK", 2)
    world = history.world(dispatch.webhook(1))
    history.keep(*range(1, 20))
    made = begin(history, Mode="missing", DryRun=True)
    world.run(5)
    assert progress(now(history, made)) == ("completed", 19, 0, 0, 0)


def test_one_that_is_cancelled_midway_stops(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1, 2, 3, 4, 5)
    made = begin(history, Mode="missing", Rate=1)
    sent = world.ports.poster.post_all

    def post_all(callbacks):
        if len(world.posts) == 1:
            status, body = history.post(path(made["sid"]), body={"Status": "cancelled"})
            assert (status, body["status"], body["done"]) == (200, "cancelled", 1)
        return sent(callbacks)

    world.ports = replace(world.ports, poster=type("Poster", (), {"post_all": staticmethod(post_all)})())
    world.run(300)
    assert len(world.posts) == 2, "the step that it was at is finished"
    assert now(history, made)["status"] == "cancelled"
    assert history.post(path(made["sid"]), body={"status": "cancelled"})[0] == 200
    assert world.is_idle()


def test_one_that_is_over_cannot_be_cancelled(history):
    world = history.world(dispatch.webhook(1))
    made = begin(history, Mode="all")
    world.run(1)
    assert history.post(path(made["sid"]), body={"Status": "cancelled"})[0] == 409


def test_it_waits_while_its_webhook_is_not_in_order(history):
    world = history.world(dispatch.webhook(1))
    hook = world.configuration.hooks[dispatch.webhook(1).sid]
    history.keep(1, 2)
    world.configuration.change(replace(hook, status="disabled"))
    made = begin(history, Mode="missing")
    world.run(70)
    assert progress(now(history, made)) == ("waiting", 2, 0, 0, 0)
    assert world.posts == []
    world.configuration.change(hook)
    world.run(130)
    assert progress(now(history, made)) == ("completed", 2, 2, 2, 0)


def test_with_its_webhook_it_ends(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1)
    made = begin(history, Mode="missing")
    world.configuration.delete(world.configuration.hooks[dispatch.webhook(1).sid])
    world.run(5)
    assert now(history, made)["status"] == "cancelled"
    assert world.posts == []


def test_an_event_whose_part_for_the_webhook_is_on_its_way_is_not_missing(history):
    world = history.world(dispatch.webhook(1))
    history.put(dispatch.event(1), chunks=1)
    made = begin(history, Mode="missing", DryRun=True)
    world.run(1)
    assert now(history, made)["total"] == 0


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Rate": 1}, "Mode"),
        ({"Mode": "some"}, "Mode"),
        ({"Mode": "all", "Rate": 0}, "Rate"),
        ({"Mode": "all", "Rate": replays.MAX_RATE + 1}, "Rate"),
        ({"Mode": "all", "From": "yesterday"}, "From"),
        ({"Mode": "all", "From": "2023-01-02", "To": "2023-01-02"}, "From"),
        ({"Mode": "all", "Type": "nothing"}, "Type"),
        ({"Mode": "all", "Speed": 3}, "Speed"),
    ],
)
def test_what_cannot_be_is_refused(history, parameters, named):
    history.world(dispatch.webhook(1))
    status, body = history.post(path(), body=parameters)
    assert status == 400
    assert body["message"].startswith(named)


def test_it_needs_its_scope_and_its_account(history):
    history.world(dispatch.webhook(1))
    assert history.post(path(), body={"Mode": "all"}, scopes="read write")[0] == 403
    assert history.post(path(), body={"Mode": "all"}, account="AC" + "0" * 32)[0] == 404
    assert history.get(path("RP" + "0" * 32))[0] == 404


def test_a_lost_message_is_made_up_for_by_the_sweeper(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1)
    _job(history, world, dispatch.webhook(1), sid="RP" + "1" * 32)
    world.messages.clear()
    world.run(200)
    assert len(world.posts) == 1
    assert world.is_idle()


def _job(history: History, world: dispatch.World, hook, *, sid: str) -> None:
    replay = jobs.Replay(
        sid=sid,
        webhook_sid=hook.sid,
        assistant_sid=hook.assistant_sid,
        account_sid=hook.account_sid,
        mode="all",
        from_ms=None,
        to_ms=dispatch.START_MS + 60_000,
        type=None,
        platform=None,
        conversation_id=None,
        dry_run=False,
        rate=10,
        created_ms=world.now_ms,
        status=replays.COUNTING,
    )
    jobs.create(history.stack.dynamodb, history.stack.data_table, replay, due_ms=world.now_ms + 60_000)
    world.enqueue("retries", encode(ReplayMessage(hook.account_sid, hook.assistant_sid, hook.sid, sid)), 0)


def test_a_worker_may_die_at_every_side_effect(history):
    """Each event ends delivered and is counted once; posted twice only where the death is between post and commit."""
    hooks = [dispatch.webhook(number) for number in range(1, 40)]
    # an event that was never for the webhooks, and one that all of them had
    had = [results.Result(hook.sid, retry.DELIVERED, 1, 200, 5) for hook in hooks]
    history.keep(1)
    history.put(dispatch.event(2, received_ms=dispatch.START_MS + 2000), packed_results=results.pack(had))
    twice, died = 0, 0
    # before each: after one is before the next
    for crash_at, hook in zip(itertools.count(1, 2), hooks, strict=False):
        world = dispatch.World(history.stack, (hook,))
        sid = f"RP{crash_at:032x}"
        _job(history, world, hook, sid=sid)
        world.crash_at = crash_at
        world.run(330)
        replay = jobs.load(history.stack.dynamodb, history.stack.data_table, hook.sid, sid)
        assert replay is not None
        assert progress_of(replay) == ("completed", 2, 2, 2, 0), crash_at
        assert not world.messages, crash_at
        expected = {delivery_sid(dispatch.event(number).sid, hook.sid) for number in (1, 2)}
        assert {webhook_id for _, webhook_id in world.posts} == expected
        assert len(world.posts) <= 4, crash_at
        twice += len(world.posts) > 2
        if world.effects < crash_at:
            break
        died += 1
    assert died >= 15
    assert twice == 4, "from the posts to the last commit: two commits, and the first one's move in two writes"
    assert not history_open(history)


def progress_of(replay: jobs.Replay) -> tuple[Any, ...]:
    return (replay.status, replay.total, replay.done, replay.delivered, replay.failed)


def history_open(history: History) -> list[dict[str, Any]]:
    """What is left under way."""
    return [item for item in history.items() if item.get("ipk", {}).get("S", "").startswith("DUE#")]


def test_two_replays_of_one_webhook_never_send_more_than_one_of_them_may(history):
    world = history.world(dispatch.webhook(1))
    history.keep(*range(1, 31))
    first = begin(history, Mode="missing", Rate=1, To="2023-11-14T22:13:46Z")  # 25 of them
    time.sleep(0.002)  # a millisecond decides which is the older
    second = begin(history, Mode="missing", Rate=1)
    while not world.posts:
        world.deliver("retries", most=1)
    world.deliver("retries", most=1)
    assert (now(history, second)["status"], now(history, second)["reason"]) == ("waiting", "older_replay")
    assert now(history, first)["status"] == "running"
    world.run(300)
    assert progress(now(history, first)) == ("completed", 25, 25, 25, 0)
    assert progress(now(history, second))[0] == "completed"
    assert sorted(world.posts) == sorted(ids(*range(1, 31)))
    assert all(later - earlier >= 1000 for earlier, later in itertools.pairwise(world.times))
    assert now(history, second)["reason"] is None


def test_a_dry_run_and_another_webhooks_replay_keep_nobody_waiting(history):
    world = history.world(dispatch.webhook(1), dispatch.webhook(2))
    history.keep(1, 2)
    begin(history, Mode="missing", DryRun=True)
    made = begin(history, Mode="missing", Rate=1)
    status, other = history.post(path().replace(dispatch.webhook(1).sid, dispatch.webhook(2).sid), body={"Mode": "all"})
    assert status == 201
    world.run(5)
    assert progress(now(history, made)) == ("completed", 2, 2, 2, 0)
    _, body = history.get(path(other["sid"]).replace(dispatch.webhook(1).sid, dispatch.webhook(2).sid))
    assert body["status"] == "completed"


def test_an_event_that_kills_its_workers_is_given_up_and_the_replay_goes_on(history):
    world = history.world(dispatch.webhook(1))
    history.keep(*range(1, 16))
    made = begin(history, Mode="missing")
    deaths = 0
    sent = world.post_all

    def post_all(callbacks):
        nonlocal deaths
        outcomes = sent(callbacks)
        if any(b'"id":4}' in each.body for each in callbacks):
            deaths += 1
            raise dispatch.Crash
        return outcomes

    world.post_all = post_all
    world.run(3600)
    assert progress(now(history, made)) == ("completed", 15, 15, 14, 0)
    assert 3 <= deaths <= 12
    assert statuses(history)[dispatch.event(4).sid] == "exhausted"
    often = {number: world.posts.count(ids(number)[0]) for number in range(1, 16) if number != 4}
    assert max(often.values()) <= 4, "two deaths in company, then each alone"
    assert sum(often.values()) <= 14 + 2 * 9 * 2
    assert not history_open(history)


def test_a_job_that_kills_every_worker_is_given_up_and_what_waits_behind_it_goes_on(history, monkeypatch):
    world = history.world(dispatch.webhook(1))
    history.keep(1, 2, 3)
    poison = begin(history, Mode="missing", Rate=1)
    time.sleep(0.002)  # a millisecond decides which is the older
    behind = begin(history, Mode="missing", Rate=1)
    deaths = 0
    send_step = Replaying._send_step

    def dies(self, replay, *given, **named):
        nonlocal deaths
        if replay.sid == poison["sid"] and replay.done == 1:
            deaths += 1
            raise dispatch.Crash
        return send_step(self, replay, *given, **named)

    monkeypatch.setattr(Replaying, "_send_step", dies)
    world.run(1500)
    shown = now(history, poison)
    assert (shown["status"], shown["reason"], shown["done"]) == ("failed", "keeps_dying", 1)
    assert deaths == 1 + replays.MOST_DEAD_RUNS, "the first of them had come a step further"
    assert progress(now(history, behind))[0] == "completed"
    assert {webhook_id for _, webhook_id in world.posts} == {each[1] for each in ids(1, 2, 3)}
    assert history.post(path(poison["sid"]), body={"Status": "cancelled"})[0] == 409
    assert not history_open(history)


def test_an_outage_gives_no_replay_up(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1, 2)
    made = begin(history, Mode="missing")
    world.ports = replace(world.ports, routes=Unavailable(world.ports.routes))
    world.run(3600)
    assert progress(now(history, made))[0] in ("counting", "running")
    world.restart()
    world.run(200)
    assert progress(now(history, made)) == ("completed", 2, 2, 2, 0)


def test_what_a_step_had_no_time_to_send_is_not_counted_and_sent_by_the_next_run(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1, 2, 3)
    made = begin(history, Mode="missing", Rate=3)
    world.deliver("retries")
    assert progress(now(history, made)) == ("running", 3, 0, 0, 0)
    world.ports = replace(world.ports, routes=Slow(world.ports.routes, world))
    world.deliver("retries")
    assert world.posts == []
    assert progress(now(history, made)) == ("running", 3, 0, 0, 0)
    world.restart()
    world.run(10)
    assert progress(now(history, made)) == ("completed", 3, 3, 3, 0)
    assert world.posts == ids(1, 2, 3)


def test_what_could_not_be_claimed_is_waited_for_and_counted(history, monkeypatch):
    """The SDK asked twice for a claim whose answer was lost, and the second answer is that somebody holds it."""
    world = history.world(dispatch.webhook(1))
    history.keep(1, 2, 3)
    made = begin(history, Mode="missing", Rate=3)
    claim, asked = undelivered.claim, []

    def twice(*given, **named):
        asked.append(claim(*given, **named))
        return claim(*given, **named) if len(asked) == 2 else asked[-1]

    monkeypatch.setattr(undelivered, "claim", twice)
    world.run(3)
    assert len(asked) == 3
    assert world.posts == ids(1, 3)
    assert progress(now(history, made)) == ("waiting", 3, 0, 0, 0)
    world.run(200)
    assert sorted(world.posts) == ids(1, 2, 3)
    assert progress(now(history, made)) == ("completed", 3, 3, 3, 0)


class Slow:
    """Configuration that takes seconds to read."""

    def __init__(self, routes: Any, world: dispatch.World) -> None:
        self._routes = routes
        self._world = world

    def __getattr__(self, name: str) -> Any:
        self._world.now_ms += 2_500
        return getattr(self._routes, name)


class Unavailable:
    """Configuration that cannot be read."""

    def __init__(self, routes: Any) -> None:
        self._routes = routes

    def __getattr__(self, name: str) -> Any:
        if name == "strongly":
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""}}, "GetItem")
        return getattr(self._routes, name)


def test_who_cancelled_it_is_said(history):
    world = history.world(dispatch.webhook(1))
    history.keep(1)
    made = begin(history, Mode="missing")
    assert history.post(path(made["sid"]), body={"Status": "cancelled"})[1]["reason"] == "by_user"
    made = begin(history, Mode="missing")
    world.configuration.delete(world.configuration.hooks[dispatch.webhook(1).sid])
    world.run(5)
    assert now(history, made)["reason"] == "webhook_deleted"


def test_every_reason_belongs_to_a_status():
    assert set(replays.REASONS) == set(replays.STATUSES) - {replays.COUNTING, replays.RUNNING, replays.COMPLETED}
