"""Keys that sign management tokens: made and kept on this side; the cloud gets their public halves alone."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.api_jwk import PyJWK

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

KINDS = ("ed25519", "p256", "rsa")
ALL_SCOPES = ("read", "write", "emit", "replay")
MAX_JWKS_BYTES = 2800  # the template parameter's; it lives in a Lambda environment of 4 KB
_RSA_BITS = 2048
# What verification needs of a key; a provider's `x5c` alone would not fit the parameter.
_MEMBERS = ("kty", "kid", "alg", "use", "crv", "x", "y", "n", "e")


class KeyFileError(Exception):
    """Raised when a file is no key that can sign or verify management tokens, or does not fit; says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; its id is its thumbprint (RFC 7638), so the same key has the same id everywhere."""

    private_key: PrivateKey

    @classmethod
    def generate(cls, kind: str = "ed25519") -> SigningKey:
        """A new key of one of `KINDS`."""
        match kind:
            case "p256":
                return cls(ec.generate_private_key(ec.SECP256R1()))
            case "rsa":
                return cls(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS))
            case _:
                return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Read an unencrypted PEM file.

        Raises:
            KeyFileError: It is none, or of a kind that the authorizer does not take.
        """
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyFileError("not an unencrypted private key in PEM form (`parley keys new` makes one)") from None
        if not isinstance(key, PrivateKey):
            raise KeyFileError("a key of another kind. Allowed: Ed25519, P-256, RSA")
        algorithm_of(key.public_key())
        return cls(key)

    def pem(self) -> bytes:
        """The key as its file holds it."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def jwk(self) -> dict[str, Any]:
        """The public half."""
        return public_jwk(self.private_key.public_key())

    def token(
        self,
        account_sid: str,
        *,
        scopes: Iterable[str] = ALL_SCOPES,
        lifetime_seconds: int,
        issuer: str | None = None,
        audience: str | None = None,
    ) -> str:
        """A management token for an account."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "account": account_sid,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + lifetime_seconds,
            "jti": uuid.uuid4().hex,
        }
        claims |= {name: value for name, value in (("iss", issuer), ("aud", audience)) if value}
        jwk = self.jwk()
        return jwt.encode(claims, self.private_key, algorithm=jwk["alg"], headers={"kid": jwk["kid"]})


def algorithm_of(key: PublicKey) -> str:
    """The one JWS algorithm of a key.

    Raises:
        KeyFileError: The authorizer takes no such key.
    """
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "EdDSA"
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            raise KeyFileError(f"an elliptic curve of another kind, {key.curve.name}. Allowed: P-256")
        return "ES256"
    if key.key_size < _RSA_BITS:
        raise KeyFileError(f"an RSA key of {key.key_size} bits. Allowed: {_RSA_BITS} and more")
    return "RS256"


def public_jwk(key: PublicKey) -> dict[str, Any]:
    """A public key as a JSON Web Key with its algorithm and thumbprint.

    Raises:
        KeyFileError: The authorizer takes no such key.
    """
    algorithm = algorithm_of(key)
    if isinstance(key, ed25519.Ed25519PublicKey):
        members = json.loads(OKPAlgorithm.to_jwk(key))
    elif isinstance(key, ec.EllipticCurvePublicKey):
        members = json.loads(ECAlgorithm.to_jwk(key))
    else:
        members = json.loads(RSAAlgorithm.to_jwk(key))
    kept = {name: members[name] for name in _MEMBERS if name in members}
    return {**kept, "kid": _thumbprint(kept), "alg": algorithm, "use": "sig"}


def _thumbprint(jwk: Mapping[str, str]) -> str:
    """SHA-256 of the required members in lexical order (RFC 7638, 3.2 and RFC 8037, 2)."""
    required = {name: jwk[name] for name in sorted(("crv", "e", "kty", "n", "x", "y")) if name in jwk}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def public_members(text: str) -> list[dict[str, Any]]:
    """The keys of a provider's key set (or one JSON Web Key), without what verification does not need.

    Raises:
        KeyFileError: It is none, or holds a private or symmetric key.
    """
    try:
        given = json.loads(text)
        keys = given.get("keys", [given])
        if any(member in key for key in keys for member in ("d", "k")):
            raise KeyFileError("a private or symmetric key, which must not go to the cloud. Allowed: public keys")
        return [public_jwk(PyJWK(key).key) | ({"kid": key["kid"]} if "kid" in key else {}) for key in keys]
    except (ValueError, TypeError, AttributeError, KeyError, jwt.PyJWTError):
        raise KeyFileError("not a JSON Web Key Set") from None


def key_set(keys: Iterable[Mapping[str, Any]]) -> str:
    """A key set as the template's parameter `Jwks` takes it: needed members alone, on one line.

    Raises:
        KeyFileError: It is longer than the parameter may be.
    """
    text = json.dumps({"keys": list(keys)}, separators=(",", ":"))
    if len(text.encode()) > MAX_JWKS_BYTES:
        size = f"{len(text.encode()):,} bytes together"
        raise KeyFileError(f"{size}. Allowed: {MAX_JWKS_BYTES:,}, that is 6 RSA or 20 Ed25519 keys")
    return text
