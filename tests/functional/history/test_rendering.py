"""An event in a webhook's format: what the dispatcher sends is what history shows."""

from __future__ import annotations

import base64
import json

import pytest

from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS

TURN = b"Event=onDialogueTurn&CurrentInput=%E6%97%A5%E6%9C%AC&Sid=UF1"


@pytest.mark.parametrize("wanted", ["native", "cloudevents"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"payload": b'{"event":"message_created","content":"\xe6\x97\xa5\xe6\x9c\xac","message_type":"incoming"}'},
        {"platform": "watsonx", "name": "message_logged", "payload": b'{"event":{"name":"message_logged"}}'},
        {"platform": "tropo", "name": "result", "payload": b'{"result":{"caf\xe9":1}}', "content_type": None},
        {"payload": b"no JSON at all", "status": "unrecognised", "type": "event.unrecognised", "reason": "why"},
    ],
)
def test_the_payload_is_the_body_of_that_webhooks_callback(history, wanted, changes):
    world = history.world(dispatch.webhook(1, format=wanted))
    made = dispatch.event(**changes)
    world.accept(made)
    world.deliver("events")
    [sent] = world.callbacks
    status, shown = history.get(f"{EVENTS}/{made.sid}", f"Format={wanted}")
    assert status == 200
    body = shown["payload"]
    assert (base64.b64decode(body) if "payload_encoding" in shown else body.encode()) == sent.body
    assert [row["status"] for row in shown["results"]] == ["delivered"]


def test_autopilots_native_callback_names_no_webhook_but_is_the_form(history):
    made = dispatch.event(
        platform="autopilot",
        name="onDialogueTurn",
        type="turn.completed",
        payload=TURN,
        content_type="application/x-www-form-urlencoded",
    )
    history.put(made)
    path = f"{EVENTS}/{made.sid}"
    assert history.get(path)[1]["payload"] == TURN.decode()
    assert history.get(path, "Format=native")[1]["payload"] == f"{TURN.decode()}&WebhookSid=UM{'0' * 32}"
    assert json.loads(history.get(path, "Format=cloudevents")[1]["payload"])["type"] == "dev.parley.turn.completed"


def test_what_parley_says_itself_is_a_cloudevent_in_every_format(history):
    said = {"webhook": {"sid": "UM" + "1" * 32}, "waiting": 3}
    made = dispatch.event(
        platform="parley", name="webhook.paused", type="webhook.paused", payload=json.dumps(said).encode()
    )
    history.put(made)
    for wanted in ("native", "cloudevents"):
        _, shown = history.get(f"{EVENTS}/{made.sid}", f"Format={wanted}")
        assert json.loads(shown["payload"])["data"]["waiting"] == 3


def test_another_format_is_refused_by_name(history):
    history.keep(1)
    status, body = history.get(f"{EVENTS}/{dispatch.event(1).sid}", "Format=xml")
    assert status == 400
    assert "Format" in body["message"]
    assert "native, cloudevents" in body["message"]
