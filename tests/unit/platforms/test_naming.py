from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.event import UNRECOGNISED
from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.interface import Described
from parley.platforms.tropo import naming as tropo_naming
from tests.unit.platforms.examples import FIXTURES, FORM, PAYLOADS, payload, request, source

HASH = "f60e7708db371f4005c432c1f038a6fc"
SESSION = "7874ec3a-1330-4180-afe1-46bfb220af5b"


@dataclass(frozen=True)
class Case:
    platform: str
    name: str
    body: bytes
    type: str
    conversation: str | None = None
    occurred: int | None = None
    identity: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def autopilot(name: str, event_type: str) -> Case:
    # 2019-09-09 13:45:00 UTC
    return Case("autopilot", name, payload("autopilot", name), event_type, f"UK{HASH}", 1568036700000, HASH)


def hub(name: str, event_type: str, occurred: int | None, body: dict[str, Any] | None = None) -> Case:
    content = payload("messagehub", name) if body is None else json.dumps({"event": name, **body}).encode()
    conversation = "10" if body is None or '"id": 10' in json.dumps(body) else None
    headers = {"X-Chatwoot-Delivery": "a-uuid"}
    return Case("messagehub", name, content, event_type, conversation, occurred, "a-uuid", headers)


def tropo(name: str, event_type: str, session: str | None, body: bytes, *, sequence: int | None = 1) -> Case:
    identity = f"{session}:{sequence}:{hashlib.sha256(body).hexdigest()}" if session else None
    return Case("tropo", name, body, event_type, session, None, identity)


def result(**members: object) -> bytes:
    return json.dumps({"result": {"sessionId": "s", "sequence": 2, **members}}).encode()


LOG_ID = "38f36bfb-c2aa-4600-9418-6ab422664e31"
CDR_ID = "9caa8bad-aaa8-4a5a-a4b5-62bccc703d15"
NESTED = {"conversation": {"id": 10}, "user": {"id": 1}}
CASES = [
    autopilot("onDialogueStart", "conversation.started"),
    autopilot("onDialogueTurn", "turn.completed"),
    autopilot("onDialogueEnd", "conversation.ended"),
    autopilot("onDialogueTaskStart", "task.started"),
    autopilot("onDialogueTaskEnd", "task.ended"),
    autopilot("onCollectAttempt", "question.answered"),
    autopilot("onActionsFetch", "actions.fetched"),
    Case(
        "watsonx",
        "message_logged",
        payload("watsonx", "message_logged"),
        "turn.completed",
        SESSION,
        1634072045621,
        LOG_ID,
    ),
    Case("watsonx", "cdr_logged", payload("watsonx", "cdr_logged"), "call.completed", SESSION, 1634072060375, CDR_ID),
    tropo("result", "turn.completed", "f4140488a0036e725e112f4c74c12345", payload("tropo", "inbound_ask")),
    tropo("result", "turn.completed", "be9610c12d60ae8c99f0fbf554212345", payload("tropo", "outbound_call_and_ask")),
    tropo(
        "result", "turn.completed", "863ec8a756fe3b10dac6b6d1f6712345", payload("tropo", "outbound_call_and_ask_cpa")
    ),
    tropo("result", "turn.completed", None, payload("tropo", "actions_object")),
    tropo("result", "turn.completed", None, payload("tropo", "actions_array")),
    tropo("result", "conversation.ended", "s", result(state="DISCONNECTED"), sequence=2),
    tropo("result", "conversation.ended", "s", result(state="FAILED"), sequence=2),
    tropo("result", "conversation.ended", "s", result(callState="DISCONNECTED"), sequence=2),
    tropo("result", "turn.completed", "s", result(state="RINGING"), sequence=2),
    tropo("session", "conversation.started", "s", b'{"session":{"id":"s","timestamp":null}}', sequence=None),
    hub("conversation_created", "conversation.started", 1627063308000),
    hub("conversation_updated", "conversation.updated", 1627063378000),
    hub("conversation_status_changed", "conversation.ended", 1627063908000),
    hub("message_created", "message.received", 1627063368000),
    hub("message_updated", "message.updated", None),
    hub("webwidget_triggered", "widget.opened", 1627063308000),
    hub("conversation_status_changed", "conversation.updated", 1500, {"id": 10, "status": "open", "updated_at": 1.5}),
    hub("conversation_resolved", "conversation.ended", 9000, {"id": 10, "updated_at": 0, "last_activity_at": 9}),
    hub("conversation_opened", "conversation.updated", None, {"id": 10, "timestamp": 0}),
    hub("message_created", "note.added", None, {**NESTED, "id": 5, "private": True, "message_type": "outgoing"}),
    hub("message_created", "message.sent", None, {**NESTED, "id": 5, "private": False, "message_type": "outgoing"}),
    hub("message_created", "message.sent", None, {**NESTED, "id": 5, "message_type": "template"}),
    hub("message_created", "message.sent", None, {**NESTED, "id": 5, "message_type": 3}),
    hub("message_created", "message.received", None, {**NESTED, "id": 5, "message_type": 0}),
    hub("message_updated", "note.updated", None, {**NESTED, "private": True, "created_at": 9}),
    hub("webwidget_triggered", "widget.opened", None, {"id": 12, "current_conversation": None}),
    hub("contact_created", "contact.created", None, {"id": 14}),
    hub("contact_updated", "contact.updated", None, {"id": 14, "changed_attributes": None}),
    hub("inbox_created", "inbox.created", None, {}),
    hub("inbox_updated", "inbox.updated", None, {}),
    hub("conversation_typing_on", "typing.started", None, NESTED),
    hub("conversation_typing_off", "typing.stopped", None, NESTED),
    hub("automation_event.message_created", "automation.triggered", None, {"id": 10}),
    hub("automation_event.made_up", "automation.triggered", None, {"id": 10}),
    hub("macro.executed", "automation.triggered", None, {"id": 10}),
]


