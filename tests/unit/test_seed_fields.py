"""Every field that the four documents name: line, model, name on the wire, the document's example, what it reads as,
and what absence reads as.

`fields(seed, model, (line, name, example[, what it reads as[, what absence reads as]]), …)`. Where the documents are
beside this clone, each line is looked up in them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from parley.platforms.autopilot import models as autopilot
from parley.platforms.messagehub import models as hub
from parley.platforms.tropo import models as tropo
from parley.platforms.watsonx import models as watsonx

if TYPE_CHECKING:
    from parley.platforms.view import View

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
HEX = "f60e7708db371f4005c432c1f038a6fc"
LATER = 4  # an example may stand on its own line, so many lines behind the name at most


class Row(NamedTuple):
    seed: int
    line: int
    model: type[View]
    name: str
    sent: Any
    read: Any
    absent: Any


def fields(seed: int, model: type[View], *given: tuple[Any, ...]) -> list[Row]:
    rows = []
    for line, name, sent, *more in given:
        read = more[0] if more else sent
        rows.append(Row(seed, line, model, name, sent, read, more[1] if len(more) > 1 else None))
    return rows


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # microseconds too


FIELDS_JSON = (
    '{ "fields":[{ "name":"reservation_date", "type":"Twilio.DATE", "value":"2019-04-16" },'
    '{ "name":"reservation_time", "type":"reservation_time", "value":"14:00" }] }'
)
RECOGNISED = [
    autopilot.RecognisedField(name="reservation_date", type="Twilio.DATE", value="2019-04-16"),
    autopilot.RecognisedField(name="reservation_time", type="reservation_time", value="14:00"),
]

AUTOPILOT = [
    *fields(
        0,
        autopilot.AutopilotEvent,
        (164, "Sid", HEX),
        (167, "EventDate", "2019-09-09 13:45:00", at(2019, 9, 9, 13, 45)),
        (170, "WebhookSid", "UM" + HEX),
        (173, "Event", "onDialogueStart"),
        (176, "AccountSid", "AC" + HEX),
        (179, "AssistantSid", "UA" + HEX),
        (182, "DialogueSid", "UK" + HEX),
        (185, "UserIdentifier", "+17736774656"),
        (188, "CurrentTask", "make-reservation"),
        (191, "Language", "en-US"),
        (194, "DialoguePayloadUrl", f"https://autopilot.twilio.com/../UK{HEX}"),
        (197, "Memory", '{ "name":"Johanna" }', {"name": "Johanna"}),
        (200, "Channel", "voice"),
    ),
    *fields(0, autopilot.DialogueStart, (208, "DialogueEntryPoint", "welcome-greeting")),
    *fields(
        0,
        autopilot.DialogueTurn,
        (215, "CurrentInput", "I'm hungry"),
        (218, "Fields", FIELDS_JSON, RECOGNISED, []),
        (221, "AssistantResponse", ""),
    ),
    *fields(
        0,
        autopilot.RecognisedField,
        (220, "name", "reservation_date"),
        (220, "type", "Twilio.DATE"),
        (220, "value", "2019-04-16"),
    ),
    *fields(0, autopilot.DialogueEnd, (228, "DialogueEndReason", "handoff")),
    *fields(0, autopilot.DialogueTaskStart, (236, "InvocationMethod", "listen")),
    *fields(0, autopilot.DialogueTaskEnd, (244, "TaskEndReason", "handoff")),
    *fields(
        0,
        autopilot.CollectAttempt,
        (252, "CollectName", "ask_reservation_details"),
        (255, "CollectSid", "UL" + HEX),
        (258, "CollectFieldType", "Twilio.DATE"),
        (261, "CollectAttempt", "1", 1),
        (264, "CollectFieldFilled", "true", True),
        (267, "CollectFieldName", "reservation_date"),
        (270, "CollectSuccess", "true", True),
        (273, "CollectErrorMessage", "Invalid Date"),
        (276, "CollectValidation", "true", True),
        (279, "CurrentInput", "tomorrow"),
        (282, "CollectOutput", "2019-04-15"),
    ),
    *fields(
        0,
        autopilot.ActionsFetch,
        (289, "ActionsUrl", "https://www.example.com/autopilot"),
        (292, "ActionsMethod", "POST"),
        (295, "ActionsHttpResponse", "200", 200),
        (298, "ActionsValidation", "valid"),
        (301, "ActionsError", '"actions should NOT have additional properties"'),
    ),
]

CALL = {
    "sessionId": "be9610c12d60ae8c99f0fbf554212345", "callId": "8986b9d9252c0b0ea6acf76fdb212345", "userType": "NONE",
    "state": "ANSWERED", "sessionDuration": 12, "sequence": 1, "complete": True, "error": None,
    "calledid": "0901234XXXX",
}  # fmt: skip

TROPO = [
    *fields(1, tropo.Body, (71, "result", {}, tropo.Result())),
    *fields(
        1,
        tropo.Result,
        (18, "actions", {"name": "pin"}, [tropo.Action(name="pin")], []),
        (33, "callId", "9a9cd46c961fc631068557eb7b812345"),
        (36, "required", False, False, True),
        (39, "calledID", "0901234XXXX"),
        (42, "complete", True),
        (45, "error", "busy"),
        (48, "sequence", 1, 1, 0),
        (51, "duration", 30, 30, 0),
        (54, "connectedDuration", 20, 20, 0),
        (57, "sessionDuration", 6, 6, 0),
        (60, "sessionId", "f4140488a0036e725e112f4c74c12345"),
        (63, "state", "ANSWERED"),
        (74, "userType", "NONE"),
        (80, "calledid", "0901234XXXX"),
        (113, "_call", CALL, tropo.CallState.model_validate(CALL)),
    ),
    *fields(
        1,
        tropo.Action,
        (21, "name", "account_number"),
        (22, "attempts", 1),
        (23, "disposition", "SUCCESS"),
        (24, "confidence", 100),
        (25, "interpretation", "12345"),
        (26, "value", "blue"),
        (27, "concept", "12345"),
        (28, "xml", "<?xml version"),
        (30, "utterance", "1 2 3 4 5"),
        (51, "duration", 30, 30, 0),
        (54, "connectedDuration", 20, 20, 0),
        (127, "sessionId", CALL["sessionId"]),
        (128, "callId", CALL["callId"]),
        (129, "userType", "NONE"),
        (130, "state", "ANSWERED"),
        (131, "sessionDuration", 12, 12, 0),
        (132, "sequence", 1, 1, 0),
        (133, "complete", True),
        (134, "error", None),
        (135, "calledid", "0901234XXXX"),
        (136, "_call", CALL, tropo.CallState.model_validate(CALL)),
    ),
    *fields(
        1,
        tropo.CallState,
        (114, "sessionId", CALL["sessionId"]),
        (115, "callId", CALL["callId"]),
        (184, "userType", "HUMAN"),
        (117, "state", "ANSWERED"),
        (118, "sessionDuration", 12, 12, 0),
        (119, "sequence", 1, 1, 0),
        (120, "complete", True),
        (121, "error", None),
        (122, "calledid", "0901234XXXX"),
    ),
]

STREAM_ID = "b74f3689-1ae8-4a0a-bde3-adf5b488553e"
WATSONX = [
    *fields(
        2,
        watsonx.Envelope,
        (108, "event", {"name": "x"}, watsonx.EventName(name="x")),
        (111, "payload", {}, {}, {}),
    ),
    *fields(2, watsonx.EventName, (109, "name", "message_logged")),
    *fields(
        2,
        watsonx.MessageLogged,
        (122, "request", {}, watsonx.MessageRequest()),
        (122, "response", {}, watsonx.MessageResponse()),
    ),
    *fields(
        2,
        watsonx.CdrLogged,
        (131, "primary_phone_number", "+18005550123"),
        (132, "global_session_id", "9caa8bad-aaa8-4a5a-a4b5-62bccc703d15"),
        (133, "failure_occurred", False),
        (134, "transfer_occurred", False),
        (135, "active_calls", 0),
        (136, "warnings_and_errors", [{}], [watsonx.CallWarning()], []),
        (146, "realtime_transport_network_summary", {}, watsonx.NetworkSummary()),
        (164, "call", {}, watsonx.Call()),
        (176, "session_initiation_protocol", {}, watsonx.SessionInitiation()),
        (185, "max_response_milliseconds", {}, watsonx.MaxResponse()),
        (190, "assistant_interaction_summaries", [{}], [watsonx.InteractionSummary()], []),
    ),
    *fields(
        2,
        watsonx.CallWarning,
        (138, "code", "CWSMR0033W"),
        (139, "message", "CWSMR0033W: The inbound RTP audio stream jitter of 43 ms exceeds the maximum jitter"),
    ),
    *fields(
        2,
        watsonx.NetworkSummary,
        (147, "inbound_stream", {}, watsonx.Stream()),
        (155, "outbound_stream", {}, watsonx.Stream()),
    ),
    *fields(
        2,
        watsonx.Stream,
        (148, "average_jitter", 4, 4.0),
        (149, "canonical_name", STREAM_ID),
        (150, "maximum_jitter", 18, 18.0),
        (151, "packets_lost", 0),
        (152, "packets_transmitted", 952),
        (153, "tool_name", ""),
        (156, "average_jitter", 0, 0.0),
        (157, "canonical_name", "voice.gateway"),
        (158, "maximum_jitter", 0, 0.0),
        (159, "packets_lost", 0),
        (160, "packets_transmitted", 838),
        (161, "tool_name", "IBM Voice Gateway/1.0.7.0"),
    ),
    *fields(
        2,
        watsonx.Call,
        (165, "start_timestamp", "2021-10-12T20:54:02.591Z", at(2021, 10, 12, 20, 54, 2, 591000)),
        (166, "stop_timestamp", "2021-10-12T20:54:20.375Z", at(2021, 10, 12, 20, 54, 20, 375000)),
        (167, "milliseconds_elapsed", 17784),
        (168, "outbound", False),
        (169, "end_reason", "assistant_hangup"),
        (170, "security", {}, watsonx.Security()),
    ),
    *fields(
        2,
        watsonx.Security,
        (171, "media_encrypted", False),
        (172, "signaling_encrypted", False),
        (173, "sip_authenticated", False),
    ),
    *fields(
        2,
        watsonx.SessionInitiation,
        (177, "invite_arrival_time", "2021-10-12T20:54:00.565Z", at(2021, 10, 12, 20, 54, 0, 565000)),
        (178, "setup_milliseconds", 2026),
        (179, "headers", {}, watsonx.SipHeaders()),
    ),
    *fields(
        2,
        watsonx.SipHeaders,
        (180, "call_id", "17465345_115257202@10.90.150.99"),
        (181, "from_uri", "sip:+18885550456@pstn.twilio.com"),
        (182, "to_uri", "sip:+18005550123@public.voip.us-south.assistant.test.watson.cloud.ibm.com"),
    ),
    *fields(
        2,
        watsonx.MaxResponse,
        (186, "assistant", 339),
        (187, "text_to_speech", 535),
        (188, "speech_to_text", 0),
    ),
    *fields(
        2,
        watsonx.InteractionSummary,
        (192, "session_id", "7874ec3a-1330-4180-afe1-46bfb220af5b"),
        (193, "assistant_id", "97f16ba4-ad94-41af-aa6c-33cd56ad5e7e"),
        (194, "turns", [{}], [watsonx.Turn()], []),
    ),
    *fields(
        2,
        watsonx.Turn,
        (196, "assistant", {}, watsonx.TurnAssistant()),
        (201, "request", {}, watsonx.TurnRequest()),
        (204, "response", [{}], [watsonx.TurnResponse()], []),
    ),
    *fields(
        2,
        watsonx.TurnAssistant,
        (197, "log_id", "58bebfd1-0118-419b-a555-b152a1efbbe8"),
        (198, "response_milliseconds", 339),
        (199, "start_timestamp", "2021-10-12T20:54:00.722Z", at(2021, 10, 12, 20, 54, 0, 722000)),
    ),
    *fields(2, watsonx.TurnRequest, (202, "type", "start"), (224, "type", "dtmf"), (262, "type", "hangup")),
    *fields(
        2,
        watsonx.TurnResponse,
        (206, "barge_in_occurred", True),
        (207, "streaming_statistics", {}, watsonx.Streaming()),
        (213, "type", "text_to_speech"),
        (228, "type", "disable_speech_barge_in"),
        (241, "type", "enable_speech_barge_in"),
    ),
    *fields(
        2,
        watsonx.Streaming,
        (208, "response_milliseconds", 301),
        (209, "start_timestamp", "2021-10-12T20:54:00.722Z", at(2021, 10, 12, 20, 54, 0, 722000)),
        (210, "stop_timestamp", "2021-10-12T20:54:01.023Z", at(2021, 10, 12, 20, 54, 1, 23000)),
        (211, "transaction_id", "3dce431c-fb2f-4b62-9fce-585f4e06fe00"),
    ),
]

# The MessageHub page gives types in place of examples: a value of each.
SECONDS, ISO = 1627063308, "2021-07-23T18:01:48.000Z"
WHEN = at(2021, 7, 23, 18, 1, 48)
CHANGE = [{"status": {"current_value": "open", "previous_value": "pending"}}]
MESSAGEHUB = [
    *fields(3, hub.Account, (28, "id", 1), (29, "name", "text")),
    *fields(3, hub.Inbox, (37, "id", 1), (38, "name", "text")),
    *fields(
        3,
        hub.Person,
        (46, "id", 1),
        (47, "name", "text"),
        (48, "avatar", "text"),
        (49, "type", "contact"),
        (50, "account", {}, hub.Account()),
        (60, "id", 1),
        (61, "name", "text"),
        (62, "email", "text"),
        (63, "type", "user"),
        (130, "type", "contact"),
    ),
    *fields(
        3,
        hub.Conversation,
        (71, "additional_attributes", {}, hub.ConversationAttributes()),
        (84, "can_reply", True),
        (85, "channel", "text"),
        (86, "id", 1),
        (87, "inbox_id", 1),
        (88, "contact_inbox", {}, hub.ContactInbox()),
        (97, "messages", [{}], [hub.Message()], []),
        (100, "meta", {}, hub.Meta()),
        (108, "status", "text"),
        (109, "unread_count", 1),
        (110, "agent_last_seen_at", SECONDS, WHEN),
        (111, "contact_last_seen_at", SECONDS, WHEN),
        (112, "timestamp", SECONDS, WHEN),
        (113, "account_id", 1),
    ),
    *fields(
        3,
        hub.ConversationAttributes,
        (72, "browser", {}, hub.Browser()),
        (79, "referer", "text"),
        (80, "initiated_at", {}, hub.InitiatedAt()),
    ),
    *fields(
        3,
        hub.Browser,
        (73, "device_name", "text"),
        (74, "browser_name", "text"),
        (75, "platform_name", "text"),
        (76, "browser_version", "text"),
        (77, "platform_version", "text"),
        (246, "browser_name", "text"),
        (247, "browser_version", "text"),
        (248, "device_name", "text"),
        (249, "platform_name", "text"),
        (250, "platform_version", "text"),
    ),
    *fields(
        3,
        hub.InitiatedAt,
        (81, "timestamp", ISO, WHEN),
        (240, "timestamp", "Fri Jul 23 2021 23:31:48 GMT+0530 (India Standard Time)", WHEN),
    ),
    *fields(
        3,
        hub.ContactInbox,
        (89, "id", 1),
        (90, "contact_id", 1),
        (91, "inbox_id", 1),
        (92, "source_id", "text"),
        (93, "created_at", ISO, WHEN),
        (94, "updated_at", ISO, WHEN),
        (95, "hmac_verified", False),
    ),
    *fields(3, hub.Meta, (101, "sender", {}, hub.Person()), (104, "assignee", {}, hub.Person())),
    *fields(
        3,
        hub.Message,
        (121, "id", 1),
        (122, "content", "text"),
        (123, "message_type", 0),
        (124, "created_at", SECONDS, WHEN),
        (125, "private", False),
        (126, "source_id", None),
        (126, "source_id", "text"),
        (127, "content_type", "text"),
        (128, "content_attributes", {}, {}, {}),
        (129, "sender", {}, hub.Person()),
        (133, "account", {}, hub.Account()),
        (136, "conversation", {}, hub.Conversation()),
        (139, "inbox", {}, hub.Inbox()),
    ),
    *fields(
        3,
        hub.ConversationEvent,
        (166, "event", "conversation_created"),
        (175, "event", "conversation_updated"),
        (
            176,
            "changed_attributes",
            CHANGE,
            [{"status": hub.Change(current_value="open", previous_value="pending")}],
            [],
        ),
        (196, "event", "conversation_status_changed"),
    ),
    *fields(3, hub.Change, (179, "current_value", ""), (180, "previous_value", "")),
    *fields(3, hub.MessageEvent, (205, "event", "message_created"), (214, "event", "message_updated")),
    *fields(
        3,
        hub.WebwidgetTriggered,
        (223, "id", 1),
        (224, "contact", {}, hub.Person()),
        (227, "inbox", {}, hub.Inbox()),
        (230, "account", {}, hub.Account()),
        (233, "current_conversation", {}, hub.Conversation()),
        (236, "source_id", "text"),
        (237, "event", "webwidget_triggered"),
        (238, "event_info", {}, hub.EventInfo()),
    ),
    *fields(
        3,
        hub.EventInfo,
        (239, "initiated_at", {}, hub.InitiatedAt()),
        (242, "referer", "text"),
        (243, "widget_language", "text"),
        (244, "browser_language", "text"),
        (245, "browser", {}, hub.Browser()),
    ),
]

ROWS = [*AUTOPILOT, *TROPO, *WATSONX, *MESSAGEHUB]
# The page of seed 000 is a translation that put two parameters' names into Japanese.
TRANSLATED = {"Event": "イベント", "Fields": "フィールド"}


def named(row: Row) -> str:
    return f"{row.seed}:{row.line}-{row.model.__name__}.{row.name}"


def member(model: type[View], wire: str) -> str:
    """The attribute that reads this name on the wire."""
    for name, info in model.model_fields.items():
        alias = info.validation_alias or info.alias or name
        if wire == alias or wire in getattr(alias, "choices", ()):
            return name
    raise AssertionError(f"{model.__name__} has no field for {wire}")


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_example_is_read_as_its_type(row):
    value = getattr(row.model.model_validate({row.name: row.sent}), member(row.model, row.name))
    assert value == row.read
    assert type(value) is type(row.read)


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_absence_and_null_and_the_unreadable_give_the_default(row):
    name = member(row.model, row.name)
    assert getattr(row.model(), name) == row.absent
    assert getattr(row.model.model_validate({row.name: None}), name) == row.absent
    if not isinstance(row.read, str | None) and row.name != "message_type":  # which may be a text
        assert getattr(row.model.model_validate({row.name: "日本"}), name) == row.absent


@pytest.mark.skipif(
    not SEEDS.is_dir(), reason="../shared/seeds is not there: four documents of others that are not ours to hand on"
)
@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_line_of_the_document_says_so(row):
    file = next(SEEDS.glob(f"{row.seed:03d}_*.txt"))
    lines = file.read_text().splitlines()
    line = lines[row.line - 1]
    japanese = {"request": "リクエスト", "response": "レスポンス"} if row.line == 122 else {}
    shown = japanese.get(row.name) or (TRANSLATED.get(row.name) if row.seed == 0 else None) or row.name
    assert shown in line, line
    if row.seed == 2 and row.line > 130 and isinstance(row.sent, str | int):
        sent = str(row.sent).lower() if isinstance(row.sent, bool) else str(row.sent)
        assert sent in line
    if row.seed == 0 and row.name != "AssistantResponse":
        assert str(row.sent) in "\n".join(lines[row.line - 1 : row.line + LATER])


def test_there_are_as_many_as_the_documents_have():
    assert len(ROWS) >= 180
    assert len({named(row) + repr(row.sent) for row in ROWS}) == len(ROWS)


def test_every_model_of_an_event_is_in_the_table():
    listed = {row.model for row in ROWS}
    assert set(autopilot.EVENTS.values()) <= listed
    assert set(watsonx.EVENTS.values()) <= listed
    seeds_events = (
        "conversation_created", "conversation_updated", "conversation_status_changed", "message_created",
        "message_updated", "webwidget_triggered",
    )  # fmt: skip
    assert {hub.EVENTS[name] for name in seeds_events} <= listed
