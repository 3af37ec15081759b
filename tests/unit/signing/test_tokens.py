from __future__ import annotations

import hashlib
import time
import warnings

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.signing import tokens

BODY = b'{"event":{"name":"message_logged"}}'


def decode(token: str, secret: str, **options: object) -> dict[str, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)  # short secrets are normal here
        claims: dict[str, object] = jwt.decode(token, secret, algorithms=["HS256"], **options)  # type: ignore[arg-type]
    return claims


def test_pyjwt_verifies_and_finds_exactly_our_claims():
    now = int(time.time())
    claims = decode(tokens.callback_token("purple unicorn", BODY, jti="one", now_seconds=now), "purple unicorn")
    assert claims == {
        "iss": "parley",
        "iat": now - 60,
        "exp": now + 300,
        "jti": "one",
        "body_sha256": hashlib.sha256(BODY).hexdigest(),
    }


def test_a_receiver_whose_clock_is_60_seconds_behind_accepts():
    ahead = int(time.time()) + 60
    assert decode(tokens.callback_token("s", BODY, jti="one", now_seconds=ahead), "s")["jti"] == "one"
    with pytest.raises(jwt.ImmatureSignatureError):
        decode(tokens.callback_token("s", BODY, jti="one", now_seconds=ahead + 30), "s")


def test_it_lives_five_minutes():
    old = tokens.callback_token("s", BODY, jti="one", now_seconds=int(time.time()) - 301)
    with pytest.raises(jwt.ExpiredSignatureError):
        decode(old, "s")


def test_a_tampered_or_foreign_token_is_refused():
    token = tokens.callback_token("s", BODY, jti="one", now_seconds=int(time.time()))
    with pytest.raises(jwt.InvalidSignatureError):
        decode(token, "t")
    header, payload, signature = token.split(".")
    with pytest.raises(jwt.InvalidTokenError):
        decode(f"{header}.{payload[:-2]}AA.{signature}", "s")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda s: "-----" not in s))
def test_any_secret_in_any_script_signs(secret):
    token = tokens.callback_token(secret, BODY, jti="one", now_seconds=int(time.time()))
    try:
        assert decode(token, secret)["iss"] == "parley"
    except (
        jwt.InvalidKeyError
    ):  # PyJWT refuses texts that look like an asymmetric key; such a secret is not ours to pick
        assert secret.startswith(("ssh-", "ecdsa-"))
