"""A sample event sent to one webhook alone, by the way that all deliveries go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.dispatcher.calls import callback
from parley import samples, vocabulary
from parley.platforms import PLATFORM_NAMES, platform
from parley.webhook import WebhookSecrets
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, HOOKS, History, deliveries
from tests.functional.stack import stack

PATH = f"{HOOKS}/{dispatch.webhook(1).sid}/Test"


@pytest.fixture
def history():
    with stack() as made:
        yield History(made)


def run(world):
    while world.deliver("events") or world.deliver("retries"):
        pass


def test_there_is_a_sample_of_every_type_and_of_every_name():
    assert {event.type for event in samples.events()} == set(vocabulary.TYPES)
    assert {name for each in PLATFORM_NAMES for name in platform(each).names.known} <= set(samples.names())


def test_it_goes_to_the_webhook_alone_marked_and_signed_and_its_delivery_says_what_came_of_it(history):
    world = history.world(dispatch.webhook(1, events="message.received"), dispatch.webhook(2))
    status, body = history.post(PATH)
    assert (status, body["status"], body["attempts"]) == (202, "retrying", [])
    run(world)
    assert world.posts == [(1, body["sid"])]
    headers = world.callbacks[0].headers
    assert headers["Parley-Test"] == "true"
    assert headers["webhook-signature"].startswith("v1,")
    _, shown = history.get(deliveries(1, body["sid"]))
    assert shown["status"] == "delivered"
    assert [line["trigger"] for line in shown["attempts"]] == ["first"]
    _, event = history.get(f"{EVENTS}/{body['event_sid']}")
    assert (event["type"], event["results"][0]["status"]) == ("message.received", "delivered")
    assert history.rows(EVENTS) == []
    assert history.rows(EVENTS, "ConversationId=12") == []
    _, made = history.post(f"{HOOKS}/{dispatch.webhook(2).sid}/Replays", body={"Mode": "missing"})
    world.run(5)
    assert history.get(f"{HOOKS}/{dispatch.webhook(2).sid}/Replays/{made['sid']}")[1]["total"] == 0
    assert len(world.posts) == 1


@pytest.mark.parametrize("event", samples.events(), ids=lambda event: f"{event.platform}-{event.name}-{event.type}")
@pytest.mark.parametrize("form", ["native", "cloudevents"])
def test_every_sample_can_be_called_back(event, form):
    hook = dispatch.webhook(1, format=form)
    known = replace(event, sid=dispatch.event(1).sid, assistant_sid=hook.assistant_sid, account_sid=hook.account_sid)
    made = callback(known, hook, WebhookSecrets(("s",), {}), public_url="", now_ms=dispatch.START_MS)
    assert made.body
    assert made.headers["Parley-Test"] == "true"


def test_one_that_fails_has_one_attempt(history):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    _, body = history.post(PATH, body={"Type": "contact_created"})
    world.run(600)
    assert world.posts == [(1, body["sid"])]
    _, shown = history.get(deliveries(1, body["sid"]))
    assert (shown["status"], shown["reason"]) == ("exhausted", "test")
    assert b"contact_created" in world.callbacks[0].body


def test_a_paused_webhook_is_called_too_and_a_disabled_one_is_not(history):
    hook = dispatch.webhook(1)
    world = history.world(hook, dispatch.webhook(2, status="disabled"))
    world.configuration.change(replace(hook, status="paused"))
    assert history.post(PATH)[0] == 202
    run(world)
    assert len(world.posts) == 1
    assert history.post(f"{HOOKS}/{dispatch.webhook(2).sid}/Test")[0] == 409


def test_what_has_no_sample_is_refused(history):
    history.world(dispatch.webhook(1, events="automation_event.of_ours"))
    for body in ({"Type": "nothing"}, {"Kind": "message.received"}):
        assert history.post(PATH, body=body)[0] == 400
    status, body = history.post(PATH)
    assert (status, body["message"][:4]) == (400, "Type")
    assert history.post(PATH, scopes="read replay")[0] == 403
