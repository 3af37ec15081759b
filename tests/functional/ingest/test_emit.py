"""Own bots: a platform's callback body, checked strictly, completed, queued, answered with the event."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from standardwebhooks import Webhook as StandardWebhook

from functions.ingest import app
from parley.config_table import assistants
from parley.http import Request
from parley.platforms import platform
from parley.platforms.autopilot.models import EVENTS as AUTOPILOT_EVENTS
from parley.signing import callback as signing
from parley.signing import standard_webhooks
from parley.webhook import WebhookSecrets
from tests.functional.gateway import http_event
from tests.functional.ingest.test_ingest import ACCOUNT, PAYLOADS, World, body_of, sample
from tests.functional.stack import stack
from tests.unit.platforms.examples import webhook

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
START = {"Event": "onDialogueStart", "UserIdentifier": "+17736774656", "DialogueEntryPoint": "welcome-greeting"}
TURN = {"Event": "onDialogueTurn", "UserIdentifier": "+17736774656", "CurrentInput": "hi", "AssistantResponse": "yes?"}
MESSAGE: dict[str, Any] = {
    "event": {"name": "message_logged"},
    "payload": {
        "request": {"user_id": "u1", "input": {"message_type": "text", "text": "hi"}},
        "response": {"output": {"generic": [{"response_type": "text", "text": "hello"}]}},
    },
}
CALL: dict[str, Any] = {
    "event": {"name": "cdr_logged"},
    "payload": {"call": {"start_timestamp": "2021-10-12T20:54:02Z", "stop_timestamp": "2021-10-12T20:54:20.375Z"}},
}
HUB = {"event": "message_created", "id": 1, "message_type": "incoming", "content": "やあ", "conversation": {"id": 2}}
RESULT: dict[str, Any] = {
    "result": {"sessionId": "s1", "state": "ANSWERED", "actions": {"name": "color", "value": "blue"}}
}
SESSION = {"session": {"id": "s1"}}


class Bot(World):
    """The ingest world, called as the team's own bot does."""

    def emit(
        self,
        body: Any,
        *,
        content_type: str = JSON,
        query: str = "",
        key: str | None = None,
        scopes: str = "emit",
        assistant: str | None = None,
        account: str = ACCOUNT,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        if not isinstance(body, bytes):
            body = (urlencode(body) if content_type == FORM else json.dumps(body, ensure_ascii=False)).encode()
        given = [("Content-Type", content_type), *headers, *([("Idempotency-Key", key)] if key is not None else [])]
        authorizer = {"account": account, "scopes": scopes, "expires": str(int(time.time()) + 60), "token_id": "t"}
        path = f"/v1/Assistants/{assistant or self.assistant_sid}/Events"
        event = http_event("POST", path, query=query, headers=given, body=body, authorizer=authorizer)
        return self.handle(Request.from_event(event))


@pytest.fixture
def bot():
    with stack() as made:
        yield Bot(made)


def form_of(event: Any) -> dict[str, str]:
    return dict(parse_qsl(event.payload.decode(), keep_blank_values=True))


# --- what is filled in


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_an_autopilot_event_is_completed_as_the_seed_says(bot, content_type):
    answer = bot.emit(TURN, content_type=content_type)
    assert answer["statusCode"] == 201
    (event,) = bot.queued()
    params = form_of(event)
    assert {name: params[name] for name in TURN} == TURN
    filled = {name: value for name, value in params.items() if name not in TURN}
    assert set(filled) == {"Sid", "EventDate", "AccountSid", "AssistantSid", "DialogueSid", "Channel", "Fields"}
    assert re.fullmatch("[0-9a-f]{32}", filled["Sid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", filled["EventDate"])
    assert (filled["AccountSid"], filled["AssistantSid"]) == (ACCOUNT, bot.assistant_sid)
    assert re.fullmatch("UK[0-9a-f]{32}", filled["DialogueSid"])
    assert (filled["Channel"], filled["Fields"]) == ("api", "[]")
    assert (event.type, event.source_sid, event.content_type) == ("turn.completed", None, FORM)
    assert event.conversation_id == filled["DialogueSid"]
    assert abs(event.occurred_ms - event.received_ms) < 1000


def test_what_is_given_is_kept(bot):
    given = dict(parse_qsl(sample("autopilot", "onDialogueTurn").decode(), keep_blank_values=True))
    assert bot.emit(given, content_type=FORM)["statusCode"] == 201
    assert form_of(bot.queued()[0]) == given


@pytest.mark.parametrize(
    "date", ["2019-09-09 13:45:00", "2019-09-09T15:45:00.250+02:00", "Mon, 09 Sep 2019 13:45:00 GMT"]
)
def test_a_date_in_any_form_is_emitted_in_the_examples(bot, date):
    assert bot.emit({**TURN, "EventDate": date}, content_type=FORM)["statusCode"] == 201
    (event,) = bot.queued()
    assert form_of(event)["EventDate"] == "2019-09-09 13:45:00"
    assert event.occurred_ms == 1568036700000


@pytest.mark.parametrize("fields", ["", "[]", '{"fields":[]}', " ", "{}"])
def test_an_empty_fields_is_an_empty_array(bot, fields):
    assert bot.emit({**TURN, "Fields": fields}, content_type=FORM)["statusCode"] == 201
    assert form_of(bot.queued()[0])["Fields"] == "[]"


def test_json_values_travel_as_texts(bot):
    fields, memory = [{"name": "a", "type": "T", "value": 1}], {"name": "Johanna", "age": 3}
    assert bot.emit({**TURN, "Fields": fields, "Memory": memory})["statusCode"] == 201
    params = form_of(bot.queued()[0])
    assert (json.loads(params["Fields"]), json.loads(params["Memory"])) == (fields, memory)
    attempt = dict(parse_qsl(sample("autopilot", "onCollectAttempt").decode(), keep_blank_values=True))
    assert bot.emit({**attempt, "CollectAttempt": 1, "CollectSuccess": True})["statusCode"] == 201
    params = form_of(bot.queued()[1])
    assert (params["CollectAttempt"], params["CollectSuccess"]) == ("1", "true")


def test_one_person_is_one_dialogue_until_the_bot_says_otherwise(bot):
    for user in ("a", "a", "b"):
        bot.emit({**START, "UserIdentifier": user})
    one, again, other = (event.conversation_id for event in bot.queued())
    assert one == again != other


def test_the_event_names_case_becomes_autopilots(bot):
    assert bot.emit({**START, "Event": "ondialoguestart"})["statusCode"] == 201
    assert form_of(bot.queued()[0])["Event"] == "onDialogueStart"


def test_a_message_of_watsonx_is_completed(bot):
    assert bot.emit(MESSAGE)["statusCode"] == 201
    (event,) = bot.queued()
    payload = json.loads(event.payload)["payload"]
    assert {name: payload[name] for name in MESSAGE["payload"]} == MESSAGE["payload"]
    assert set(payload) - set(MESSAGE["payload"]) == {
        "log_id", "session_id", "assistant_id", "request_timestamp", "response_timestamp",
    }  # fmt: skip
    assert event.conversation_id == payload["session_id"]
    assert event.type == "turn.completed"


@pytest.mark.parametrize(
    ("body", "platform_name", "event_type"),
    [
        (CALL, "watsonx", "call.completed"),
        (HUB, "messagehub", "message.received"),
        ({"event": "conversation_created", "id": 3}, "messagehub", "conversation.started"),
        ({"event": "automation_event.message_created", "id": 3}, "messagehub", "automation.triggered"),
        (RESULT, "tropo", "turn.completed"),
        (SESSION, "tropo", "conversation.started"),
        (START, "autopilot", "conversation.started"),
    ],
)
def test_the_platform_is_told_by_the_events_name(bot, body, platform_name, event_type):
    assert bot.emit(body)["statusCode"] == 201
    (event,) = bot.queued()
    assert (event.platform, event.type, event.status) == (platform_name, event_type, "accepted")


def test_platform_and_event_may_stand_in_the_query(bot):
    nameless = {name: value for name, value in START.items() if name != "Event"}
    assert bot.emit(nameless, query="Platform=autopilot&Event=onDialogueStart")["statusCode"] == 201
    assert bot.emit({"payload": MESSAGE["payload"]}, query="Event=message_logged")["statusCode"] == 201
    assert bot.emit({k: v for k, v in HUB.items() if k != "event"}, query="Event=message_created")["statusCode"] == 201
    assert [event.name for event in bot.queued()] == ["onDialogueStart", "message_logged", "message_created"]


def test_the_platform_in_the_body_is_not_sent_on(bot):
    assert bot.emit({**HUB, "Platform": "messagehub"})["statusCode"] == 201
    assert bot.emit({**START, "Platform": "autopilot"}, content_type=FORM)["statusCode"] == 201
    assert not [event for event in bot.queued() if b"Platform" in event.payload]


def test_a_form_carries_a_json_callback_in_payload(bot):
    form = {"Platform": "messagehub", "Event": "message_created", "Payload": json.dumps(HUB)}
    assert bot.emit(form, content_type=FORM)["statusCode"] == 201
    (event,) = bot.queued()
    assert event.content_type == JSON
    assert json.loads(event.payload).items() >= HUB.items()


EXAMPLES = [(folder.name, path) for folder in sorted(PAYLOADS.iterdir()) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize(("name", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", value))
def test_every_example_of_the_seeds_can_be_emitted(bot, name, path):
    if name == "tropo":
        body = re.sub(rb"\s*\n\s*", b" ", path.read_bytes().replace(b"\\" * 4, b"\\"))
        content = json.loads(body)
        content["result"] = {"sessionId": "s", "state": "ANSWERED", **content["result"]}
        body = json.dumps(content).encode()
    else:
        body = path.read_bytes()
    answer = bot.emit(body, content_type=FORM if name == "autopilot" else JSON, query=f"Platform={name}")
    assert answer["statusCode"] == 201, answer["body"]


# --- what is refused, field by field


REQUIRED = {
    "onDialogueStart": "DialogueEntryPoint",
    "onDialogueTurn": "CurrentInput AssistantResponse",
    "onDialogueEnd": "DialogueEndReason",
    "onDialogueTaskStart": "InvocationMethod",
    "onDialogueTaskEnd": "TaskEndReason",
    "onCollectAttempt": (
        "CollectName CollectSid CollectFieldType CollectAttempt CollectFieldFilled CollectFieldName CollectSuccess "
        "CollectValidation CurrentInput CollectOutput"
    ),
    "onActionsFetch": "ActionsUrl ActionsMethod ActionsHttpResponse ActionsValidation",
}


@pytest.mark.parametrize("name", AUTOPILOT_EVENTS)
def test_a_missing_parameter_of_the_events_own_is_named(bot, name):
    given = dict(parse_qsl(sample("autopilot", name).decode(), keep_blank_values=True))
    required = REQUIRED[name].split()
    message = body_of(bot.emit({"Event": name}))["message"]
    assert "UserIdentifier: it is missing" in message
    for key in (*required, "UserIdentifier"):
        assert f"{key}: it is missing" in message
        answer = bot.emit({k: v for k, v in given.items() if k != key})
        assert (answer["statusCode"], body_of(answer)["message"]) == (400, f"{key}: it is missing")
    assert bot.queued() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"Sid": "EV1"}, "Sid"),
        ({"AccountSid": "nobody"}, "AccountSid"),
        ({"AssistantSid": "AC" + "0" * 32}, "AssistantSid"),
        ({"DialogueSid": "UA" + "0" * 32}, "DialogueSid"),
        ({"EventDate": "yesterday"}, "EventDate"),
        ({"Memory": "{"}, "Memory"),
        ({"Memory": "[]"}, "Memory"),
        ({"Fields": "no"}, "Fields"),
        ({"UserIdentifier": ""}, "UserIdentifier"),
        ({"Channel": " "}, "Channel"),
        ({"CurentTask": "x"}, "CurentTask"),
        ({"CollectName": "x"}, "CollectName"),
        ({"DialoguePayloadUrl": "ftp://x"}, "DialoguePayloadUrl"),
        ({"Event": "onDialogueTwist"}, "Event"),
    ],
)
def test_a_wrong_autopilot_parameter_is_named(bot, change, field):
    answer = bot.emit({**TURN, **change}, query="Platform=autopilot")
    assert answer["statusCode"] == 400
    said = body_of(answer)
    assert set(said) == {"code", "message", "more_info", "status"}
    assert (said["code"], said["status"]) == (20001, 400)
    assert said["message"].startswith(f"{field}: ")
    assert bot.queued() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"CollectAttempt": "one"}, "CollectAttempt"),
        ({"CollectSuccess": "yes"}, "CollectSuccess"),
        ({"CollectSid": "1"}, "CollectSid"),
    ],
)
def test_a_wrong_collect_parameter_is_named(bot, change, field):
    given = dict(parse_qsl(sample("autopilot", "onCollectAttempt").decode(), keep_blank_values=True))
    assert body_of(bot.emit({**given, **change}))["message"].startswith(f"{field}: ")


