from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from twilio.request_validator import RequestValidator
from yarl import URL

from parley.platforms import form, platform
from parley.platforms.autopilot import callback as autopilot
from parley.platforms.interface import Callback
from parley.signing import callback as signing
from parley.signing import chatwoot, standard_webhooks
from parley.webhook import Webhook, WebhookSecrets
from tests.unit.platforms.examples import FORM, PAYLOADS, WEBHOOK_SID, event, payload, webhook

if TYPE_CHECKING:
    from parley.event import Event

SECRET = "webhook-secret-of-at-least-32-bytes-秘密"
SECRETS = WebhookSecrets(secrets=(SECRET,), headers={})
DELIVERY = "DL" + "0123456789abcdef" * 2
JSON_FILES = sorted(path for path in PAYLOADS.glob("*/*.json"))


def sent(
    happened: Event, hook: Webhook, secrets: WebhookSecrets = SECRETS, *, now: int | None = None
) -> tuple[Callback, dict[str, str]]:
    chosen = platform(happened.platform)
    callback = chosen.native(happened, hook)
    moment = now or int(time.time())
    return callback, signing.sign(callback, hook, secrets, chosen, delivery_sid=DELIVERY, now_seconds=moment)


def lowered(headers: dict[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    assert len(lower) == len(headers), "a header stands twice in different spellings"
    return lower


@pytest.mark.parametrize("file", JSON_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", None])
def test_json_callbacks_are_the_bytes_and_content_type_that_came(file, content_type):
    body = file.read_bytes()
    callback, headers = sent(event(file.parent.name, body, content_type=content_type), webhook())
    assert (callback.method, callback.url, callback.body) == ("POST", "https://receiver.example/hook", body)
    assert headers["Content-Type"] == (content_type or "application/json")
    Verifier(standard_webhooks.receiver_secret(SECRET)).verify(body, headers, json_parse=False)


def test_tropo_in_iso_8859_1_leaves_as_it_came():
    body = '{"result":{"value":"café"}}'.encode("iso-8859-1")
    assert sent(event("tropo", body, content_type="application/json"), webhook())[0].body == body


class TestToken:
    happened = event("watsonx", payload("watsonx", "message_logged"), content_type="application/json")

    def claims(self, token: str, secret: str = SECRET) -> dict[str, object]:
        decoded: dict[str, object] = jwt.decode(token, secret, algorithms=["HS256"])
        return decoded

    def test_native_watsonx_callbacks_carry_it_bare_in_both_headers(self):
        headers = sent(self.happened, webhook())[1]
        assert headers["Authorization"] == headers["Authentication"]
        assert self.claims(headers["Authentication"])["iss"] == "parley"

    def test_each_attempt_has_a_token_of_its_own(self):
        first, second = (sent(self.happened, webhook())[1]["Authorization"] for _ in range(2))
        assert self.claims(first)["jti"] != self.claims(second)["jti"]

    def test_never(self):
        assert not {"authorization", "authentication"} & set(lowered(sent(self.happened, webhook(jwt="never"))[1]))

    def test_always_is_bare_on_watsonx_and_bearer_elsewhere(self):
        assert self.claims(sent(self.happened, webhook(jwt="always"))[1]["Authorization"])
        other = event("tropo", b'{"result":{}}', content_type="application/json")
        headers = sent(other, webhook(jwt="always"))[1]
        assert self.claims(headers["Authorization"].removeprefix("Bearer "))
        assert headers["Authorization"].startswith("Bearer ")
        assert "Authentication" not in headers
        assert "Authorization" not in sent(other, webhook())[1]

    def test_a_callback_that_is_not_native_is_never_bare(self):
        callback = Callback(method="POST", url="https://r.example/", headers={}, body=b"{}")
        for choice, expected in (("auto", None), ("never", None), ("always", "Bearer ")):
            headers = signing.sign(
                callback, webhook(jwt=choice), SECRETS, None, delivery_sid=DELIVERY, now_seconds=int(time.time())
            )
            assert headers.get("Authorization", "").startswith(expected or "")
            assert ("Authorization" in headers) is (expected is not None)
            assert not any(name.lower().startswith(("x-chatwoot", "x-twilio")) for name in headers)

    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_an_own_authorization_replaces_it_wholly(self, name):
        headers = sent(self.happened, webhook(), WebhookSecrets((SECRET,), {name: "Basic abc"}))[1]
        assert lowered(headers)["authorization"] == "Basic abc"
        assert "authentication" not in lowered(headers)

    def test_an_own_authentication_header_leaves_the_other(self):
        headers = lowered(sent(self.happened, webhook(), WebhookSecrets((SECRET,), {"authentication": "mine"}))[1])
        assert headers["authentication"] == "mine"
        assert self.claims(headers["authorization"])

    def test_the_newest_secret_keys_it(self):
        headers = sent(self.happened, webhook(), WebhookSecrets((SECRET + "new", SECRET), {}))[1]
        assert self.claims(headers["Authorization"], SECRET + "new")


def test_own_headers_go_along_in_any_script_but_never_replace_ours():
    own = {
        "X-Team": "日本語 é",
        "content-type": "text/plain",
        "Webhook-Id": "mine",
        "WEBHOOK-SIGNATURE": "v1,x",
        "x-chatwoot-signature": "x",
        "Content-Length": "1",
        "Host": "elsewhere.example",
        "Parley-Hops": "0",
    }
    happened = event("messagehub", b'{"event":"x"}', content_type="application/json")
    headers = lowered(sent(happened, webhook(), WebhookSecrets((SECRET,), own))[1])
    assert headers["x-team"] == "日本語 é"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == DELIVERY
    assert headers["x-chatwoot-signature"].startswith("sha256=")
    assert not {"content-length", "host", "parley-hops"} & set(headers)
    assert [signing.is_reserved(name) for name in own] == [False, True, True, True, True, True, True, True]


def test_native_messagehub_carries_chatwoots_headers():
    body = payload("messagehub", "message_updated")
    happened = event("messagehub", body, content_type="application/json")
    headers = sent(happened, webhook(), WebhookSecrets(("new", "old"), {}), now=1_700_000_000)[1]
    assert headers["X-Chatwoot-Timestamp"] == "1700000000"
    assert chatwoot.verify(headers["X-Chatwoot-Signature"], ["new"], "1700000000", body)
    assert headers["X-Chatwoot-Delivery"] == "01234567-89ab-cdef-0123-456789abcdef"
    again = sent(happened, webhook(), WebhookSecrets(("new",), {}), now=1_700_000_300)[1]
    assert again["X-Chatwoot-Delivery"] == headers["X-Chatwoot-Delivery"]


FORM_FILES = sorted(path for path in PAYLOADS.glob("*/*.form"))


def parameters(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def with_our_sid(params: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, WEBHOOK_SID if name == "WebhookSid" else value) for name, value in params]


@pytest.mark.parametrize("file", FORM_FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("came_by", ["POST", "GET"])
class TestAutopilot:
    def happened(self, file: Path, came_by: str) -> Event:
        return event("autopilot", file.read_bytes(), content_type=FORM if came_by == "POST" else None, method=came_by)

    def test_post_has_the_parameters_in_their_order_with_our_webhook_sid(self, file, came_by):
        callback, headers = sent(self.happened(file, came_by), webhook())
        assert (callback.method, callback.url, headers["Content-Type"]) == ("POST", webhook().url, FORM)
        params = parameters(callback.body.decode())
        assert params == with_our_sid(parameters(file.read_text()))
        assert RequestValidator(SECRET).validate(callback.url, dict(params), headers["X-Twilio-Signature"])
        Verifier(standard_webhooks.receiver_secret(SECRET)).verify(callback.body, headers, json_parse=False)

    def test_get_has_them_behind_the_urls_own_query_without_memory(self, file, came_by):
        hook = webhook(url="https://receiver.example:8443/hook?team=a&x", method="GET")
        callback, headers = sent(self.happened(file, came_by), hook)
        assert (callback.method, callback.body) == ("GET", b"")
        params = parameters(urlsplit(callback.url).query)
        assert params[:2] == [("team", "a"), ("x", "")]
        expected = [pair for pair in with_our_sid(parameters(file.read_text())) if pair[0] != "Memory"]
        assert params[2:] == expected
        assert not {"Content-Type", "Parley-Shortened"} & set(headers)
        assert RequestValidator(SECRET).validate(callback.url, {}, headers["X-Twilio-Signature"])
        Verifier(standard_webhooks.receiver_secret(SECRET)).verify(b"", headers, json_parse=False)

    def test_the_url_is_written_as_the_http_client_leaves_it(self, file, came_by):
        callback, _ = sent(self.happened(file, came_by), webhook(method="GET"))
        assert str(URL(callback.url)) == callback.url


def native(body: bytes, hook: Webhook, content_type: str | None = FORM) -> Callback:
    return platform("autopilot").native(event("autopilot", body, content_type=content_type), hook)


def test_our_webhook_sid_is_added_where_there_is_none_and_stands_once():
    assert native(b"Event=x", webhook()).body == f"Event=x&WebhookSid={WEBHOOK_SID}".encode()
    assert native(b"", webhook()).body == f"WebhookSid={WEBHOOK_SID}".encode()
    twice = b"WebhookSid=UM1&Event=x&Webhook%53id=UM2"
    assert native(twice, webhook()).body == f"WebhookSid={WEBHOOK_SID}&Event=x".encode()


def test_a_form_in_another_charset_keeps_its_bytes_and_its_content_type():
    latin = FORM + "; charset=ISO-8859-1"
    callback = native(b"Event=x&CurrentInput=caf%E9&Raw=\xe9&WebhookSid=UM1", webhook(), latin)
    assert callback.body == b"Event=x&CurrentInput=caf%E9&Raw=\xe9&WebhookSid=" + WEBHOOK_SID.encode()
    assert callback.headers == {"Content-Type": latin}
    query = urlsplit(native(b"CurrentInput=caf%E9", webhook(method="GET"), latin).url).query
    assert query.startswith("CurrentInput=caf%E9&")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_that_is_no_form_goes_as_it_came_with_its_hash_in_the_url(method):
    body = b'{"Event":"onDialogueEnd"}'
    happened = event("autopilot", body, content_type="application/json")
    callback, headers = sent(happened, webhook(url="https://r.example/p?a=1", method=method))
    assert (callback.method, callback.body, headers["Content-Type"]) == ("POST", body, "application/json")
    assert callback.url.startswith("https://r.example/p?a=1&bodySHA256=")
    assert RequestValidator(SECRET).validate(callback.url, body.decode(), headers["X-Twilio-Signature"])


COMMON = {"Sid": "f60e", "Event": "onDialogueTurn", "WebhookSid": WEBHOOK_SID, "UserIdentifier": "+17736774656"}


def get(**params: str) -> tuple[dict[str, str], str | None, int]:
    callback = native(urlencode({**COMMON, **params}).encode(), webhook(method="GET"))
    return dict(parameters(urlsplit(callback.url).query)), callback.headers.get("Parley-Shortened"), len(callback.url)


def test_a_get_that_fits_is_not_shortened():
    params, shortened, _ = get(Extra="x", DialoguePayloadUrl="https://h/", Fields="[]", CurrentInput="あ" * 800)
    assert shortened is None
    assert params == {
        **COMMON, "Extra": "x", "DialoguePayloadUrl": "https://h/", "Fields": "[]", "CurrentInput": "あ" * 800,
    }  # fmt: skip


def test_unknown_parameters_are_dropped_first_the_last_of_them_before_the_others():
    params, shortened, size = get(One="1" * 3000, Two="2" * 3000, Three="3" * 3000, DialoguePayloadUrl="u")
    assert shortened == "dropped=Three"
    assert {"One", "Two", "DialoguePayloadUrl"} <= set(params)
    assert size <= 8000


def test_then_the_documented_optional_ones_then_texts_are_cut():
    texts = {"AssistantResponse": "b" * 5000, "CurrentInput": "あ" * 2000}
    params, shortened, size = get(New="1", DialoguePayloadUrl="u" * 9, Fields="f" * 9000, Memory="m", **texts)
    assert shortened == "dropped=New,DialoguePayloadUrl,Fields; cut=AssistantResponse,CurrentInput"
    assert params["AssistantResponse"] == ""
    assert params["CurrentInput"] == "あ" * len(params["CurrentInput"])
    assert {name: params[name] for name in COMMON} == COMMON
    assert 8000 - 9 < size <= 8000


def test_only_as_much_is_cut_as_needs_to_be():
    params, shortened, size = get(AssistantResponse="b" * 9000)
    assert shortened == "cut=AssistantResponse"
    assert size == 8000
    assert set(params["AssistantResponse"]) == {"b"}


def test_the_header_that_names_the_dropped_stays_small():
    callback = native(urlencode({f"{n}あ" * 30: "x" * 300 for n in range(200)}).encode(), webhook(method="GET"))
    said = callback.headers["Parley-Shortened"]
    assert said.isascii()
    assert len(said) < 4100
    assert "," in said
    assert said.partition("+")[2].isdigit()


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: text * 200)
names = st.sampled_from([*COMMON, "AssistantResponse", "CurrentInput", "Fields", "Memory", "Other", "日本"])


@given(st.lists(st.tuples(names, values), max_size=8), st.integers(0, 3000))
def test_a_get_never_exceeds_8000_bytes_and_never_breaks_a_character(params, padding):
    hook = webhook(url=f"https://receiver.example/{'p' * padding}?a=1", method="GET")
    body = urlencode(params).encode()
    callback = native(body, hook)
    assert len(callback.url.encode()) <= 8000
    assert callback.url.startswith(hook.url)
    came = form.parse(form.replace(body, b"WebhookSid", WEBHOOK_SID.encode()))
    for name, value in form.parse(urlsplit(callback.url).query.encode())[1:]:
        value.decode()
        assert any(name == other and whole.startswith(value) for other, whole in came)


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=3000)), max_size=8), st.integers(0, 9000))
def test_shortening_any_bytes_says_what_it_did(pairs, most):
    left, said = autopilot.shorten(tuple(pairs), most)
    assert (said is None) == (left == tuple(pairs))
    size = sum(len(form.encode([pair])) + 1 for pair in left)
    assert size <= most or not any(value for _, value in left)


def test_cutting_a_megabyte_is_quick():
    body = urlencode({"Event": "onDialogueTurn", "AssistantResponse": "あ" * 350_000}).encode()
    started = time.process_time()
    assert len(native(body, webhook(method="GET")).url) <= 8000
    assert time.process_time() - started < 1
