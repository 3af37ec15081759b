"""What an operator finds in the logs: one line an operation, an event's SID from ingest to every attempt, few bytes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.dispatcher import batch
from functions.ingest import app
from functions.sweeper import sweep
from parley import telemetry
from parley.messages import CommitMessage, encode
from parley.settings import SweeperSettings
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, Message, World, event, records, webhook
from tests.functional.ingest.test_emit import Bot
from tests.functional.ingest.test_fuzz import Taken
from tests.functional.ingest.test_ingest import sample
from tests.functional.stack import stack
from tests.template.translation import read

Printed = Callable[[], str]

# Design section 7: what a price of 3.60 dollars a million leaves for logs, in full batches. An event that is alone has
# its batch's line, and its metrics, for itself.
EVENT_BYTES = {10: 500, 1: 850}
GATEWAYS_BYTES = 200
STACK = "parley-production"
ACCESS = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1795200000000",
    "routeKey": "POST /ingest/{platform}/{source}/{token}",
    "status": "200",
    "responseLatency": "23",
    "responseLength": "0",
}


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    with stack() as made:
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", f"Parley/{STACK}")
        yield Bot(made)


def lines(said: str, operation: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in said.splitlines()]
    return [line for line in found if line["message"] == operation]


def access_line() -> str:
    """The gateway's line of an accepted call."""
    form: str = read()["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"].strip()
    return re.sub(r"\$context\.([\w.]+)", lambda found: ACCESS.get(found[1], "-"), form)


@pytest.mark.parametrize("together", EVENT_BYTES)
def test_an_event_costs_no_more_log_than_its_price_allows(
    bot: Bot, printed: Printed, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    taken = Taken()
    bot.handle = app.build(bot.settings, bot.stack.dynamodb, taken)  # type: ignore[arg-type] # the part that is used
    telemetry.begin(ACCESS["requestId"])
    body = sample("messagehub", "message_created")
    for _ in range(together):
        assert bot.call("messagehub", body, headers=bot.proof("messagehub", body))["statusCode"] == 200
    accepted = taken.events()
    ingests = printed().splitlines()
    assert len(ingests) == together

    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "dispatcher")
    world = World(bot.stack, [webhook(number) for number in range(1, 11)])
    world.accept(*(replace(each, assistant_sid=ASSISTANT, account_sid=ACCOUNT) for each in accepted))
    telemetry.begin(str(uuid.uuid4()))
    assert world.deliver("events")
    assert len(world.posts) == 10 * together
    dispatches = printed().splitlines()[len(ingests) :]
    [told] = map(json.loads, dispatches)
    assert told["AttemptsDelivered"] == [10.0 * together]

    gateways = len(access_line())
    own = sum(len(line.encode()) for line in [*ingests, *dispatches]) / together
    assert gateways <= GATEWAYS_BYTES
    assert gateways + own <= EVENT_BYTES[together], (gateways, own)


def test_an_events_sid_leads_from_the_gateways_line_to_every_attempt(bot: Bot, printed: Printed) -> None:
    taken = Taken()
    bot.handle = app.build(bot.settings, bot.stack.dynamodb, taken)  # type: ignore[arg-type] # the part that is used
    telemetry.begin(ACCESS["requestId"])
    body = sample("messagehub", "message_created")
    assert bot.call("messagehub", body, headers=bot.proof("messagehub", body))["statusCode"] == 200
    [came] = taken.events()
    # the second webhook is down for two attempts
    world = World(
        bot.stack, [webhook(1), webhook(2)], answer=lambda number, attempt: 200 if number == 1 else attempt // 3 * 200
    )
    world.accept(replace(came, assistant_sid=ASSISTANT, account_sid=ACCOUNT))
    world.live(days=0.05)

    said = printed()
    [accepted] = lines(said, "accepted")
    assert (accepted["request"], accepted["event"]) == (ACCESS["requestId"], came.sid)
    assert [line["events"] for line in lines(said, "dispatched") if line["events"]] == [[came.sid]]
    attempts = lines(said, "attempted")
    assert [(line["event"], line["webhook"], line["number"], line["trigger"]) for line in attempts] == [
        (came.sid, webhook(2).sid, number, trigger) for number, trigger in ((1, "first"), (2, "retry"), (3, "retry"))
    ]
    assert [line["status"] for line in attempts] == ["retrying", "retrying", "delivered"]
    counted = [line["AttemptsDelivered"] for line in lines(said, "dispatched") if "AttemptsDelivered" in line]
    assert sum(value for values in counted for value in values) == 2