NESTINGS = [  # in a member, the opening and closing of a step, its levels
    ("custom", "[", "]", 1),
    ("custom", '{"a":', "}", 1),
    ("conversation", '{"id":5,"messages":[{"conversation":', "}]}", 3),
]


def nested(member: str, opening: str, closing: str, steps: int) -> bytes:
    deep = opening * steps + '{"id":5}' + closing * steps
    return json.dumps({**HUB, member: 0}).replace(f'"{member}": 0', f'"{member}": {deep}').encode()


def test_what_is_nested_deeper_than_any_platform_nests_is_refused_and_never_an_error_of_ours(bot):
    for member, opening, closing, per_step in NESTINGS:
        assert bot.emit(nested(member, opening, closing, 97 // per_step))["statusCode"] == 201
        for levels in (101, 300, 600, 900, *range(960, 1_000, 3), 100_000):
            answer = bot.emit(nested(member, opening, closing, levels // per_step))
            assert answer["statusCode"] == 400
            assert body_of(answer)["message"].startswith("body: it is n")
    deep_memory = {**TURN, "Memory": '{"a":' * 20_000 + "1" + "}" * 20_000}
    assert body_of(bot.emit(deep_memory, content_type=FORM))["message"].startswith("Memory: ")


def without(value: dict[str, Any], path: str) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    if not rest:
        return {name: member for name, member in value.items() if name != first}
    return {**value, first: without(value[first], rest)}


@pytest.mark.parametrize(
    ("body", "path", "field"),
    [
        (MESSAGE, "payload", "payload"),
        (MESSAGE, "payload.request.input", "payload.request.input"),
        (MESSAGE, "payload.request.user_id", "payload.request.user_id"),
        (MESSAGE, "payload.response.output", "payload.response.output"),
        (CALL, "payload.call.stop_timestamp", "payload.call.stop_timestamp"),
        (HUB, "id", "id"),
        (HUB, "content", "content"),
        (HUB, "conversation.id", "conversation.id"),
        ({"event": "contact_created", "id": 1}, "id", "id"),
        ({"event": "webwidget_triggered", "contact": {}, "source_id": "s"}, "source_id", "source_id"),
        (RESULT, "result.sessionId", "result.sessionId"),
        (SESSION, "session.id", "session.id"),
    ],
)
def test_a_missing_member_is_named(bot, body, path, field):
    answer = bot.emit(without(body, path))
    assert (answer["statusCode"], body_of(answer)["message"]) == (400, f"{field}: it is missing")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**HUB, "id": "1"}, "id"),
        ({**HUB, "message_type": "activity"}, "body"),
        ({**HUB, "sender": {"id": "x"}}, "sender.id"),
        ({**HUB, "created_at": "soon"}, "created_at"),
        ({"result": {**RESULT["result"], "sequence": "one"}}, "result.sequence"),
        ({"result": {**RESULT["result"], "actions": {"confidence": "high"}}}, "result.actions.0.confidence"),
        ({"event": {"name": "cdr_logged"}, "payload": {"call": {"start_timestamp": "x", "stop_timestamp": 1}}}, None),
        ({"event": {"name": "message_received"}, "payload": {}}, "Platform"),
        ({}, "Platform"),
    ],
)
def test_a_wrong_member_is_named(bot, body, field):
    answer = bot.emit(body)
    assert answer["statusCode"] == 400
    assert body_of(answer)["message"].startswith(f"{field or 'payload.call.start_timestamp'}: ")
    assert bot.queued() == []


