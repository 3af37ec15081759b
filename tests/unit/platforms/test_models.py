from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.platforms import form, platform
from parley.platforms.autopilot import models as autopilot
from parley.platforms.autopilot.naming import parameters
from parley.platforms.messagehub import models as messagehub
from parley.platforms.tropo import models as tropo
from parley.platforms.tropo import naming as tropo_naming
from parley.platforms.view import STRICT, View
from parley.platforms.watsonx import models as watsonx
from tests.unit.platforms.examples import FIXTURES, PAYLOADS, payload


def known_everywhere(view: View) -> list[str]:
    """Members of the payload that a view and the views in it do not know."""
    unknown = list(view.model_extra or {})
    for _, value in view:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, View):
                unknown += known_everywhere(each)
    return unknown


def autopilot_event(name: str) -> Any:
    return autopilot.EVENTS[name].model_validate(parameters(form.parse(payload("autopilot", name))))


def test_every_event_name_of_the_seeds_has_a_view():
    assert set(autopilot.EVENTS) == set(platform("autopilot").names.known)
    assert set(watsonx.EVENTS) == set(platform("watsonx").names.known)
    assert set(messagehub.EVENTS) == set(platform("messagehub").names.known)
    assert set(tropo.Body.model_fields) == set(platform("tropo").names.known)


@pytest.mark.parametrize("name", autopilot.EVENTS)
def test_autopilot_views_know_every_parameter_of_the_seed(name):
    view = autopilot_event(name)
    assert known_everywhere(view) == []
    assert view.event == name
    assert view.event_date == datetime(2019, 9, 9, 13, 45, tzinfo=UTC)
    assert view.memory == {"name": "Johanna"}


def test_autopilot_values_have_the_seeds_types():
    turn = autopilot_event("onDialogueTurn")
    assert [(field.name, field.type, field.value) for field in turn.fields] == [
        ("reservation_date", "Twilio.DATE", "2019-04-16"),
        ("reservation_time", "reservation_time", "14:00"),
    ]
    assert turn.assistant_response == ""
    attempt = autopilot_event("onCollectAttempt")
    assert (attempt.collect_attempt, attempt.collect_field_filled, attempt.collect_success) == (1, True, True)
    assert autopilot_event("onActionsFetch").actions_http_response == 200


@pytest.mark.parametrize(
    ("text", "names"),
    [('[{"name":"a"}]', ["a"]), ('{"fields":[]}', []), ("[]", []), ("", []), ("{", []), (None, [])],
)
def test_fields_in_both_shapes(text, names):
    view = autopilot.DialogueTurn.model_validate({} if text is None else {"Fields": text})
    assert [field.name for field in view.fields] == names


@pytest.mark.parametrize("name", ["inbound_ask", "outbound_call_and_ask", "outbound_call_and_ask_cpa"])
def test_tropo_views_read_the_printed_samples(name):
    body = tropo.Body.model_validate(tropo_naming.read(payload("tropo", name), repair_backslashes=True))
    result = body.result
    assert result is not None
    assert known_everywhere(body) == []
    assert (result.called_id, result.complete, result.error) == ("0901234XXXX", True, None)
    ask = result.actions[-1]
    assert (ask.name, ask.disposition, ask.value) == ("color", "SUCCESS", "blue")
    assert (ask.xml or "").startswith("<?xml version=")
    if name != "inbound_ask":
        assert result.call is not None
        assert result.call == result.actions[0].call
        assert (result.actions[0].name or "").startswith("call-")


def test_tropo_fragments_and_defaults():
    one, many = (
        tropo.Body.model_validate_json(payload("tropo", f"actions_{kind}")).result for kind in ("object", "array")
    )
    assert one is not None
    assert many is not None
    assert [action.name for action in one.actions] == ["account_number"]
    assert [action.utterance for action in many.actions] == ["1 2 3 4 5", "9 8 7 6"]
    empty = tropo.Result.model_validate({"sequence": None})
    assert (empty.sequence, empty.duration, empty.connected_duration, empty.session_duration) == (0, 0, 0, 0)
    assert (empty.required, empty.complete, empty.error, empty.actions) == (True, None, None, [])
    for spelling in ("calledid", "calledID", "calledId"):
        assert tropo.Result.model_validate({spelling: "1"}).called_id == "1"
    assert tropo.Result.model_validate({"callState": "FAILED"}).state == "FAILED"