def test_a_commit_that_travels_alone_is_told_with_its_event(bot: Bot, printed: Printed) -> None:
    world = World(bot.stack, [webhook(1)])
    message = CommitMessage(event(), None, b"", ())
    batch.run(world.ports, records([Message("events", encode(message), 0, 1, 1)]), deadline_ms=world.now_ms + 15_000)
    [line] = lines(printed(), "dispatched")
    assert line["events"] == [event().sid]
    assert not world.posts


def test_a_chunk_is_told_with_its_event_once_a_batch(bot: Bot, printed: Printed) -> None:
    world = World(bot.stack, [webhook(number) for number in range(1, 26)])
    world.accept(event())
    world.live(days=0.01)
    told = lines(printed(), "dispatched")
    assert [line["events"] for line in told] == [[event().sid]] * 2, "the event, then its three chunks in one batch"
    assert told[1]["received"] == 3
    assert told[1]["AttemptsDelivered"] == [25.0]


def test_what_is_not_recognised_and_what_repeats_is_counted(bot: Bot, printed: Printed) -> None:
    world = World(bot.stack, [webhook(1)])
    world.accept(event(status="unrecognised"))
    world.live(days=0.01)
    world.accept(event(rid="another receipt"))
    world.live(days=0.01)
    first, second = lines(printed(), "dispatched")
    assert first["EventsUnrecognised"] == [1.0]
    assert second["RepeatsRecognised"] == [1.0]


def test_a_paused_webhook_is_counted_each_minute_until_it_answers(bot: Bot, printed: Printed) -> None:
    up = [False]
    world = World(bot.stack, [webhook(1)], answer=lambda number, attempt: 200 if up[0] else 500)
    for number in range(1, 15):
        world.accept(event(number))
        world.run(15)
    assert world.configuration.hooks[webhook(1).sid].status == "paused"
    printed()
    before = len(lines(printed(), "dispatched"))
    world.run(180)
    during = lines(printed(), "dispatched")[before:]
    assert sum(line.get("WebhooksPaused", [0])[0] for line in during) in (2, 3, 4)
    up[0] = True
    world.live(days=0.05)
    after = len(lines(printed(), "dispatched"))
    world.run(180)
    assert not any("WebhooksPaused" in line for line in lines(printed(), "dispatched")[after:])


@pytest.mark.parametrize("overdue_seconds", [0, 90])
def test_the_sweeper_tells_how_late_it_is_every_time_even_when_nothing_is_due(
    bot: Bot, printed: Printed, overdue_seconds: int
) -> None:
    world = World(bot.stack, [webhook(1)], answer=lambda number, attempt: 500)
    if overdue_seconds:
        world.accept(event())
        world.deliver("events")
        [due] = [item for item in world.waiting() if item.due_ms]
        assert due.due_ms
        world.now_ms = due.due_ms + overdue_seconds * 1000
    ports = sweep.Ports(
        SweeperSettings(bot.stack.data_table, "retries", 1.0),
        world.ports.dynamodb,
        world.ports.sqs,
        lambda: world.now_ms,
    )
    sent = sweep.sweep(ports, deadline_ms=world.now_ms + 50_000)
    [line] = lines(printed(), "swept")
    assert (line["SweepLag"], line["sent"], sent) == (
        [float(overdue_seconds)],
        bool(overdue_seconds),
        bool(overdue_seconds),
    )


def test_a_body_that_is_too_large_names_its_source_and_a_forgery_names_nothing(bot: Bot, printed: Printed) -> None:
    big = json.dumps({"event": "message_created", "content": uuid.uuid4().hex * 140_000}).encode()
    assert len(big) > 4 * 1024 * 1024
    assert bot.call("messagehub", big, headers=bot.proof("messagehub", big))["statusCode"] == 413
    assert bot.call("messagehub", b"{}", headers=[("X-Chatwoot-Signature", "sha256=0")])["statusCode"] == 401
    large, forged = lines(printed(), "refused")
    assert (large["TooLarge"], large["status"]) == ([1.0], 413)
    assert large["source"] == bot.paths["messagehub"].split("/")[3]
    assert (forged["Refused"], forged["status"], forged["error"]) == ([1.0], 401, "MissingProofError")
    assert "source" not in forged


def test_every_metric_that_is_written_has_its_row(bot: Bot) -> None:
    names = [metric.name for metric in telemetry.METRICS]
    assert len(names) == len(set(names))
    with pytest.raises(KeyError):
        telemetry.tell("x", {"Misspelt": 1})


def test_a_line_says_nothing_that_its_log_group_says(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    # Lambda sets it in every invocation
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
    telemetry.begin("a-request")
    telemetry.tell("done", event="EV0", error=None)
    assert set(json.loads(printed())) == {"level", "message", "timestamp", "request", "event"}