@pytest.mark.parametrize(
    ("body", "content_type", "query", "field"),
    [
        (b"{", JSON, "", "body"),
        (b"[]", JSON, "", "body"),
        (b'{"a":NaN}', JSON, "", "body"),
        (b'{"a":"\\ud800"}', JSON, "", "body"),
        (b"\xff", JSON, "", "body"),
        (b"[" * 50_000, JSON, "", "body"),
        (b"Event=%FF", FORM, "", "body"),
        (b"Event=a&Event=b", FORM, "", "Event"),
        (b"a&" * 200, FORM, "", "body"),
        (b"Payload=x", FORM, "", "Payload"),
        (b"Payload={}&Other=1", FORM, "", "Other"),
        (b"x", "text/plain", "", "Content-Type"),
        (b"{}", JSON, "Platform=os", "Platform"),
        (b'{"Platform":"tropo"}', JSON, "Platform=watsonx", "Platform"),
        (b'{"Platform":[]}', JSON, "", "Platform"),
        (b"{}", JSON, "Nothing=1", "Nothing"),
        (b'{"event":"message_created"}', JSON, "Event=message_updated", "event"),
    ],
)
def test_an_unreadable_request_is_a_400_that_says_where(bot, body, content_type, query, field):
    answer = bot.emit(body, content_type=content_type, query=query)
    assert answer["statusCode"] == 400
    assert body_of(answer)["message"].startswith(f"{field}: ")
    assert bot.queued() == []