def test_watsonx_views_read_the_seeds_call_record():
    view = watsonx.CdrLogged.model_validate(json.loads(payload("watsonx", "cdr_logged"))["payload"])
    assert known_everywhere(view) == []
    assert [warning.code for warning in view.warnings_and_errors] == ["CWSMR0033W", "CWSMR0070W"]
    assert view.call is not None
    assert view.call.milliseconds_elapsed == 17784
    assert view.max_response_milliseconds is not None
    assert view.max_response_milliseconds.speech_to_text == 0
    turns = view.assistant_interaction_summaries[0].turns
    assert [turn.request.type for turn in turns if turn.request] == ["start", "dtmf", "hangup"]
    assert turns[0].response[0].barge_in_occurred is True


def test_watsonx_spellings_that_ibms_sources_dispute():
    view = watsonx.CdrLogged.model_validate(
        {
            "warnings_and_errors": [{"id": "CW1"}],
            "session_initiation_protocol": {"invite_arrival_timestamp": "2021-10-12T20:54:00Z"},
            "call": {"stop_timestamp": "1970-01-01T00:00:00Z"},
        }
    )
    assert view.warnings_and_errors[0].code == "CW1"
    assert view.session_initiation_protocol is not None
    assert view.session_initiation_protocol.invite_arrival_time == datetime(2021, 10, 12, 20, 54, tzinfo=UTC)
    assert view.call is not None
    assert view.call.stop_timestamp is None


# IBM's reference of a call's record, cdr-log-reference.md, and what its examples have beyond it (wire-truth 4.4).
_SPEECH = "transaction_id start_timestamp stop_timestamp response_milliseconds"
_RECORD = (
    "primary_phone_number global_session_id failure_occurred failure_details transfer_occurred active_calls "
    "x-global-sip-trunk-call-id call session_initiation_protocol max_response_milliseconds "
    "assistant_interaction_summaries injected_custom_data warnings_and_errors realtime_transport_network_summary"
)
CDR_REFERENCE = [
    (watsonx.CdrLogged, _RECORD),
    (watsonx.Call, "start_timestamp stop_timestamp milliseconds_elapsed end_reason security outbound"),
    (watsonx.SessionInitiation, "invite_arrival_timestamp setup_milliseconds headers"),
    (watsonx.SipHeaders, "call_id from_uri to_uri"),
    (watsonx.InteractionSummary, "assistant_id session_id turns start_timestamp stop_timestamp"),
    (watsonx.Turn, "assistant request response"),
    (watsonx.TurnAssistant, "log_id start_timestamp response_milliseconds"),
    (watsonx.TurnRequest, "type streaming_statistics"),
    (watsonx.TurnResponse, "type barge_in_occurred streaming_statistics"),
    (watsonx.Streaming, f"{_SPEECH} echo_detected confidence"),
    (watsonx.CallWarning, "message id"),
    (watsonx.MaxResponse, "assistant text_to_speech speech_to_text"),
]


@pytest.mark.parametrize(("model", "names"), CDR_REFERENCE, ids=lambda value: getattr(value, "__name__", ""))
def test_watsonx_views_know_every_member_of_ibms_reference(model, names):
    assert model.model_validate(dict.fromkeys(names.split())).model_extra == {}


def test_watsonx_members_that_only_the_reference_has():
    view = watsonx.CdrLogged.model_validate(
        {"failure_details": "no route", "x-global-sip-trunk-call-id": "CA1", "injected_custom_data": {"a": "b"}}
    )
    assert (view.failure_details, view.global_sip_trunk_call_id) == ("no route", "CA1")
    assert view.injected_custom_data == {"a": "b"}


def test_watsonx_messages_in_either_key_order():
    envelope = watsonx.Envelope.model_validate_json(payload("watsonx", "message_logged"))
    view = watsonx.MessageLogged.model_validate(envelope.payload)
    assert known_everywhere(view) == ["title", "options"]  # of an answer that is no text: as they came
    assert view.request is not None
    assert view.request.input is not None
    assert view.request.input.text == "I'm hungry"
    assert view.response is not None
    assert view.response.context is not None
    assert view.response.context.global_ is not None


@pytest.mark.parametrize("file", sorted((PAYLOADS / "messagehub").iterdir()), ids=lambda path: path.stem)
def test_messagehub_views_know_every_member_of_the_seed(file):
    content = json.loads(file.read_bytes())
    view = messagehub.EVENTS[file.stem].model_validate(content)
    assert known_everywhere(view) == []
    assert view.model_fields_set == set(content)