def describe(name: str, body: bytes, headers: dict[str, str] | None = None, *, repair: bool = True) -> Described:
    sent = {"content-type": FORM if name == "autopilot" else "application/json", **(headers or {})}
    return platform(name).describe(request(body, headers=sent), source(name, repair_backslashes=repair))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.type}")
def test_every_event_of_the_seeds_and_beyond_is_named(case):
    described = describe(case.platform, case.body, case.headers)
    assert described == Described(
        name=case.name,
        type=case.type,
        identity=case.identity,
        conversation_id=case.conversation,
        occurred_ms=case.occurred,
    )


def test_every_payload_file_is_one_of_the_cases():
    files = {path.read_bytes() for path in PAYLOADS.glob("*/*") if path.is_file()}
    assert len(files) == 20
    assert files <= {case.body for case in CASES}


FIXTURE_CASES = [
    ("messagehub", "chatwoot/chatwoot_docs_2021_conversation_status_changed.json", "conversation.updated", "10"),
    ("messagehub", "chatwoot/chatwoot_docs_2021_message_created.json", "message.received", "10"),
    ("messagehub", "chatwoot/chatwoot_docs_2021_webwidget_triggered.json", "widget.opened", None),
    ("messagehub", "chatwoot/waha_docs_message_created_outgoing.json", "message.sent", "5"),
    ("tropo", "tropo/php_result_transfer.json", "turn.completed", "26a5aa37ff9d14d11990a48865abb5d2"),
    ("tropo", "tropo/php_result_two_asks_same_name_xml.json", "turn.completed", "349e753764123e3b90245162a0f7758a"),
    ("tropo", "tropo/php_session_voice_mms.json", "conversation.started", "35b00c154f2fecacba37fad74e64a7e2"),
    ("tropo", "tropo/python_result_multi_ask_captured.json", "turn.completed", "d8d42bc7260e88983e72b94b2c5b8a28"),
    ("watsonx", "watson/DERIVED_message_logged_from_sdk_mock.json", "turn.completed", "session_id"),
]


@pytest.mark.skipif(
    not FIXTURES.exists(), reason="../shared/fixtures is not there: recorded examples that are not ours to hand on"
)
@pytest.mark.parametrize(("name", "file", "event_type", "conversation"), FIXTURE_CASES)
def test_every_stored_callback_is_named(name, file, event_type, conversation):
    described = describe(name, (FIXTURES / file).read_bytes(), repair=False)
    assert (described.status, described.type, described.conversation_id) == ("accepted", event_type, conversation)