def test_an_empty_or_endless_idempotency_key_is_refused(bot):
    for key in ("", "k" * 256):
        assert body_of(bot.emit(START, key=key))["message"].startswith("Idempotency-Key: ")


def test_too_large_is_413(bot):
    huge = {**HUB, "content": "x" * (4 * 1024 * 1024)}
    assert bot.emit(huge)["statusCode"] == 413
    assert bot.queued() == []


# --- who may


def test_only_the_scope_emit_may(bot):
    assert bot.emit(START, scopes="read write replay")["statusCode"] == 403
    assert bot.emit(START, scopes="read emit")["statusCode"] == 201


def test_another_accounts_assistant_is_not_found(bot):
    assert bot.emit(START, account="AC" + "b" * 32)["statusCode"] == 404
    assert bot.emit(START, assistant="nobody")["statusCode"] == 404
    assert bot.emit(START, assistant="bot")["statusCode"] == 201
    assert len(bot.queued()) == 1


def test_an_expired_token_is_refused_though_the_gateway_remembers_it(bot):
    path = f"/v1/Assistants/{bot.assistant_sid}/Events"
    authorizer = {"account": ACCOUNT, "scopes": "emit", "expires": str(int(time.time()) - 1), "token_id": "t"}
    event = http_event("POST", path, headers=[("Content-Type", JSON)], body=b"{}", authorizer=authorizer)
    assert bot.handle(Request.from_event(event))["statusCode"] == 401


