"""Chatwoot's `X-Chatwoot-Signature`: made and verified.

Source: chatwoot's `lib/webhooks/trigger.rb` (wire-truth 2.2): `sha256=` + hex of HMAC-SHA256(secret,
`{timestamp}.{raw body}`). Over the raw bytes: Rails escapes `< > &`, so JSON that was parsed and written again never
verifies.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from parley.signing.compare import equal

SIGNATURE = "X-Chatwoot-Signature"
TIMESTAMP = "X-Chatwoot-Timestamp"
DELIVERY = "X-Chatwoot-Delivery"
TOLERANCE_SECONDS = 300
_LONGEST_TIMESTAMP = 12


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The header's value.

    Args:
        secret: Its text as it was given.
        timestamp: Unix seconds, as the timestamp header says them.
        body: The raw body.
    """
    return "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def is_fresh(timestamp: str, *, now_seconds: float) -> bool:
    """Whether the timestamp header holds Unix seconds within five minutes of now, on either side."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        return False
    return abs(int(now_seconds) - int(timestamp)) <= TOLERANCE_SECONDS


def verify(presented: str, secrets: Sequence[str], timestamp: str, body: bytes) -> bool:
    """Whether the signature was made with one of the secrets; freshness is asked apart, so that it can be named.

    Args:
        presented: The signature header.
        secrets: The live ones.
        timestamp: The timestamp header, ASCII: `is_fresh` has said so.
        body: The raw body.
    """
    return any(equal(presented, signature(secret, timestamp, body)) for secret in secrets)
