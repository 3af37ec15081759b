"""What a token says of itself, whether or not it is one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import token_claims
from cli.signing_keys import SigningKey

ACCOUNT = f"AC{'0' * 31}1"


def test_account_scopes_and_time_are_read():
    claims = token_claims.read(SigningKey.generate().token(ACCOUNT, scopes=("read", "emit"), lifetime_seconds=60))
    assert claims is not None
    assert (claims.account, claims.scopes) == (ACCOUNT, ("read", "emit"))
    assert not claims.has_expired(datetime.now(UTC))
    assert claims.has_expired(datetime(2200, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "a.bnVsbA.c", "a.W10.c", "a.eyJleHAiOiJ4In0.c", "a.eyJleHAiOjFlOTl9.c"]
)
def test_what_is_no_token_says_nothing(token):
    assert token_claims.read(token) is None


def test_a_token_without_a_time_never_expires():
    claims = token_claims.read("a.e30.c")
    assert claims is not None
    assert not claims.has_expired(datetime(2200, 1, 1, tzinfo=UTC))


@given(st.text())
def test_reading_never_fails(text):
    token_claims.read(text)
    token_claims.read(f"a.{text}.c")