@pytest.mark.parametrize(
    ("name", "body", "reason", "known_as"),
    [
        ("autopilot", b"Event=onSomethingNew&Sid=1", "unknown event name", "onSomethingNew"),
        ("autopilot", b"Sid=1", "no parameter Event", ""),
        ("autopilot", b"", "no parameter Event", ""),
        ("watsonx", b'{"event":{"name":"new_thing"},"payload":{}}', "unknown event name", "new_thing"),
        ("watsonx", b'{"event":"message_logged"}', "no event.name", ""),
        ("watsonx", b"{", "the body is not JSON", ""),
        ("watsonx", b"[]", "the body is not a JSON object", ""),
        ("watsonx", b'{"event":{"name":"message_logged"},"x":"\xe9"}', "the body is not UTF-8", ""),
        ("watsonx", b'{"a":' * 100_000, "the body is not JSON", ""),
        ("watsonx", b'{"a":' + b"1" * 5000 + b"}", "the body is not JSON", ""),
        ("messagehub", b'{"event":"Message_Created"}', "unknown event name", "Message_Created"),
        ("messagehub", b'{"event":"automation_event."}', "unknown event name", "automation_event."),
        (
            "messagehub",
            b'{"event":"message_created","message_type":"activity"}',
            "unknown message_type",
            "message_created",
        ),
        ("messagehub", b'{"event":"message_created","message_type":true}', "unknown message_type", "message_created"),
        ("messagehub", b'{"event":"message_created","message_type":{}}', "unknown message_type", "message_created"),
        ("messagehub", b'{"event":{"name":"message_logged"}}', "no event name", ""),
        ("messagehub", b"<html>", "the body is not JSON", ""),
        ("tropo", b'{"tropo":[]}', "neither a result nor a session", ""),
        ("tropo", b'{"result":[]}', "neither a result nor a session", ""),
        ("tropo", b"\x00\xff", "the body is not JSON", ""),
    ],
)
def test_genuine_but_odd_calls_are_unrecognised_with_a_reason(name, body, reason, known_as):
    described = describe(name, body)
    assert (described.status, described.type) == (UNRECOGNISED, "event.unrecognised")
    assert (described.reason, described.name) == (reason, known_as)


@pytest.mark.parametrize("name", ["message_received", "message_processed"])
def test_watsonxs_sibling_webhooks_are_told_apart_in_either_key_order(name):
    for body in (
        {"event": {"name": name}, "payload": {"session_id": "s"}, "options": {}},
        {"options": {}, "payload": {"session_id": "s"}, "event": {"name": name}},
    ):
        described = describe("watsonx", json.dumps(body).encode())
        assert described.status == UNRECOGNISED
        assert described.reason == "URL of a pre/post-message webhook; paste it under Log webhook"
        assert (described.name, described.conversation_id) == (name, "s")


def test_autopilot_names_are_known_in_any_case_and_kept_as_they_came():
    described = describe("autopilot", b"Event=ondialogueend")
    assert (described.name, described.type) == ("ondialogueend", "conversation.ended")


def test_autopilots_alias_for_the_translated_parameter_name():
    assert describe("autopilot", b"EventType=onDialogueEnd").type == "conversation.ended"


def test_an_autopilot_get_is_named_from_the_raw_query():
    query = payload("autopilot", "onDialogueTurn").decode()
    described = platform("autopilot").describe(request(method="GET", query=query), source("autopilot", "t"))
    assert (described.type, described.identity, described.conversation_id) == ("turn.completed", HASH, f"UK{HASH}")


def test_an_autopilot_body_that_is_no_form_is_unrecognised():
    sent = request(b'{"Event":"onDialogueEnd"}', headers={"content-type": "application/json"})
    assert platform("autopilot").describe(sent, source("autopilot", "t")).reason == "the body is not a form"


@pytest.mark.parametrize(
    ("text", "occurred"),
    [
        ("2019-09-09 13:45:00", 1568036700000),
        ("2019-09-09T13:45:00Z", 1568036700000),
        ("2019-09-09T15:45:00.250+02:00", 1568036700250),
        ("Mon, 09 Sep 2019 13:45:00 +0000", 1568036700000),
        ("Mon Sep 09 2019 19:15:00 GMT+0530 (भारतीय मानक समय)", 1568036700000),
        ("Mon Sep 09 2019 09:45:00 GMT-0400 (Eastern Daylight Time)", 1568036700000),
        ("1970-01-01T00:00:00Z", None),
        ("2019-09-09 13:45:00 UTC", 1568036700000),
        ("2019-09-09 13:45:00.5 UTC", 1568036700500),
        ("2019-09-09T13:45:00.123456789Z", 1568036700123),
        ("1568036700", 1568036700000),
        ("1568036700.25", 1568036700250),
        ("20190909", 1567987200000),
        ("0", None),
        ("yesterday", None),
        ("", None),
        ("Mon Xyz 09 2019 13:45:00 GMT+0000", None),
    ],
)
def test_dates_in_their_forms(text, occurred):
    assert (
        describe("autopilot", urlencode({"Event": "onDialogueEnd", "EventDate": text}).encode()).occurred_ms == occurred
    )


