"""The twenty-three things that a naive implementation of the four platforms gets wrong (wire-truth 5): one short
test each. The rules behind them are tested at length where they live.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from twilio.rest import Client

from parley import hops, targets, tokens
from parley.errors import LoopError
from parley.http import Request
from parley.matching import wants
from parley.platforms import platform
from parley.platforms.autopilot import models as autopilot
from parley.platforms.messagehub import models as messagehub
from parley.signing import compare, twilio
from tests import proofs
from tests.functional.dispatcher.world import ACCOUNT as DISPATCH_ACCOUNT
from tests.functional.dispatcher.world import ASSISTANT
from tests.functional.dispatcher.world import World as Dispatch
from tests.functional.dispatcher.world import webhook as made_webhook
from tests.functional.gateway import http_event
from tests.functional.ingest.test_ingest import ACCOUNT, World, sample
from tests.functional.stack import stack
from tests.functional.webhooks.gateway import HOST, Gateway, TwilioTransport
from tests.unit.platforms.examples import event, request, source, webhook

if TYPE_CHECKING:
    from parley.platforms.interface import Callback, Described


@pytest.fixture
def api() -> Iterator[Gateway]:
    with stack() as made:
        gateway = Gateway(made)
        gateway.assistant("bot")
        yield gateway


@pytest.fixture
def world() -> Iterator[World]:
    with stack() as made:
        yield World(made)


WEBHOOKS = "/v1/Assistants/bot/Webhooks"


def described(name: str, content: object, **headers: str) -> Described:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return platform(name).describe(request(body, headers=headers), source(name))


def native(name: str, body: bytes, *, method: str = "POST", content_type: str = "application/json") -> Callback:
    return platform(name).native(event(name, body, content_type=content_type), webhook(method=method))


def test_trap_01_dates_are_iso_with_whole_seconds(api):
    made = api.webhook("bot", UniqueName="dates")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["date_created"])
    assert made["date_updated"] == made["date_created"]
    client = Client(ACCOUNT, "token", http_client=TwilioTransport(api))
    client.autopilot.base_url = f"https://{HOST}"
    assert client.autopilot.v1.assistants("bot").webhooks("dates").fetch().date_created.tzinfo is not None


def test_trap_02_create_is_201_update_is_a_post_delete_is_204(api):
    form = {"UniqueName": "crud", "Events": "*", "WebhookUrl": "https://example.com/"}
    assert api.send("POST", WEBHOOKS, form).status == 201
    assert api.send("POST", f"{WEBHOOKS}/crud", {"Events": "onDialogueEnd"}).status == 200
    assert api.send("PUT", f"{WEBHOOKS}/crud", form).status == 405
    deleted = api.send("DELETE", f"{WEBHOOKS}/crud")
    assert (deleted.status, deleted.text) == (204, "")


def test_trap_03_forms_and_json_are_taken_and_names_are_case_sensitive(api):
    given = {"UniqueName": "names", "Events": "*", "WebhookUrl": "https://example.com/"}
    assert api.send("POST", WEBHOOKS, given).status == 201
    assert api.send("POST", WEBHOOKS, json_body={**given, "UniqueName": "names 2"}).status == 201
    assert api.send("POST", WEBHOOKS, {name.lower(): value for name, value in given.items()}).status == 400


def test_trap_04_the_next_page_is_absolute_with_our_host_and_keeps_the_page_size(api):
    for number in range(3):
        api.webhook("bot", UniqueName=f"page {number}")
    meta = api.send("GET", f"{WEBHOOKS}?PageSize=1").json["meta"]
    following = urlsplit(meta["next_page_url"])
    assert (following.scheme, following.netloc) == ("https", HOST)
    query = dict(parse_qsl(following.query))
    assert query["PageSize"] == "1"
    assert query["PageToken"]
    assert "twilio.com" not in json.dumps(meta)


def test_trap_05_a_unique_name_stands_for_the_sid_and_a_sid_comes_first(api):
    made = api.webhook("bot", UniqueName="my hook")
    assert api.send("GET", f"{WEBHOOKS}/my%20hook").json["sid"] == made["sid"]
    disguised = api.send(
        "POST", WEBHOOKS, {"UniqueName": made["sid"], "Events": "*", "WebhookUrl": "https://example.com/"}
    )
    assert disguised.status in (201, 400)
    assert api.send("GET", f"{WEBHOOKS}/{made['sid']}").json["unique_name"] == "my hook"


def test_trap_06_autopilots_names_compare_without_case_and_are_echoed_as_given(api):
    given = "ondialogueend  onDialogueTURN"
    assert api.webhook("bot", UniqueName="case", Events=given)["events"] == given
    names = platform("autopilot").names
    assert wants(given, name="onDialogueEnd", event_type="conversation.ended", names=names)
    assert not wants(given, name="onDialogueStart", event_type="conversation.started", names=names)


def test_trap_07_a_collect_sid_has_any_prefix_and_an_events_sid_has_none():
    params = dict(parse_qsl(sample("autopilot", "onCollectAttempt").decode()))
    view = autopilot.CollectAttempt.model_validate(params)
    assert (view.collect_sid or "").startswith("UL")
    assert described("autopilot", urlencode(params).encode()).identity == view.sid == "f60e7708db371f4005c432c1f038a6fc"


def test_trap_08_memory_is_never_in_a_get_which_is_8000_bytes_at_most():
    form = {"Event": "onDialogueTurn", "Memory": "{}", "CurrentInput": "あ & b" * 5000}
    url = native(
        "autopilot", urlencode(form).encode(), method="GET", content_type=proofs.autopilot("", "", b"")[0][1]
    ).url
    assert len(url) <= 8000
    params = dict(parse_qsl(urlsplit(url).query))
    assert "Memory" not in params
    assert form["CurrentInput"].startswith(params["CurrentInput"])


def test_trap_09_signatures_are_over_the_raw_bytes_decoded_by_the_gateways_flag(world):
    body = b'{"event":"message_created","content":"\\u003cp\\u003e \xe4\xbd\xa0"}'
    headers = world.messagehub(body)
    call = http_event("POST", world.paths["messagehub"], headers=headers)
    encoded = call | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert world.handle(Request.from_event(encoded))["statusCode"] == 200
    dumped = json.dumps(json.loads(body)).encode()
    assert world.call("messagehub", dumped, headers=headers)["statusCode"] == 403


def test_trap_10_header_names_are_found_in_any_case():
    call = http_event("POST", "/ingest/messagehub/SR1/t", headers=[("X-ChatWoot-DELIVERY", "d")])
    call["headers"] = {name.upper(): value for name, value in call["headers"].items()}
    assert platform("messagehub").describe(Request.from_event(call), source("messagehub")).identity == "d"


def test_trap_11_event_is_an_object_at_ibm_and_a_text_at_chatwoot():
    assert described("watsonx", {"event": {"name": "message_logged"}, "payload": {}}).name == "message_logged"
    assert described("watsonx", {"event": "message_logged"}).status == "unrecognised"
    assert described("messagehub", {"event": "conversation_typing_on"}).identity is None
    assert described("messagehub", {"event": {"name": "message_created"}}).status == "unrecognised"


def test_trap_12_each_platform_has_its_own_path_and_no_body_chooses_another(world):
    body = b'{"result":{"sessionId":"s"}}'
    answer = world.call("unsigned", body, headers=[("Content-Type", "application/json")])
    assert answer["statusCode"] == 200
    taken = [each for each in world.queued() if each.payload == body]
    assert [(each.platform, each.status) for each in taken] == [("messagehub", "unrecognised")]


def test_trap_13_a_bodys_id_is_no_identity(world):
    created, updated = ({"event": f"message_{what}", "id": 7, "message_type": 0} for what in ("created", "updated"))
    assert described("messagehub", created).identity is described("messagehub", updated).identity is None
    with_header = {"X-Chatwoot-Delivery": "d-1"}
    assert described("messagehub", created, **with_header).identity == "d-1"


@pytest.mark.parametrize("body", [b'{"session":{"id":"s"}}', b'{"result":{"sessionId":"s"}}', b"nothing of ours"])
def test_trap_14_tropo_hears_a_program(world, body):
    answer = world.call("tropo", body, headers=world.tropo())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"tropo": []})
    assert answer["headers"]["content-type"] == "application/json"


def test_trap_15_ingest_answers_once_the_event_is_queued_and_calls_no_receiver(world):
    body = b'{"event":"message_created","id":15}'
    started = time.monotonic()
    assert world.call("unsigned", body, headers=[("Content-Type", "application/json")])["statusCode"] == 200
    assert time.monotonic() - started < 5
    assert [each.payload for each in world.queued() if each.payload == body] == [body]


def test_trap_16_an_event_is_never_sent_back_to_our_own_ingest():
    policy = targets.TargetPolicy(own_hosts=targets.own_hosts(f"https://{HOST}"))
    with pytest.raises(targets.RefusedTargetError, match="own API"):
        targets.check_url(f"https://{HOST}/ingest/messagehub/SR1/t", policy)
    with pytest.raises(LoopError):
        hops.given({"parley-hops": "5"})


def test_trap_17_tropo_in_iso_8859_1_is_read_and_kept(world):
    body = '{"result":{"sessionId":"é17","state":"DISCONNECTED"}}'.encode("iso-8859-1")
    call = http_event("POST", world.paths["tropo"], headers=world.tropo())
    call |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert world.handle(Request.from_event(call))["statusCode"] == 200
    (kept,) = [each for each in world.queued() if each.conversation_id == "é17"]
    assert (kept.payload, kept.type) == (body, "conversation.ended")


@pytest.mark.parametrize("presented", ["é", "日本", "\ud800", ""])
def test_trap_18_comparing_a_header_that_is_not_ascii_is_a_refusal_not_an_error(presented):
    assert compare.equal(presented, "expected") is False
    assert compare.equal("日本", "日本")
    assert not twilio.verify(presented, ["token"], "https://h.example/")


def test_trap_19_only_hmac_algorithms_and_no_claim_is_demanded():
    assert tokens.verify_hmac(proofs.hs256({}, "purple unicorn"), ["purple unicorn"], now_seconds=0) == {}
    none = "eyJhbGciOiJub25lIn0.e30."
    for token in (none, none + "AAAA", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"):
        with pytest.raises(tokens.TokenError):
            tokens.verify_hmac(token, ["purple unicorn"], now_seconds=0)


def test_trap_20_booleans_of_a_form_are_texts(api):
    assert api.webhook("bot", UniqueName="off", Enabled="false")["enabled"] is False
    assert b"CollectSuccess=true" in native("autopilot", b"CollectSuccess=true", content_type="").body
    assert autopilot.CollectAttempt.model_validate({"CollectSuccess": "false"}).collect_success is False


def test_trap_21_credentials_and_personal_data_are_forwarded_and_never_logged(world, printed):
    body = b'{"event":"contact_created","id":1,"phone_number":"+15550100","contact_inbox":{"pubsub_token":"tok-21"}}'
    assert world.call("unsigned", body, headers=[("Content-Type", "application/json")])["statusCode"] == 200
    assert native("messagehub", body).body == body
    said = printed()
    assert "accepted" in said
    assert "tok-21" not in said
    assert "+15550100" not in said


@pytest.mark.parametrize(
    ("changes", "attributes"),
    [
        ([{"status": {"previous_value": 1, "current_value": 2}}, {"labels": {}}], ["status", "labels"]),
        (None, []),
        (0, []),
    ],
)
def test_trap_22_changed_attributes_is_an_array_null_or_absent(changes, attributes):
    content = {} if changes == 0 else {"changed_attributes": changes}
    view = messagehub.ConversationEvent.model_validate(content)
    assert [name for change in view.changed_attributes for name in change] == attributes


def test_trap_23_unknown_values_pass_through():
    assert described("tropo", {"result": {"sessionId": "s", "state": "TELEPORTED"}}).type == "turn.completed"
    assert autopilot.DialogueEnd.model_validate({"DialogueEndReason": "boredom"}).dialogue_end_reason == "boredom"
    assert (
        described("messagehub", {"event": "conversation_status_changed", "status": "x"}).type == "conversation.updated"
    )
    call = {"event": {"name": "cdr_logged"}, "payload": {"call": {"end_reason": "callerHangup"}, "new": 1}}
    assert described("watsonx", call).status == "accepted"
    assert described("messagehub", {"event": "faq_catalog_updated"}).status == "unrecognised"


# --- equal bodies that are three events, and a replayed request that is one


def test_typing_on_off_on_with_equal_bodies_arrives_thrice():
    with stack() as made:
        one = World(made)
        for name in ("conversation_typing_on", "conversation_typing_off", "conversation_typing_on"):
            body = json.dumps({"event": name, "conversation": {"id": 3}, "user": {"id": 1}}).encode()
            assert one.call("messagehub", body, headers=one.messagehub(body))["statusCode"] == 200
        arrived = delivered(made, one)
        assert [json.loads(each)["event"][-3:] for each in sorted(arrived)] == ["off", "_on", "_on"]


REPLAYED = {
    "autopilot": ("autopilot", "onDialogueStart"),
    "watsonx": ("watsonx", "message_logged"),
    "tropo": ("tropo", "inbound_ask"),
}


@pytest.mark.parametrize("name", REPLAYED)
def test_a_replayed_request_is_the_same_event_and_arrives_once(name):
    with stack() as made:
        one = World(made)
        body = sample(*REPLAYED[name]).replace(b"\\" * 4, b"\\") if name == "tropo" else sample(*REPLAYED[name])
        headers = one.proof(name, body)
        for _ in range(3):
            assert one.call(name, body, headers=headers)["statusCode"] == 200
        assert len(delivered(made, one)) == 1


def delivered(made: Any, one: World) -> list[bytes]:
    """What a webhook with `*` gets of everything that ingest has queued."""
    run = Dispatch(made, [made_webhook(1)])
    for accepted in one.queued():
        run.accept(replace(accepted, assistant_sid=ASSISTANT, account_sid=DISPATCH_ACCOUNT))
    run.live(days=0.01)
    return [callback.body for callback in run.callbacks]


def test_all_traps_are_here():
    numbers = sorted(int(name[10:12]) for name in globals() if name.startswith("test_trap_"))
    assert numbers == list(range(1, 24))