# Chatwoot's objects (wire-truth 2.4), but for `pubsub_token`, which has no view.
_CONTACT = "additional_attributes custom_attributes email id identifier name phone_number thumbnail blocked"
_CONVERSATION = (
    "additional_attributes can_reply channel contact_inbox id inbox_id messages labels meta status "
    "custom_attributes snoozed_until unread_count first_reply_created_at priority waiting_since "
    "agent_last_seen_at contact_last_seen_at last_activity_at timestamp created_at updated_at account"
)
_MESSAGE = (
    "account additional_attributes content_attributes content_type content conversation created_at id inbox "
    "message_type private sender source_id attachments"
)
_LAST_MESSAGE = (
    "id content account_id inbox_id conversation_id message_type created_at updated_at private status source_id "
    "content_type content_attributes sender_type sender_id external_source_ids additional_attributes "
    "processed_message_content sentiment conversation attachments sender"
)
CHATWOOT = [
    (messagehub.Person, f"account avatar {_CONTACT}"),
    (messagehub.Person, f"{_CONTACT} type"),
    (messagehub.Person, "id name available_name avatar_url type availability_status thumbnail"),
    (messagehub.Person, "id name avatar_url description created_at type"),
    (messagehub.Conversation, _CONVERSATION),
    (messagehub.Meta, "sender assignee assignee_type team hmac_verified"),
    (messagehub.ContactInbox, "id contact_id inbox_id source_id created_at updated_at hmac_verified"),
    (messagehub.Message, _MESSAGE),
    (messagehub.Message, _LAST_MESSAGE),
    (messagehub.TypingEvent, "event user conversation is_private"),
]


@pytest.mark.parametrize(("model", "names"), CHATWOOT, ids=lambda value: getattr(value, "__name__", ""))
def test_messagehub_views_know_every_member_of_present_versions(model, names):
    assert model.model_validate(dict.fromkeys(names.split())).model_extra == {}


@pytest.mark.parametrize("empty", [[], {}, None])
def test_empty_attributes_come_as_an_array_or_an_object(empty):
    person = {"custom_attributes": empty}
    assert messagehub.Person.model_validate(person, strict=True, context=STRICT).custom_attributes == {}


@pytest.mark.parametrize("changes", [None, [], [{"status": {"previous_value": "open", "current_value": "resolved"}}]])
def test_changed_attributes_in_their_three_forms(changes):
    view = messagehub.ConversationEvent.model_validate({"changed_attributes": changes})
    assert [name for change in view.changed_attributes for name in change] == (["status"] if changes else [])


@pytest.mark.skipif(
    not FIXTURES.exists(), reason="../shared/fixtures is not there: recorded examples that are not ours to hand on"
)
def test_stored_callbacks_in_their_real_shapes():
    created = json.loads((FIXTURES / "chatwoot/waha_docs_message_created_outgoing.json").read_bytes())
    view = messagehub.MessageEvent.model_validate(created)
    assert (view.message_type, view.private) == ("outgoing", False)
    assert view.conversation is not None
    assert view.conversation.messages[0].message_type == 1
    assert view.conversation.contact_last_seen_at is None
    for file in (FIXTURES / "tropo").iterdir():
        body = tropo.Body.model_validate_json(file.read_bytes())
        assert body.result or body.session
    session = tropo.Body.model_validate_json((FIXTURES / "tropo/php_session_voice_mms.json").read_bytes()).session
    assert session is not None
    assert session.from_ is not None
    assert (session.from_.network, len(session.initial_media)) == ("SIP", 3)


VIEWS = [
    *autopilot.EVENTS.values(), *watsonx.EVENTS.values(), *messagehub.EVENTS.values(), tropo.Body, watsonx.Envelope,
]  # fmt: skip


@given(st.sampled_from(VIEWS), st.data())
def test_no_value_of_a_member_makes_a_view_fail(view, data):
    names = [
        alias if isinstance(alias := member.validation_alias or member.alias or name, str) else alias.choices[0]
        for name, member in view.model_fields.items()
    ]
    values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    content = {name: data.draw(values | st.dictionaries(st.text(max_size=3), values, max_size=2)) for name in names}
    assert view.model_validate({**content, "unknown member": 1}).model_extra == {"unknown member": 1}