@pytest.mark.parametrize("moment", [0, -1, True, 1e308, 10**30, None, [], "1970-01-01T00:00:00Z"])
def test_a_zero_or_impossible_time_counts_as_absent(moment):
    body = json.dumps({"event": "conversation_created", "created_at": moment, "timestamp": 1627063308}).encode()
    assert describe("messagehub", body).occurred_ms == 1627063308000


def test_typing_on_off_on_has_no_identity_and_the_same_delivery_has():
    body = b'{"event":"conversation_typing_on","conversation":{"id":1}}'
    assert describe("messagehub", body).identity is None
    assert describe("messagehub", body, {"X-Chatwoot-Delivery": "d"}).identity == "d"


def test_conversations_and_calls_of_watsonx_fall_back_in_their_order():
    def conversation(**members: object) -> str | None:
        return describe(
            "watsonx", json.dumps({"event": {"name": "message_logged"}, "payload": members}).encode()
        ).conversation_id

    context = {"context": {"global": {"session_id": "c"}}}
    assert conversation(session_id="s", response=context) == "s"
    assert conversation(response=context) == "c"
    assert conversation(session_id="", request=context) == "c"
    assert conversation() is None
    call = {"event": {"name": "cdr_logged"}, "payload": {"global_session_id": "17465345_115257202@10.90.150.99"}}
    described = describe("watsonx", json.dumps(call).encode())
    assert described.conversation_id == described.identity == "17465345_115257202@10.90.150.99"


def test_tropo_in_iso_8859_1_is_read():
    body = '{"result":{"sessionId":"s","sequence":1,"actions":{"value":"café"}}}'.encode("iso-8859-1")
    assert describe("tropo", body).conversation_id == "s"


def test_tropo_with_raw_line_breaks_inside_strings_is_read_without_repair():
    assert describe("tropo", b'{"session":{"id":"s","headers":{"Via":"a\r\nb"}}}', repair=False).conversation_id == "s"


def test_the_printed_tropo_examples_need_the_named_repair():
    body = payload("tropo", "inbound_ask")
    assert describe("tropo", body, repair=False).status == UNRECOGNISED
    assert describe("tropo", body, repair=True).type == "turn.completed"


def test_backslashes_are_never_repaired_where_the_body_can_be_read():
    body = rb'{"result":{"value":"C:\\\\server"}}'
    assert tropo_naming.read(body, repair_backslashes=True) == {"result": {"value": r"C:\\server"}}


def test_tropo_calls_differ_by_sequence_and_by_body():
    assert describe("tropo", result()).identity == describe("tropo", result()).identity
    bodies = [result(), result(sequence=3), result(state="ANSWERED")]
    assert len({describe("tropo", body).identity for body in bodies}) == 3


def test_long_names_and_conversations_are_cut_and_identities_are_not():
    described = describe(
        "autopilot", urlencode({"Event": "é" * 500, "DialogueSid": "c" * 999, "Sid": "i" * 999}).encode()
    )
    assert described.name == "é" * 128
    assert described.conversation_id == "c" * 256
    assert described.identity == "i" * 999


def test_lone_surrogates_become_text_that_can_be_stored():
    described = describe("messagehub", b'{"event":"\\ud800","conversation":{"id":"\\udfff"}}')
    assert described.name.encode() == b"\\ud800"
    assert (described.conversation_id or "").encode() == b"\\udfff"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.text(st.characters(categories=["Cs"]), max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(PLATFORM_NAMES), st.binary(max_size=80), st.sampled_from(["POST", "GET"]), st.text(max_size=20))
def test_no_bytes_make_naming_raise(name, body, method, query):
    for content_type in (FORM, "application/json", "é", ""):
        sent = request(body, method=method, query=query, headers={"content-type": content_type})
        described = platform(name).describe(sent, source(name, repair_backslashes=True))
        described.name.encode()


@given(st.sampled_from(CASES), st.data())
def test_no_mutation_of_a_real_payload_makes_naming_raise(case, data):
    if case.platform == "autopilot" or case.body.startswith(b"{\n"):
        position = data.draw(st.integers(0, len(case.body)))
        mutated = case.body[:position] + data.draw(st.binary(max_size=4)) + case.body[position + 1 :]
    else:
        content = json.loads(case.body)
        target: Any = content
        while isinstance(target, dict) and target:
            key = data.draw(st.sampled_from(sorted(target)))
            if not isinstance(target[key], dict) or data.draw(st.booleans()):
                target[key] = data.draw(json_values)
                break
            target = target[key]
        mutated = json.dumps(content).encode()
    described = describe(case.platform, mutated, case.headers)
    for text in (described.name, described.identity or "", described.conversation_id or ""):
        text.encode()
