"""A CloudEvent's way out: proofs of no platform, one body for all webhooks, and what a cold start loads."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time

import jwt
import pytest
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from functions.dispatcher.calls import callback
from parley.webhook import WebhookSecrets
from tests.unit.cloudevents import samples

SECRETS = WebhookSecrets(("new 秘密 of a length that PyJWT does not warn of", "old"), {"X-Team": "blue"})
EVENTS = {event.platform: event for _, event in samples.payloads()}


def sent(event, secrets=SECRETS, **changes):
    return callback(
        event, samples.webhook(**changes), secrets, public_url=samples.API, now_ms=round(time.time() * 1000)
    )


def library_key(secret: str) -> str:
    return "whsec_" + base64.b64encode(secret.encode()).decode()


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("secret", SECRETS.secrets)
def test_it_carries_standard_webhooks_and_no_platforms_proof(name, secret):
    made = sent(EVENTS[name])
    headers = {header.lower(): value for header, value in made.headers.items()}
    ours = {"content-type", "x-team", "parley-hops", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert set(headers) == ours
    read = StandardWebhook(library_key(secret)).verify(made.body, headers)
    assert read["platform"] == name
    with pytest.raises(WebhookVerificationError):
        StandardWebhook(library_key(secret)).verify(made.body.replace(b"1.0", b"1.1", 1), headers)


@pytest.mark.parametrize(("mode", "has_token"), [("auto", False), ("always", True), ("never", False)])
def test_a_token_is_a_bearers_and_only_where_it_is_always_wanted(mode, has_token):
    headers = sent(EVENTS["watsonx"], jwt=mode).headers
    assert "Authentication" not in headers
    assert ("Authorization" in headers) is has_token
    if has_token:
        scheme, _, token = headers["Authorization"].partition(" ")
        assert scheme == "Bearer"
        assert jwt.decode(token, SECRETS.secrets[0], algorithms=["HS256"])["iss"] == "parley"


def test_two_webhooks_get_one_event_with_two_webhook_ids():
    event = EVENTS["tropo"]
    one, other = sent(event), sent(event, sid="UM" + "0c" * 16)
    assert one.body == other.body
    assert json.loads(one.body)["id"] == event.sid
    assert one.headers["webhook-id"] != other.headers["webhook-id"]


def test_a_native_webhook_beside_it_is_called_as_before():
    event = EVENTS["messagehub"]
    made = sent(event, format="native")
    assert made.body == event.payload
    assert made.headers["Content-Type"] == "application/json"
    assert "X-Chatwoot-Signature" in made.headers


def test_the_dispatcher_starts_without_what_only_this_format_needs():
    check = (
        "import sys, functions.dispatcher.app, parley.platforms as p\n"
        "[p.platform(name) for name in p.PLATFORM_NAMES]\n"
        "loaded = [name for name in sys.modules if name.startswith('parley.cloudevents')"
        " or (name.startswith('parley.platforms.') and name.endswith('.vocabulary'))]\n"
        "import parley.cloudevents.envelope\n"
        "[p.vocabulary(name) for name in p.PLATFORM_NAMES]\n"
        "print(loaded, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
