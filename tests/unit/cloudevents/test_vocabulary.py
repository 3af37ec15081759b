"""The same happening on four platforms is the same in the vocabulary; and what must never be said."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from cli.vocabulary.files import generated
from parley.cloudevents import fields, own, schemas
from parley.cloudevents.mapping import Row, rule
from parley.platforms import PLATFORM_NAMES, vocabulary
from parley.vocabulary import TYPES
from tests.unit.cloudevents import samples

USER = "14"
HUNGRY, WHEN, TOMORROW = "I am hungry", "For when?", "tomorrow"


def autopilot(event, **own_parameters):
    given = {"Event": event, "DialogueSid": "UK1", "UserIdentifier": USER, "Channel": "voice", **own_parameters}
    return samples.event_of("autopilot", urlencode(given).encode())


def watsonx(said, answered):
    context = {"integrations": {"channel": {"name": "Voice telephony"}}}
    payload = {
        "session_id": "s",
        "request": {"input": {"text": said}, "user_id": USER},
        "response": {"output": {"generic": [{"response_type": "text", "text": answered}]}, "context": context},
    }
    return samples.event_of("watsonx", json.dumps({"event": {"name": "message_logged"}, "payload": payload}).encode())


def watsonx_call():
    headers = {"from_uri": f"sip:{USER}@pstn.example.com"}
    payload = {"global_session_id": "s", "session_initiation_protocol": {"headers": headers}}
    return samples.event_of("watsonx", json.dumps({"payload": payload, "event": {"name": "cdr_logged"}}).encode())


def hub(name, **members):
    conversation = {"id": 10, "channel": "Channel::Voice", "meta": {"sender": {"id": int(USER)}}}
    if name.startswith("message"):
        members = {"id": 1, "conversation": {**conversation, "messages": [{"content": "another"}]}, **members}
    else:
        members = {**conversation, **members}
    return samples.event_of("messagehub", samples.hub(name, **members))


def tropo(**members):
    if "session" not in members:
        members = {"result": {"sessionId": "s", **members}}
    return samples.event_of("tropo", json.dumps(members).encode())


def heard(text):
    return {"state": "ANSWERED", "actions": {"name": "ask", "disposition": "SUCCESS", "utterance": text}}


CALLER = {"id": USER, "channel": "VOICE", "network": "SIP"}
# Step by step: what is said, and the events by which each platform says it.
SCRIPT = [
    ("start", None, None, [
        autopilot("onDialogueStart"),
        hub("conversation_created"),
        tropo(session={"id": "s", "from": CALLER}),
    ]),
    ("hungry", HUNGRY, WHEN, [
        autopilot("onDialogueTurn", CurrentInput=HUNGRY, AssistantResponse=WHEN),
        watsonx(HUNGRY, WHEN),
        hub("message_created", message_type="incoming", content=HUNGRY, sender={"id": 14}),
        hub("message_created", message_type="outgoing", content=WHEN, sender={"id": 7, "type": "user"}),
        tropo(**heard(HUNGRY)),
    ]),
    ("tomorrow", TOMORROW, None, [
        autopilot("onCollectAttempt", CurrentInput=TOMORROW, CollectFieldName="day", CollectOutput="2026-11-22"),
        watsonx(TOMORROW, ""),
        hub("message_created", message_type=0, content=TOMORROW, sender=None),
        tropo(**heard(TOMORROW)),
    ]),
    ("end", None, None, [
        autopilot("onDialogueEnd", DialogueEndReason="handoff"),
        watsonx_call(),
        hub("conversation_status_changed", status="resolved"),
        tropo(state="DISCONNECTED"),
    ]),
]  # fmt: skip
TYPES_OF_STEPS = {
    "start": {"conversation.started"},
    "hungry": {"turn.completed", "message.received", "message.sent"},
    "tomorrow": {"turn.completed", "question.answered", "message.received"},
    "end": {"conversation.ended", "call.completed"},
}


@pytest.mark.parametrize(("step", "said", "answered", "events"), SCRIPT, ids=lambda value: str(value)[:10])
def test_one_script_is_the_same_on_four_platforms(step, said, answered, events):
    for event in events:
        data = samples.rendered(event)["data"]
        assert event.type in TYPES_OF_STEPS[step]
        texts = {"input": said, "output": answered}
        if event.type == "message.received" or event.platform == "tropo":
            texts.pop("output")  # Tropo's result has what was heard, what was said is the team's own program
        if event.type == "message.sent":
            texts.pop("input")
        expected = {name: {"text": text} for name, text in texts.items() if text}
        assert {name: data[name] for name in ("input", "output") if name in data} == expected
        if event.platform == "tropo" and event.name == "result":
            assert "user" not in data  # the person and the channel are in the session, which has the same id
            assert data["conversation"]["id"] == "s"
        else:
            assert data["user"]["id"] == USER
            assert data["conversation"]["channel"] == "voice"


@pytest.mark.parametrize("name", ["message_created", "message_updated"])
@pytest.mark.parametrize("message_type", ["incoming", "outgoing", "template", 0, 1, 3, None])
@pytest.mark.parametrize("private", [True, "true", "True", 1])
def test_a_private_note_is_never_a_message(name, message_type, private):
    sender = {"id": 7, "type": "user"}
    event = hub(name, message_type=message_type, content="between us", private=private, sender=sender)
    data = samples.rendered(event)["data"]
    assert event.type in {"note.added", "note.updated"}
    assert data["note"] == {"text": "between us"}
    assert "input" not in data
    assert "output" not in data


@pytest.mark.parametrize("private", [False, "false", None, 0, ""])
def test_what_is_not_private_is_a_message(private):
    assert hub("message_created", message_type="outgoing", content="hi", private=private).type == "message.sent"


def test_text_never_comes_from_the_conversations_last_message():
    for label, event in samples.variants():
        data = samples.rendered(event)["data"]
        data.pop("original", None)
        assert "NOT THIS" not in json.dumps(data), label
        assert "Nobody" not in json.dumps(data), label


CONVERSIONS = [
    (fields.ID, 14, "14"),
    (fields.ID, "  ", None),
    (fields.ID, True, None),
    (fields.ID, "x" * 300, "x" * 256),
    (fields.TEXT, "", None),
    (fields.TEXT, " ", " "),
    (fields.TEXT, 4, "4"),
    (fields.TEXT, False, None),
    (fields.TEXT, ["a"], None),
    (fields.WHOLE, "3", 3),
    (fields.WHOLE, 3.0, 3),
    (fields.WHOLE, "3.5", None),
    (fields.WHOLE, "٣", None),
    (fields.WHOLE, True, None),
    (fields.WHOLE, 10**400, None),
    (fields.NUMBER, "17.784", 17.784),
    (fields.NUMBER, "1e5", None),
    (fields.NUMBER, float("nan"), None),
    (fields.FLAG, "true", True),
    (fields.FLAG, "False", False),
    (fields.FLAG, "yes", None),
    (fields.FLAG, 1, None),
    (fields.TIME, 1627063368, "2021-07-23T18:02:48.000Z"),
    (fields.TIME, "2021-07-23T20:02:48.739+02:00", "2021-07-23T18:02:48.739Z"),
    (fields.TIME, 0, None),
    (fields.TIME, "soon", None),
    (fields.PHONE, "+17736774656", "+17736774656"),
    (fields.PHONE, "pengxli", None),
    (fields.CHANNEL, "Channel::WebWidget", "web"),
    (fields.CHANNEL, "Channel::FacebookPage", "facebook"),
    (fields.CHANNEL, "Channel::TwilioSms", "sms"),
    (fields.CHANNEL, "Channel::Email", "email"),
    (fields.CHANNEL, "Channel::Carrier_Pigeon", "carrier_pigeon"),
    (fields.CHANNEL, "Web chat", "web"),
    (fields.CHANNEL, "SMS", "sms"),
    (fields.CHANNEL, "", None),
    (fields.CHANNEL, 3, None),
    (fields.OBJECT, {}, None),
    (fields.ANYTHING, 0, 0),
    (fields.ANYTHING, [], None),
    (fields.TEXTS, {"a": "b", "c": None, "d": ["e"]}, {"a": "b"}),
    (fields.TEXTS, {"c": None}, None),
    (fields.Each(fields.TEXT), ["a", None, "b"], ["a", "b"]),
    (fields.Each(fields.TEXT), "ab", None),
    (fields.Record({"a": fields.TEXT}), {"b": "c"}, None),
]


@pytest.mark.parametrize(("kind", "value", "converted"), CONVERSIONS, ids=lambda value: repr(value)[:24])
def test_what_converts_converts_and_the_rest_is_absent(kind, value, converted):
    found = kind.convert(value)
    assert found == converted
    assert type(found) is type(converted)


def test_a_rule_for_a_field_that_the_vocabulary_has_not_is_no_rule():
    for target in ("user.shoe_size", "person", "user.id.more"):
        with pytest.raises(KeyError):
            rule(target, "somewhere")


def test_every_row_says_which_events_it_is_for():
    for table in (*map(vocabulary, PLATFORM_NAMES), own.COMMON):
        for row in table.rows:
            assert isinstance(row, Row)
            assert row.events
            assert set(row.types) <= set(TYPES)


def test_the_page_and_the_schemas_are_what_the_tables_say():
    drifted = [str(path) for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]
    assert drifted == [], "run `make vocabulary`"
    assert {path.stem for path in schemas.FOLDER.iterdir()} == set(TYPES)
