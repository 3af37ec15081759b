from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from parley.signing import standard_webhooks

ID = "DL" + "0a" * 16
KEY = b"\x00\x01 a key of bytes \xff"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()


def test_the_specifications_own_example():
    # github.com/standard-webhooks, README: the example that all libraries test
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = standard_webhooks.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [WHSEC, "purple unicorn", "秘密🔑", "whsec_not base64!", "whsec_", "é" * 1024])
def test_the_library_verifies_what_any_secret_signed(secret):
    now = int(time.time())
    body = '{"text":"今日は 🍽"}'.encode()
    headers = standard_webhooks.headers(ID, now, body, [secret])
    Webhook(standard_webhooks.receiver_secret(secret)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(standard_webhooks.receiver_secret(secret)).verify(body + b" ", headers)


def test_during_a_rotation_both_secrets_verify_and_a_third_does_not():
    now = int(time.time())
    headers = standard_webhooks.headers(ID, now, b"{}", ["new", WHSEC])
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in ("new", WHSEC):
        Webhook(standard_webhooks.receiver_secret(secret)).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(standard_webhooks.receiver_secret("third")).verify(b"{}", headers)


def test_a_stale_callback_is_refused_by_the_library():
    headers = standard_webhooks.headers(ID, int(time.time()) - 301, b"{}", [WHSEC])
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(WHSEC).verify(b"{}", headers)


def test_whsec_is_base64_padded_or_not_and_everything_else_is_text():
    assert standard_webhooks.key(WHSEC) == KEY
    assert standard_webhooks.key(WHSEC.rstrip("=")) == KEY
    assert standard_webhooks.key("purple unicorn") == b"purple unicorn"
    assert standard_webhooks.key("whsec_a b") == b"whsec_a b"
    assert standard_webhooks.key("whsec_") == b"whsec_"
    assert standard_webhooks.key("秘密") == "秘密".encode()


def test_new_secrets_are_32_bytes_and_differ():
    first, second = standard_webhooks.new_secret(), standard_webhooks.new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


@given(st.binary(min_size=1, max_size=64))
def test_our_key_is_the_librarys_key_for_every_whsec_secret(key):
    secret = "whsec_" + base64.b64encode(key).decode()
    assert standard_webhooks.key(secret) == key == Webhook(secret)._whsecret
