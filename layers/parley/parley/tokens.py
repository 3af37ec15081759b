"""JSON Web Tokens: whose signature counts, and what a verified token may say.

Two kinds are verified here, and the attack list runs against both. Management tokens are signed with private keys
whose public halves stand in a JWKS (RFC 7517); the key decides the algorithm, never the token. watsonx signs with the
text of a source's secret (HMAC, wire-truth 4.2), where the token names which SHA-2, all of them keyed by the same text.

HMAC needs only the standard library, and PyJWT would refuse secrets that happen to look like a PEM file or a JWK
(a source's secret is any text) and warn of short ones, which are normal: PyJWT is imported for public keys alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

Claims = Mapping[str, Any]

# The gateway takes 10,240 bytes of request line and headers, and Basic adds a third.
MAX_TOKEN_BYTES = 6 * 1024
LEEWAY_SECONDS = 60
MIN_RSA_BITS = 2048
_LAST_SECOND = 1e12  # beyond any calendar; NaN and Infinity are not below it

_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HMAC_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
# (kty, crv) of RFC 7518 and 8037. `oct` is absent: a public key set holds no shared secret.
_ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}


class TokenError(Exception):
    """Raised, as one of its kinds, when a token is refused; `reason` is a word for logs and holds nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MalformedTokenError(TokenError):
    """Raised when a text is not a signed token in compact form (RFC 7515), or is too long."""


class AlgorithmError(TokenError):
    """Raised when a token names another algorithm than its key has."""


class UnknownKeyError(TokenError):
    """Raised when no key has the token's `kid`; a key set fetched anew may have it."""


class SignatureError(TokenError):
    """Raised when the signature is not by the key."""


class ClaimError(TokenError):
    """Raised when a genuine token is expired, not yet valid, meant for another audience or by another issuer."""


class KeySetError(ValueError):
    """Raised when a text is not a JSON Web Key Set."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key and the one algorithm that it verifies."""

    algorithm: str
    public: PublicKey


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Mapping[str, Any]
    claims: Claims
    signed: bytes
    signature: bytes


def parse_jwks(text: str | bytes) -> dict[str, VerifyingKey]:
    """The usable keys of a key set by `kid`: Ed25519, P-256 and RSA of at least 2,048 bits.

    Keys of other kinds, for encryption, or without `kid` are passed over: an issuer's set may hold them.

    Raises:
        KeySetError: When it is not a key set, or a key of a usable kind is broken.
    """
    try:
        members = json.loads(text)["keys"]
        keys = [(member, _ALGORITHMS.get((member.get("kty"), member.get("crv")))) for member in members]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeySetError('not a key set: {"keys": […]}') from error
    return {
        member["kid"]: VerifyingKey(algorithm, public)
        for member, algorithm in keys
        if algorithm is not None
        and isinstance(member.get("kid"), str)
        and member.get("use", "sig") == "sig"
        and member.get("alg", algorithm) == algorithm
        and (public := _load_key(member, algorithm)) is not None
    }


