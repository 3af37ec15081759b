"""Native callbacks verified by Node's libraries: `jsonwebtoken` in the watsonx document's snippet, `standardwebhooks`.

`make test` installs them where npm is; elsewhere these tests are skipped.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from parley.platforms import platform
from parley.signing import callback as signing
from parley.signing import standard_webhooks
from parley.webhook import WebhookSecrets
from tests.unit.platforms.examples import PAYLOADS, event, webhook

FOLDER = Path(__file__).parent
DELIVERY = "DL" + "0123456789abcdef" * 2
SECRETS = ("purple unicorn", "whsec_" + base64.b64encode(b"k" * 32).decode(), "秘密 🦄")
JSON_FILES = sorted(PAYLOADS.glob("*/*.json"))
STRICT_JSON = [path for path in JSON_FILES if path.parent.name != "tropo" or path.stem.startswith("actions_")]

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "jsonwebtoken").is_dir(),
        reason="tests/node/node_modules is not there: `make test` installs it where npm is and reaches its registry",
    ),
]


def called(file: Path, *secrets: str, now_seconds: int | None = None) -> tuple[dict[str, str], bytes]:
    """What a receiver's framework hands over: header names in lower case, the raw body."""
    chosen = platform(file.parent.name)
    happened = event(chosen.name, file.read_bytes(), content_type="application/json")
    callback = chosen.native(happened, webhook())
    headers = signing.sign(
        callback,
        webhook(),
        WebhookSecrets(secrets, {}),
        chosen,
        delivery_sid=DELIVERY,
        now_seconds=now_seconds or int(time.time()),
    )
    return {name.lower(): value for name, value in headers.items()}, callback.body


def receive(*requests: tuple[str, dict[str, str], bytes, str]) -> list[dict[str, Any]]:
    """What the receiver in Node says of them."""
    told = [
        {"scheme": scheme, "headers": headers, "body": base64.b64encode(body).decode(), "secret": secret}
        for scheme, headers, body, secret in requests
    ]
    done = subprocess.run(
        ["node", FOLDER / "receiver.js"], input=json.dumps(told).encode(), capture_output=True, check=True
    )
    said: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(said) == len(requests)
    return said


def test_the_watsonx_documents_snippet_verifies_and_so_does_its_text():
    files = [PAYLOADS / "watsonx" / "message_logged.json", PAYLOADS / "watsonx" / "cdr_logged.json"]
    requests = [
        (scheme, *called(file, secret), secret)
        for file in files
        for secret in SECRETS
        for scheme in ("watsonx", "authorization")
    ]
    for answer in receive(*requests):
        assert answer["verified"]["iss"] == "parley"


def test_the_snippet_refuses_another_secret_and_an_old_token():
    file = PAYLOADS / "watsonx" / "message_logged.json"
    fresh, old = called(file, "purple unicorn"), called(file, "purple unicorn", now_seconds=int(time.time()) - 301)
    forged, expired = receive(("watsonx", *fresh, "green unicorn"), ("watsonx", *old, "purple unicorn"))
    assert forged == {"error": "invalid signature"}
    assert expired == {"error": "jwt expired"}


@pytest.mark.parametrize("skew_seconds", [60, -60])
def test_a_receiver_whose_clock_is_off_by_60_seconds_accepts(skew_seconds):
    file = PAYLOADS / "watsonx" / "message_logged.json"
    headers, body = called(file, "purple unicorn", now_seconds=int(time.time()) + skew_seconds)
    requests = [
        ("watsonx", headers, body, "purple unicorn"),
        ("standardwebhooks", headers, body, standard_webhooks.receiver_secret("purple unicorn")),
    ]
    assert all("verified" in answer for answer in receive(*requests))


def test_standardwebhooks_verifies_every_json_example_with_every_kind_of_secret():
    requests = [
        ("standardwebhooks", *called(file, secret), standard_webhooks.receiver_secret(secret))
        for file in STRICT_JSON
        for secret in SECRETS
    ]
    for (_, _, body, _), answer in zip(requests, receive(*requests), strict=True):
        assert answer == {"verified": json.loads(body)}


def test_during_a_rotation_both_secrets_verify():
    file = PAYLOADS / "messagehub" / "message_created.json"
    request = called(file, "new", "old")
    keys = [standard_webhooks.receiver_secret(secret) for secret in ("new", "old", "other")]
    new, old, other = receive(*(("standardwebhooks", *request, key) for key in keys))
    assert "verified" in new
    assert "verified" in old
    assert other == {"error": "No matching signature found"}


def test_standardwebhooks_refuses_a_changed_body():
    headers, body = called(PAYLOADS / "messagehub" / "message_created.json", "s")
    (answer,) = receive(("standardwebhooks", headers, body + b" ", standard_webhooks.receiver_secret("s")))
    assert answer == {"error": "No matching signature found"}
