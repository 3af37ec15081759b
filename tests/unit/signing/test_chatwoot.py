from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.signing import chatwoot
from tests.unit.signing import vectors

SECRET, TIMESTAMP, BODY = vectors.CHATWOOT_SECRET, vectors.CHATWOOT_TIMESTAMP, vectors.CHATWOOT_BODY


def test_golden_vector():
    assert chatwoot.signature(SECRET, TIMESTAMP, BODY) == vectors.CHATWOOT_SIGNATURE
    assert chatwoot.verify(vectors.CHATWOOT_SIGNATURE, [SECRET], TIMESTAMP, BODY)


def test_json_parsed_and_written_again_no_longer_verifies():
    rewritten = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).encode()
    assert json.loads(rewritten) == json.loads(BODY)
    assert not chatwoot.verify(vectors.CHATWOOT_SIGNATURE, [SECRET], TIMESTAMP, rewritten)


def test_a_signature_over_the_body_alone_is_refused():
    alone = "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    assert not chatwoot.verify(alone, [SECRET], TIMESTAMP, BODY)


@pytest.mark.parametrize(
    "presented", ["", "sha256=", "é", "\ud800", vectors.CHATWOOT_SIGNATURE.removeprefix("sha256=")]
)
def test_other_texts_are_refused(presented):
    assert not chatwoot.verify(presented, [SECRET], TIMESTAMP, BODY)


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_five_minutes_on_either_side(age, fresh):
    for within_the_second in (0, 0.999):
        assert chatwoot.is_fresh(TIMESTAMP, now_seconds=int(TIMESTAMP) + age + within_the_second) is fresh


@pytest.mark.parametrize(
    "timestamp", ["", "now", "1e9", "-1700000000", " 1700000000", "١٧٠٠٠٠٠٠٠٠", "1" * 5000, "1_700"]
)
def test_a_timestamp_is_ascii_digits_and_nothing_raises(timestamp):
    assert not chatwoot.is_fresh(timestamp, now_seconds=1_700_000_000)


@given(st.binary(max_size=50), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_what_was_signed_verifies_with_either_live_secret(body, secret):
    signed = chatwoot.signature(secret, TIMESTAMP, body)
    assert chatwoot.verify(signed, ["another", secret], TIMESTAMP, body)
    assert not chatwoot.verify(signed, [secret + "x"], TIMESTAMP, body)
    assert not chatwoot.verify(signed, [secret], TIMESTAMP, body + b"x")
