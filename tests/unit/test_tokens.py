"""The attack list against both verifications, and the tokens that must pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from parley import tokens

if TYPE_CHECKING:
    from parley.tokens import Claims

NOW = 1_790_000_000
ED = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE: dict[str, Any] = {"EdDSA": ED, "ES256": P256, "RS256": RSA}


def jwk(kid: str, private: Any, **members: str) -> dict[str, str]:
    makers: list[tuple[type, Any]] = [
        (ed25519.Ed25519PrivateKey, OKPAlgorithm),
        (ec.EllipticCurvePrivateKey, ECAlgorithm),
        (rsa.RSAPrivateKey, RSAAlgorithm),
    ]
    maker = next(maker for kind, maker in makers if isinstance(private, kind))
    return {**json.loads(maker.to_jwk(private.public_key())), "kid": kid, **members}


KEY_SET = {"keys": [jwk(kid, private) for kid, private in PRIVATE.items()]}
JWKS = tokens.parse_jwks(json.dumps(KEY_SET))
CLAIMS = {"account": "AC" + "0" * 32, "scope": "read", "exp": NOW + 600}


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    claims: Claims = CLAIMS, *, algorithm: str = "EdDSA", kid: str | None = None, key: Any = None, **header: Any
) -> str:
    return jwt.encode(dict(claims), key or PRIVATE[algorithm], algorithm, headers={"kid": kid or algorithm, **header})


def hmac_token(claims: Claims = CLAIMS, secret: str = "s3cret", algorithm: str = "HS256", **header: Any) -> str:
    text = f"{segment({'alg': algorithm, **header})}.{segment(claims)}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{text}.{segment(hmac.new(secret.encode(), text.encode(), digest).digest())}"


def verify(token: str, *, audience: str | None = None, issuer: str | None = None) -> Claims:
    return tokens.verify_asymmetric(token, JWKS, audience=audience, issuer=issuer, now_seconds=NOW)


def verify_text(token: str, *secrets: str) -> Claims:
    return tokens.verify_hmac(token, secrets or ("s3cret",), now_seconds=NOW)


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_genuine_token_of_each_kind_passes(algorithm):
    assert verify(signed(algorithm=algorithm)) == CLAIMS


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_genuine_hmac_token_passes_by_any_live_secret(algorithm):
    assert verify_text(hmac_token(algorithm=algorithm), "new", "s3cret") == CLAIMS


@pytest.mark.parametrize("secret", ["x", "秘密🤖", "-----BEGIN PUBLIC KEY-----", '{"kty":"oct","k":"eA"}', "$x {{y}}"])
def test_any_text_keys_hmac_and_short_ones_warn_nobody(secret):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verify_text(hmac_token(secret=secret), secret) == CLAIMS


def test_hmac_needs_no_claims_and_heeds_exp_and_nbf_when_there():
    assert verify_text(hmac_token({})) == {}
    assert verify_text(hmac_token({"aud": "someone", "iat": NOW + 10_000})) != {}
    for claims, reason in (({"exp": NOW - 61}, "expired"), ({"nbf": NOW + 61}, "not_yet_valid")):
        with pytest.raises(tokens.ClaimError) as refused:
            verify_text(hmac_token(claims))
        assert refused.value.reason == reason
    assert verify_text(hmac_token({"exp": NOW - 59, "nbf": NOW + 59}))


def pem(private: rsa.RSAPrivateKey) -> str:
    public = private.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def attacks() -> Iterator[tuple[str, str]]:
    none = f"{segment({'alg': 'none', 'kid': 'EdDSA'})}.{segment(CLAIMS)}"
    header, body, signature = signed().split(".")
    yield "alg none without signature", f"{none}."
    yield "alg none with something", f"{none}.AA"
    yield "alg None in another case", f"{segment({'alg': 'NoNe', 'kid': 'EdDSA'})}.{segment(CLAIMS)}.AA"
    yield "HS256 with the public key", hmac_token(secret=pem(RSA), kid="RS256")
    yield "HS256 with the public JWK", hmac_token(secret=json.dumps(KEY_SET["keys"][0]), kid="EdDSA")
    yield "HS256 with an empty key", hmac_token(secret="", kid="EdDSA")
    yield "RS256 with an EC key's kid", signed(algorithm="RS256", kid="ES256")
    yield "RS512 by an RSA key", signed(key=RSA, algorithm="RS512", kid="RS256")
    yield "PS256 by an RSA key", signed(key=RSA, algorithm="PS256", kid="RS256")
    yield "wrong kid", signed(kid="unknown")
    yield "another kid of the set", signed(kid="RS256")
    yield "kid that is no text", f"{segment({'alg': 'EdDSA', 'kid': ['EdDSA']})}.{body}.{signature}"
    yield "no kid", jwt.encode(CLAIMS, ED, "EdDSA")
    yield "key in the header", jwt.encode(CLAIMS, ED, "EdDSA", headers={"jwk": KEY_SET["keys"][0]})
    yield "another key", signed(key=ed25519.Ed25519PrivateKey.generate())
    yield "other claims", f"{header}.{segment(CLAIMS | {'scope': 'write'})}.{signature}"
    yield "no signature", f"{header}.{body}."
    yield "two segments", f"{header}.{body}"
    yield "four segments", f"{header}.{body}.{signature}.x"
    yield "cut signature", f"{header}.{body}.{signature[:-4]}"
    yield "expired", signed(CLAIMS | {"exp": NOW - 61})
    yield "no exp", signed({"account": CLAIMS["account"]})
    yield "exp as text", signed_raw(CLAIMS | {"exp": str(NOW + 600)})
    yield "exp as true", signed_raw(CLAIMS | {"exp": True})
    yield "exp infinite", signed_raw(b'{"exp":Infinity}')
    yield "exp NaN", signed_raw(b'{"exp":NaN}')
    yield "exp of 400 digits", signed_raw(b'{"exp":1' + b"0" * 400 + b"}")
    yield "not yet valid", signed(CLAIMS | {"nbf": NOW + 61})
    yield "issued in the future", signed(CLAIMS | {"iat": NOW + 61})
    yield "meant for another audience", signed(CLAIMS | {"aud": "another"})
    yield "critical extension", signed(crit=["x"], x=1)
    yield (
        "detached payload",
        f"{segment({'alg': 'EdDSA', 'kid': 'EdDSA', 'b64': False, 'crit': ['b64']})}.{body}.{signature}",
    )
    yield "claims that are a list", signed_raw(b"[]")
    yield "claims nested deeply", signed_raw(b"[" * 3000)
    yield "header nested deeply", f"{segment(b'[' * 3000)}.{body}.{signature}"
    yield "header that is a list", f"{segment([])}.{body}.{signature}"
    yield "not UTF-8", signed_raw(b'{"exp":\xff}')
    yield "100 KB", signed(CLAIMS | {"x": "y" * 100_000})
    yield "non-ASCII", f"{signed()[:-1]}é"
    yield "line break", f"{signed()}\n"
    yield "padding", f"{header}=.{body}.{signature}"
    yield "nothing", ""


def signed_raw(payload: object) -> str:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{segment({'alg': 'EdDSA', 'kid': 'EdDSA'})}.{segment(raw)}"
    return f"{text}.{segment(ED.sign(text.encode()))}"


ATTACKS = dict(attacks())


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_management_tokens_are_refused(name):
    with pytest.raises(tokens.TokenError) as refused:
        verify(ATTACKS[name])
    assert refused.value.reason.replace("_", "").isalpha()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_same_attacks_on_a_sources_tokens_are_refused(name):
    with pytest.raises(tokens.TokenError):
        verify_text(ATTACKS[name], "s3cret")


@pytest.mark.parametrize("secrets", [(), ("",), ("other",), ("s3cre", "s3cret ")])
def test_hmac_by_no_live_secret_is_refused(secrets):
    with pytest.raises(tokens.SignatureError):
        tokens.verify_hmac(hmac_token(), secrets, now_seconds=NOW)
    with pytest.raises(tokens.SignatureError):
        tokens.verify_hmac(hmac_token(secret=""), secrets, now_seconds=NOW)


@given(st.text(max_size=200) | st.binary(max_size=150).map(lambda raw: ".".join(map(segment, (raw, raw[::-1], raw)))))
def test_any_text_is_refused_and_nothing_else_is_raised(text):
    for check in (verify, verify_text):
        with pytest.raises(tokens.TokenError):
            check(text)


def test_skew_is_sixty_seconds_at_most():
    assert verify(signed(CLAIMS | {"exp": NOW - 59, "nbf": NOW + 60, "iat": NOW + 60}))
    with pytest.raises(tokens.ClaimError):
        verify(signed(CLAIMS | {"exp": NOW - 60}))


def test_audience_and_issuer_must_be_named_where_they_are_expected():
    mine = signed(CLAIMS | {"aud": ["x", "parley"], "iss": "https://issuer"})
    assert verify(mine, audience="parley", issuer="https://issuer")
    for audience, issuer in (("other", "https://issuer"), ("parley", "https://issuer/"), (None, "https://issuer")):
        with pytest.raises(tokens.ClaimError):
            verify(mine, audience=audience, issuer=issuer)
    with pytest.raises(tokens.ClaimError):
        verify(signed(), audience="parley")


def test_only_usable_public_keys_are_taken_from_a_set():
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 — to be refused
    p384 = ec.generate_private_key(ec.SECP384R1())
    keys = [
        jwk("good", ED),
        {**jwk("private", ED), "d": "AAAA"},
        jwk("small", small),
        jwk("p384", p384),
        jwk("encryption", RSA, use="enc"),
        jwk("other algorithm", RSA, alg="RS512"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {name: value for name, value in jwk("x", ED).items() if name != "kid"},
    ]
    assert set(tokens.parse_jwks(json.dumps({"keys": keys}))) == {"good", "private"}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"keys":1}', '{"keys":[1]}', '{"keys":[{"kty":"RSA","kid":"a","n":"!"}]}', "[" * 9999],
)
def test_what_is_no_key_set_is_said_to_be_none(text):
    with pytest.raises(tokens.KeySetError):
        tokens.parse_jwks(text)


def test_hmac_imports_no_cryptography():
    code = (
        "import sys; from parley import tokens\n"
        f"tokens.verify_hmac({hmac_token()!r}, ('s3cret',), now_seconds={NOW})\n"
        "assert not {'jwt', 'cryptography'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
