"""A key pair for one run and the management token that it signs."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ALL_SCOPES = "read write emit replay"
TOKEN_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class RunKeys:
    """An Ed25519 pair; only this run's authorizer knows the public half, and nobody keeps the private one."""

    private_key: Ed25519PrivateKey
    key_id: str

    @classmethod
    def generate(cls) -> RunKeys:
        """A new pair."""
        return cls(Ed25519PrivateKey.generate(), f"local-{uuid.uuid4().hex[:8]}")

    def jwks(self) -> dict[str, Any]:
        """The public half as a JSON Web Key Set."""
        key = json.loads(OKPAlgorithm.to_jwk(self.private_key.public_key()))
        return {"keys": [{**key, "kid": self.key_id, "alg": "EdDSA", "use": "sig"}]}

    def token(self, account_sid: str, *, scope: str = ALL_SCOPES, lifetime_seconds: int = TOKEN_SECONDS) -> str:
        """A management token for an account."""
        now = int(time.time())
        claims = {
            "account": account_sid,
            "scope": scope,
            "iat": now,
            "exp": now + lifetime_seconds,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode(claims, self.private_key, algorithm="EdDSA", headers={"kid": self.key_id})
