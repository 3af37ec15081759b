"""What a MessageHub receiver is sent, with Chatwoot's three headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms.json_callback import native
from parley.signing import chatwoot

if TYPE_CHECKING:
    from parley.platforms.interface import Callback
    from parley.webhook import WebhookSecrets

__all__ = ["native", "sign"]


def sign(callback: Callback, secrets: WebhookSecrets, delivery_sid: str, now_seconds: int) -> dict[str, str]:
    """Chatwoot's signature by the newest secret, over the raw body.

    `X-Chatwoot-Delivery` is a UUID in Chatwoot, the same for its retries: the delivery SID's 32 digits in that form. A
    body that does not begin with `{` is none of Chatwoot's and is not signed its way (`parley.signing`).
    """
    if not callback.body.startswith(b"{"):
        return {}
    timestamp, digits = str(now_seconds), delivery_sid[2:]
    return {
        chatwoot.SIGNATURE: chatwoot.signature(secrets.secrets[0], timestamp, callback.body),
        chatwoot.TIMESTAMP: timestamp,
        chatwoot.DELIVERY: f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
    }