def _load_key(member: Mapping[str, Any], algorithm: str) -> PublicKey | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 — ingest never needs it
    from jwt import PyJWK, PyJWTError  # noqa: PLC0415 — 90 ms that ingest's cold start is spared

    # Only the public members: a private key given by mistake still verifies, and is not kept.
    public_members = {name: member[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in member}
    try:
        public: PublicKey = PyJWK(public_members, algorithm).key
    except (PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise KeySetError(f"the key {member['kid']!r} is broken") from error
    if isinstance(public, RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        return None
    return public


def verify_asymmetric(
    token: str,
    jwks: Mapping[str, VerifyingKey],
    *,
    audience: str | None,
    issuer: str | None,
    now_seconds: float,
    leeway_seconds: float = LEEWAY_SECONDS,
) -> Claims:
    """The claims of a management token.

    Args:
        token: In compact form.
        jwks: The trusted keys by `kid`.
        audience: Must be among the token's; None accepts only tokens that name none (RFC 7519, 4.1.3).
        issuer: Must equal the token's; None accepts any, for then the keys alone say who signs.
        now_seconds: Unix time.
        leeway_seconds: How far clocks may differ.

    Raises:
        TokenError: As the kind that says why; `exp` is required.
    """
    from jwt import PyJWS, PyJWTError  # noqa: PLC0415 — see _load_key

    parts = _split(token)
    key_id = parts.header.get("kid")
    key = jwks.get(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise UnknownKeyError("unknown_key")
    if parts.header.get("alg") != key.algorithm:
        raise AlgorithmError("algorithm_not_the_keys")
    try:
        PyJWS().decode_complete(token, key=key.public, algorithms=[key.algorithm])
    except PyJWTError as error:
        raise SignatureError("bad_signature") from error
    _check_times(parts.claims, now_seconds=now_seconds, leeway_seconds=leeway_seconds, require_expiry=True)
    if issuer is not None and parts.claims.get("iss") != issuer:
        raise ClaimError("wrong_issuer")
    _check_audience(parts.claims, audience)
    return parts.claims


def verify_hmac(
    token: str,
    secrets: Iterable[str],
    *,
    now_seconds: float,
    leeway_seconds: float = LEEWAY_SECONDS,
) -> Claims:
    """The claims of a token that was signed with one of the secrets' text, as watsonx signs.

    `exp` and `nbf` count when they are there; watsonx documents no claims (wire-truth 4.2).

    Raises:
        TokenError: As the kind that says why.
    """
    parts = _split(token)
    algorithm = parts.header.get("alg")
    digest = _HMAC_HASHES.get(algorithm) if isinstance(algorithm, str) else None
    if digest is None:
        raise AlgorithmError("algorithm_not_hmac")
    # Every secret is tried, so that time does not tell which of two live ones matched. An empty one keys nothing.
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), parts.signed, digest).digest(), parts.signature)
        for secret in secrets
        if secret
    ]
    if not any(matches):
        raise SignatureError("bad_signature")
    _check_times(parts.claims, now_seconds=now_seconds, leeway_seconds=leeway_seconds, require_expiry=False)
    return parts.claims


def _split(token: str) -> _Parts:
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedTokenError("too_long")
    if not _SEGMENTS.fullmatch(token):
        raise MalformedTokenError("not_a_token")
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    parts = _Parts(_object(header), _object(claims), signed.encode("ascii"), _decode(signature))
    if "crit" in parts.header:
        # RFC 7515, 4.1.11: an extension that is not understood refuses the token; none is understood here.
        raise MalformedTokenError("critical_extension")
    return parts


def _decode(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError as error:
        raise MalformedTokenError("not_base64url") from error


def _object(segment: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_decode(segment))
    except (ValueError, RecursionError) as error:
        raise MalformedTokenError("not_json") from error
    if not isinstance(value, dict):
        raise MalformedTokenError("not_an_object")
    return value


def _time(claims: Claims, name: str) -> float | None:
    """A NumericDate (RFC 7519, 2): a JSON number, which Python also reads from `Infinity`, `NaN` and true."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LAST_SECOND:
        raise ClaimError(f"{name}_not_a_time")
    return value


def _check_times(claims: Claims, *, now_seconds: float, leeway_seconds: float, require_expiry: bool) -> None:
    expires = _time(claims, "exp")
    if expires is None and require_expiry:
        raise ClaimError("no_expiry")
    if expires is not None and expires <= now_seconds - leeway_seconds:
        raise ClaimError("expired")
    for name in ("nbf", "iat") if require_expiry else ("nbf",):
        start = _time(claims, name)
        if start is not None and start > now_seconds + leeway_seconds:
            raise ClaimError("not_yet_valid")


def _check_audience(claims: Claims, audience: str | None) -> None:
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [] if named is None else [named]
    if audience is None:
        if audiences:
            raise ClaimError("audience_not_ours")
    elif audience not in audiences:
        raise ClaimError("wrong_audience")