# --- the answer, and repeats


def test_the_answer_is_the_event(bot):
    answer = body_of(bot.emit(START))
    (event,) = bot.queued()
    assert answer["sid"] == event.sid
    assert (answer["event"], answer["type"], answer["platform"]) == (
        "onDialogueStart",
        "conversation.started",
        "autopilot",
    )
    assert (answer["source_sid"], answer["status"], answer["size_bytes"]) == (None, "accepted", len(event.payload))
    assert answer["url"].endswith(f"/v1/Assistants/{bot.assistant_sid}/Events/{event.sid}")


REPEATS: list[tuple[Any, dict[str, Any]]] = [
    (START, {"key": "once"}),
    ({**START, "Sid": "f" * 32}, {}),
    ({**MESSAGE, "payload": {**MESSAGE["payload"], "log_id": "l-1"}}, {}),
    ({**CALL, "payload": {**CALL["payload"], "global_session_id": "g-1"}}, {}),
    (HUB, {"headers": (("X-Chatwoot-Delivery", "d-1"),)}),
    (HUB, {"key": "鍵"}),
    (RESULT, {}),
]


@pytest.mark.parametrize(("body", "more"), REPEATS)
def test_the_same_id_twice_is_200_with_the_first_events_sid(bot, body, more):
    first, second = bot.emit(body, **more), bot.emit(body, **more)
    assert (first["statusCode"], second["statusCode"]) == (201, 200)
    assert body_of(first)["sid"] == body_of(second)["sid"]
    assert body_of(first)["date_created"] == body_of(second)["date_created"]
    assert len({event.sid for event in bot.queued()}) == 1


