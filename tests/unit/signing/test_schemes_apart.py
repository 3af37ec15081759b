"""One secret keys four schemes: no message of one may be taken for another's (`parley.signing`)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.platforms.interface import Callback
from parley.platforms.messagehub import callback as messagehub
from parley.signing import tokens
from parley.webhook import WebhookSecrets

# What a receiver of each scheme would take its signed message apart with.
STANDARD = re.compile(rb"(?s)[^.]+\.[0-9]+\..*")
CHATWOOT = re.compile(rb"(?s)[0-9]+\..*")
JWT = re.compile(rb"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")

json_bodies = st.binary(max_size=40).map(lambda rest: b"{" + rest)
moments = st.integers(min_value=0, max_value=10**11)
sids = st.text("0123456789abcdef", min_size=32, max_size=32).map(lambda digits: f"DL{digits}")


@given(sids, moments, st.binary(max_size=40))
def test_a_standard_webhooks_message_is_no_other(sid, moment, body):
    message = f"{sid}.{moment}.".encode() + body
    assert not CHATWOOT.fullmatch(message)
    assert not JWT.fullmatch(message)


@given(moments, json_bodies)
def test_a_chatwoot_message_is_no_other(moment, body):
    message = f"{moment}.".encode() + body
    assert not STANDARD.fullmatch(message)
    assert not JWT.fullmatch(message)


@given(json_bodies, moments)
def test_a_jwt_is_no_other(body, moment):
    signed = tokens.callback_token("s", body, jti="one", now_seconds=moment).rpartition(".")[0].encode()
    assert JWT.fullmatch(signed)
    assert not STANDARD.fullmatch(signed)
    assert not CHATWOOT.fullmatch(signed)


@pytest.mark.parametrize("body", [b"1700000000.{}", b"", b"[]", b" {}", b"\xff"])
def test_a_body_that_could_be_taken_for_another_scheme_is_not_signed_in_chatwoots_way(body):
    callback = Callback(method="POST", url="https://h.example/", headers={}, body=body)
    assert messagehub.sign(callback, WebhookSecrets(secrets=("s",), headers={}), "DL" + "0" * 32, 1_700_000_000) == {}
