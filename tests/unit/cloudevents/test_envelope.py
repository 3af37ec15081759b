"""The CloudEvent around any event, by the specification and by its SDK; and what is shown of the payload."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import cloudevents.core.bindings.http as sdk
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.v1.http import from_http
from hypothesis import given
from hypothesis import strategies as st

from parley.cloudevents import envelope
from parley.platforms import PLATFORM_NAMES
from parley.vocabulary import PARLEY
from tests.unit.cloudevents import samples
from tests.unit.platforms import examples

TURN = samples.event_of("watsonx", examples.payload("watsonx", "message_logged"))
EVERY = dict([*samples.payloads(), *samples.variants(), *samples.fixtures()])
SPACE_BYTES = 64 * 1024


def hub(body: dict[str, object]):
    return samples.event_of("messagehub", json.dumps({"event": "conversation_updated", "id": 1, **body}).encode())


@pytest.mark.parametrize("label", EVERY)
@pytest.mark.parametrize("public_url", ["", samples.API])
def test_the_cloudevents_sdk_takes_each_event(label, public_url):
    callback = envelope.callback(EVERY[label], samples.webhook(), public_url=public_url)
    assert callback.method == "POST"
    assert callback.headers == {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    read = sdk.from_structured(sdk.HTTPMessage(callback.headers, callback.body), JSONFormat())
    event = EVERY[label]
    assert read.get_id() == event.sid
    assert read.get_type() == f"dev.parley.{event.type}"
    assert read.get_extension("platform") == event.platform
    assert read.get_data() == json.loads(callback.body)["data"]
    assert from_http(dict(callback.headers), callback.body)["source"] == read.get_source()


def test_the_attributes_of_a_platforms_event():
    cloud_event = samples.rendered(TURN)
    cloud_event.pop("data")
    assert cloud_event == {
        "specversion": "1.0",
        "id": TURN.sid,
        "source": f"{samples.API}/v1/Assistants/{TURN.assistant_sid}/Sources/{TURN.source_sid}",
        "type": "dev.parley.turn.completed",
        "subject": "7874ec3a-1330-4180-afe1-46bfb220af5b",
        "time": "2021-10-12T20:54:05.621Z",
        "datacontenttype": "application/json",
        "dataschema": f"{samples.API}/schemas/v1/turn.completed.json",
        "platform": "watsonx",
        "platformevent": "message_logged",
    }


def test_without_a_public_url_the_source_is_relative_and_no_schema_is_named():
    cloud_event = samples.rendered(TURN, "")
    assert cloud_event["source"] == f"/v1/Assistants/{TURN.assistant_sid}/Sources/{TURN.source_sid}"
    assert "dataschema" not in cloud_event


def test_an_event_of_the_teams_own_bot_comes_from_the_assistant():
    assert samples.rendered(replace(TURN, source_sid=None))["source"].endswith(f"/v1/Assistants/{TURN.assistant_sid}")


def test_what_is_unknown_is_absent():
    event = samples.event_of("tropo", b'{"nothing":1}')
    cloud_event = samples.rendered(event)
    assert {"subject", "platformevent"}.isdisjoint(cloud_event)
    assert cloud_event["time"] == cloud_event["data"]["received_at"] == "2023-11-14T22:13:20.000Z"


def test_controls_in_a_name_do_not_break_the_specifications_strings():
    event = samples.event_of("messagehub", json.dumps({"event": "a\u0000b\ufffec", "id": 1}).encode())
    assert samples.rendered(event)["platformevent"] == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("name", ["webhook.paused", "webhook.resumed", "webhook.disabled", "delivery.exhausted"])
def test_parleys_own_events(name):
    said = {"webhook": {"sid": "UM1", "unique_name": "hook"}, "reason": "failing"}
    more = {"delivery": {"sid": "DL1", "attempts": 10}} if name == "delivery.exhausted" else {"waiting": 0}
    event = replace(
        TURN, platform=PARLEY, source_sid=None, name=name, type=name, payload=json.dumps(said | more).encode()
    )
    cloud_event = samples.rendered(event)
    assert cloud_event["subject"] == "UM1"
    assert cloud_event["source"].endswith(f"/v1/Assistants/{TURN.assistant_sid}")
    assert cloud_event["data"] == {**said, **more, "received_at": "2023-11-14T22:13:20.000Z"}


def test_a_form_is_shown_as_an_object_of_strings():
    event = samples.event_of("autopilot", b"Event=onDialogueTurn&CurrentInput=%E6%98%8E%E6%97%A5+%26&Empty=")
    assert samples.rendered(event)["data"]["original"] == {
        "Event": "onDialogueTurn",
        "CurrentInput": "明日 &",
        "Empty": "",
    }


@pytest.mark.parametrize("body", [b"Event=onDialogueTurn&A=1&A=2", b"Event=onDialogueTurn&A=%FF"])
def test_a_form_that_is_no_such_object_is_shown_whole_as_base64(body):
    data = samples.rendered(samples.event_of("autopilot", body))["data"]
    assert base64.b64decode(data["original_base64"]) == body
    assert "original" not in data
    assert data["agent"] == {"type": "assistant"}


def test_json_is_shown_as_it_is_but_for_the_visitors_credential():
    body = {"custom": [{"pubsub_token": "hush", "kept": None}], "meta": {"pubsub_token": {"deep": "hush"}}, "n": 1.5}
    original = samples.rendered(hub(body))["data"]["original"]
    assert original == {"event": "conversation_updated", "id": 1, "custom": [{"kept": None}], "meta": {}, "n": 1.5}


@pytest.mark.parametrize("label", EVERY)
def test_no_credential_of_a_visitor_is_in_any_sample(label):
    assert b"pubsub_token" not in envelope.body(EVERY[label], "")
    assert b"hush" not in envelope.body(EVERY[label], "")


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"message_created","pubsub_token":"hush"',
        b'{"event":"message_created","pubsub\\u005ftoken":"hush"',
        b'[{"pubsub_token":"hush"}]',
        json.dumps({"pubsub_token": "hush"}).encode("utf-16"),
    ],
)
def test_where_it_cannot_be_taken_out_nothing_of_the_body_is_shown(body):
    data = samples.rendered(samples.event_of("messagehub", body))["data"]
    assert data["original_omitted"] is True
    assert {"original", "original_base64"}.isdisjoint(data)


# How a credential may be wrapped in a text: JSON, JSON of JSON, and what is none.
WRAPPINGS: dict[str, Callable[[object], object]] = {
    "an object": lambda inner: {"contact_inbox": inner, "name": "kept"},
    "an array": lambda inner: [1, inner],
    "JSON": json.dumps,
    "JSON cut short": lambda inner: json.dumps(inner)[:-1],
    "JSON with its letters escaped": lambda inner: json.dumps(inner).replace("_", "\\u005f"),
    "Ruby": lambda inner: f"params: {inner!r}".replace("': ", "'=>"),
    "a query": lambda inner: urlencode({"data": json.dumps(inner), "x": "1"}),
    "a member's name": lambda inner: {json.dumps(inner): ""},
}


@given(st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=4), st.sampled_from(["pubsub_token", "pubsubToken"]))
def test_a_credential_is_in_no_text_either_however_it_is_wrapped(wrappings, name):
    inner: object = {name: "hush", "name": "kept"}
    for wrapping in wrappings:
        inner = WRAPPINGS[wrapping](inner)
    content = inner if isinstance(inner, str) else json.dumps(inner)
    in_json = hub({"content_attributes": inner})
    in_a_form = samples.event_of("autopilot", urlencode({"Event": "onDialogueEnd", "Memory": content}).encode())
    as_a_form = samples.event_of("autopilot", content.encode())
    for event in (in_json, in_a_form, as_a_form):
        assert b"hush" not in envelope.body(event, "")


def test_a_text_that_only_speaks_of_the_credential_stays_and_json_in_a_text_keeps_the_rest():
    said = "what is a pubsub_token? 100% \\u00e9"
    memory = {"name": "Johanna", "list": [said]}
    form = {"Event": "onDialogueTurn", "CurrentInput": said, "Memory": json.dumps(memory | {"pubsub_token": "hush"})}
    data = samples.rendered(samples.event_of("autopilot", urlencode(form).encode()))["data"]
    assert data["input"]["text"] == data["original"]["CurrentInput"] == said
    assert data["memory"] == json.loads(data["original"]["Memory"]) == memory


def test_beyond_64_kib_the_original_is_left_out_and_the_rest_stays():
    event = hub({"status": "open", "filler": "x" * SPACE_BYTES})
    data = samples.rendered(event)["data"]
    assert data["original_omitted"] is True
    assert "original" not in data
    assert data["conversation"]["status"] == "open"
    binary = samples.rendered(samples.event_of("messagehub", b"\xff" * SPACE_BYTES))["data"]
    assert binary["original_omitted"] is True
    assert "original_base64" not in binary


def test_exactly_64_kib_is_whole():
    spare = SPACE_BYTES - len(envelope.body(hub({"filler": ""}), ""))
    whole = hub({"filler": "x" * spare})
    assert len(envelope.body(whole, "")) == SPACE_BYTES
    assert "original" in samples.rendered(whole, "")["data"]
    assert "original" not in samples.rendered(hub({"filler": "x" * (spare + 1)}), "")["data"]


@pytest.mark.parametrize(
    ("body", "original"),
    [
        (b'{"event":"conversation_updated","n":NaN,"m":[-Infinity,1e999]}', {"n": None, "m": [None, None]}),
        (b'{"event":"conversation_updated","s":"\\ud800"}', {"s": "\ud800"}),
    ],
)
def test_what_json_or_utf_8_cannot_carry_is_carried_as_near_as_can_be(body, original):
    data = samples.rendered(samples.event_of("messagehub", body))["data"]
    assert data["original"] == {"event": "conversation_updated", **original}


def test_a_body_nested_to_the_parsers_limit_is_an_event_like_any_other():
    depths = (100, 900, 950, 980, 990, 995, 1_000, 5_000, 50_000)
    for depth in depths:
        nested = b'{"event":"conversation_updated","id":1,"changed_attributes":[{"a":{"current_value":'
        event = samples.event_of("messagehub", nested + b"[" * depth + b"]" * depth + b"}}]}")
        cloud_event = samples.rendered(event)
        assert {"original", "original_base64", "original_omitted"} & set(cloud_event["data"])


def test_memory_that_is_json_in_a_text_loses_credentials_and_depth_too():
    form = {"deep": '{"a":' * 100_000, "token": '{"pubsub_token":"hush","name":"Johanna"}', "list": "[1]"}
    seen = {
        label: samples.rendered(samples.event_of("autopilot", b"Event=onDialogueEnd&Memory=" + text.encode()))["data"]
        for label, text in form.items()
    }
    assert seen["token"]["memory"] == {"name": "Johanna"}
    assert "memory" not in seen["deep"]
    assert "memory" not in seen["list"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
# Members that some table reads.
MEMBERS = re.findall(
    r"\w+",
    """id event name payload conversation current_conversation meta sender assignee messages account inbox user contact
    content message_type private created_at status changed_attributes attachments event_info call request response
    context output generic assistant_interaction_summaries warnings_and_errors turns session result actions from to
    calledid connectedDuration state sequence timestamp channel initialText milliseconds_elapsed outbound""",
)
SHAPED = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=20,
)


def check_a_cloud_event(event):
    cloud_event = json.loads(envelope.body(event, ""))
    assert cloud_event["type"] == f"dev.parley.{event.type}"
    assert all(isinstance(value, str) and value for name, value in cloud_event.items() if name != "data")
    assert datetime.fromisoformat(cloud_event["time"]).tzinfo == UTC
    shown = [name for name in ("original", "original_base64", "original_omitted") if name in cloud_event["data"]]
    assert len(shown) == (1 if event.payload else 0)


@given(st.sampled_from(PLATFORM_NAMES), st.binary(max_size=200))
def test_any_bytes_become_a_cloud_event(name, body):
    check_a_cloud_event(samples.event_of(name, body))


HUB_NAMES = (
    "message_created",
    "conversation_updated",
    "contact_updated",
    "webwidget_triggered",
    "conversation_typing_on",
    "macro.executed",
)


@given(st.sampled_from(HUB_NAMES), st.dictionaries(st.sampled_from(MEMBERS), SHAPED, max_size=8))
def test_any_members_become_a_cloud_event_of_messagehub(name, members):
    body = {"message_type": "incoming", **members, "event": name}
    check_a_cloud_event(samples.event_of("messagehub", json.dumps(body).encode()))


@given(st.sampled_from(["message_logged", "cdr_logged"]), SHAPED)
def test_any_payload_becomes_a_cloud_event_of_watsonx(name, payload):
    check_a_cloud_event(samples.event_of("watsonx", json.dumps({"event": {"name": name}, "payload": payload}).encode()))


@given(st.sampled_from(["result", "session"]), st.dictionaries(st.sampled_from(MEMBERS), SHAPED, max_size=8))
def test_any_members_become_a_cloud_event_of_tropo(name, members):
    check_a_cloud_event(samples.event_of("tropo", json.dumps({name: members}).encode()))