def test_without_an_id_equal_bodies_are_two_events(bot):
    answers = [bot.emit(body) for body in (START, START, HUB, HUB, MESSAGE, MESSAGE)]
    assert {answer["statusCode"] for answer in answers} == {201}
    assert len({event.sid for event in bot.queued()}) == 6


def test_another_key_or_assistant_is_another_event(bot):
    other = assistants.create(
        bot.stack.dynamodb, bot.stack.config_table, account_sid=ACCOUNT, unique_name="o", now_ms=1
    )
    answers = [bot.emit(START, key="a"), bot.emit(START, key="b"), bot.emit(START, key="a", assistant=other.sid)]
    assert [answer["statusCode"] for answer in answers] == [201, 201, 201]
    assert len({body_of(answer)["sid"] for answer in answers}) == 3


def test_what_the_queue_does_not_take_is_not_remembered(bot):
    class Broken:
        def send_message(self, **_arguments: Any) -> None:
            raise bot.stack.sqs.exceptions.ClientError({"Error": {"Code": "Throttled"}}, "SendMessage")

    bot.handle = app.build(bot.settings, bot.stack.dynamodb, Broken())  # type: ignore[arg-type]
    assert bot.emit(START, key="k")["statusCode"] == 503
    bot.handle = app.build(bot.settings, bot.stack.dynamodb, bot.stack.sqs)
    assert bot.emit(START, key="k")["statusCode"] == 201


def test_an_emitted_event_becomes_a_native_callback_that_verifies(bot):
    bot.emit(TURN)
    (event,) = bot.queued()
    hook, chosen = webhook(), platform("autopilot")
    callback = chosen.native(event, hook)
    secrets = WebhookSecrets(("a webhook secret",), {})
    headers = signing.sign(callback, hook, secrets, chosen, delivery_sid="DL" + "0" * 32, now_seconds=int(time.time()))
    key = standard_webhooks.receiver_secret("a webhook secret")
    StandardWebhook(key).verify(callback.body, headers, json_parse=False)
    assert dict(parse_qsl(callback.body.decode()))["WebhookSid"] == hook.sid


def test_a_platforms_call_does_not_import_what_only_bots_need():
    code = "import sys, functions.ingest.app; print('\\n'.join(sys.modules))"
    listing = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not {"pydantic", "functions.ingest.emit", "parley.config_table.assistants"} & set(listing.stdout.split())
