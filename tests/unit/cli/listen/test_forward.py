"""What is posted is what a webhook would have been sent: byte for byte, header for header."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest
from standardwebhooks import Webhook as StandardWebhook

from cli.listen import forward
from functions.dispatcher import calls
from parley import samples
from parley.api.dates import iso
from parley.cloudevents import envelope
from parley.sids import ACCOUNT, ASSISTANT, EVENT, new_sid
from parley.signing.standard_webhooks import new_secret
from parley.targets import RefusedTargetError
from parley.vocabulary import PARLEY
from parley.webhook import CLOUDEVENTS, NATIVE, WebhookSecrets
from tests.unit.platforms import examples

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from parley.event import Event

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SECRETS = WebhookSecrets((new_secret(),), {})
WEBHOOK = examples.webhook(url="http://127.0.0.1:8000/hook?a=b")
SAMPLES = [
    replace(sample, sid=new_sid(EVENT), assistant_sid=new_sid(ASSISTANT), received_ms=1_700_000_000_000, test=False)
    for sample in samples.events()
]
UNTIDY = [
    replace(SAMPLES[0], method="GET", content_type=None, payload=b"Event=onDialogueStart&CurrentInput=%E6%97%A5+x"),
    replace(SAMPLES[0], content_type="text/plain", payload=b"\xff no form"),
    replace(SAMPLES[-6], content_type="application/json; charset=utf-8", payload=b'{ "odd" :  1 }\n'),
]


def shown(event: Event, body: bytes) -> dict[str, object]:
    """As the API shows it."""
    try:
        payload = {"payload": body.decode()}
    except UnicodeDecodeError:
        payload = {"payload": base64.b64encode(body).decode(), "payload_encoding": "base64"}
    return {
        "sid": event.sid,
        "assistant_sid": event.assistant_sid,
        "source_sid": event.source_sid,
        "platform": event.platform,
        "event": event.name,
        "type": event.type,
        "status": event.status,
        "status_reason": event.reason,
        "conversation_id": event.conversation_id,
        "occurred_at": iso(event.occurred_ms),
        "date_created": iso(event.received_ms),
        "method": event.method,
        "content_type": event.content_type,
        **payload,
    }


@pytest.mark.parametrize("chosen", [NATIVE, CLOUDEVENTS])
@pytest.mark.parametrize("event", SAMPLES + UNTIDY, ids=lambda event: f"{event.platform} {event.type} {event.method}")
def test_a_post_is_the_callback_that_the_dispatcher_would_make(event, chosen, monkeypatch):
    monkeypatch.setattr("parley.signing.callback.random.token_hex", lambda size: "0" * size)
    webhook = replace(WEBHOOK, format=chosen)
    body = envelope.body(event, "") if CLOUDEVENTS in (chosen, PARLEY) or event.platform == PARLEY else event.payload
    made = forward.callback(shown(event, body), webhook, SECRETS, now=NOW)
    now_ms = int(NOW.timestamp()) * 1000
    assert made == calls.callback(event, webhook, SECRETS, public_url="", now_ms=now_ms)


def test_any_standard_webhooks_library_verifies_a_post():
    event = SAMPLES[8]
    made = forward.callback(shown(event, event.payload), WEBHOOK, SECRETS, now=datetime.now(UTC))
    assert StandardWebhook(SECRETS.secrets[0]).verify(made.body, made.headers)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/hook", "http://localhost:1/", "http://[::1]:8000/", "https://192.168.1.2/"]
)
def test_this_machine_and_what_is_near_may_be_called(url):
    assert forward.target(url) == url


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("8000", "http://127.0.0.1:8000/"),
        ("8000/hook?a=b", "http://127.0.0.1:8000/hook?a=b"),
        ("localhost:8000/hook", "http://localhost:8000/hook"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
    ],
)
def test_what_is_typed_for_short_is_a_server_on_this_machine(typed, url):
    assert forward.target(typed) == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "http://169.254.169.254/",
        "169.254.169.254",
        "http://user:pw@localhost/",
        "",
        "/hook",
        "99999",
    ],
)
def test_other_targets_are_refused(url):
    with pytest.raises(RefusedTargetError):
        forward.target(url)


class Api:
    """Keeps what is asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def call(self, method, path, *, query):
        self.asked.append(query)


@pytest.mark.parametrize(
    ("platform", "chosen", "query"),
    [
        ("watsonx", NATIVE, None),
        ("watsonx", CLOUDEVENTS, {"Format": "cloudevents"}),
        (PARLEY, NATIVE, {"Format": "cloudevents"}),
    ],
)
def test_a_cloud_event_is_the_deployments_own(platform, chosen, query):
    api = Api()
    assistant = {"sid": new_sid(ASSISTANT), "account_sid": new_sid(ACCOUNT)}
    posts = forward.forwarder(cast("ApiClient", api), assistant, "http://127.0.0.1/", chosen, new_secret())
    try:
        posts.fetch({"sid": "EV1", "platform": platform})
    finally:
        posts.close()
    assert api.asked == [query]
