"""Standard Webhooks: the three headers that every callback carries.

Source: standardwebhooks.com, specification 1.0: HMAC-SHA256 over `{id}.{timestamp}.{body}`, `v1,` + base64; several
signatures stand in one header, separated by spaces, so that a secret can be rotated.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets as random
from collections.abc import Sequence
from functools import lru_cache

PREFIX = "whsec_"
_NEW_KEY_BYTES = 32


def new_secret() -> str:
    """A fresh secret: `whsec_` + base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(random.token_bytes(_NEW_KEY_BYTES)).decode("ascii")


@lru_cache(maxsize=1024)
def key(secret: str) -> bytes:
    """The bytes that sign.

    `whsec_` + base64 (padded or not) is that base64's bytes, as in every Standard Webhooks library. Any other text, and
    a `whsec_` text whose rest is empty or not base64, is its own UTF-8 bytes: its owner gives `receiver_secret` to the
    library.
    """
    if secret.startswith(PREFIX):
        encoded = secret[len(PREFIX) :]
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if decoded:
            return decoded
    return secret.encode()


def receiver_secret(secret: str) -> str:
    """The secret in the form that a receiver's Standard Webhooks library takes."""
    return PREFIX + base64.b64encode(key(secret)).decode("ascii")


def signature(webhook_id: str, timestamp_seconds: int, body: bytes, secret: str) -> str:
    """One signature: `v1,` + base64."""
    signed = f"{webhook_id}.{timestamp_seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key(secret), signed, "sha256")).decode("ascii")


def headers(webhook_id: str, timestamp_seconds: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature per live secret, the newest first."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": " ".join(signature(webhook_id, timestamp_seconds, body, secret) for secret in secrets),
    }
