"""Which headers a callback carries: the one place that decides it (design, section 5).

Header values are text; the HTTP client writes them as UTF-8, so a value may be in any script.
"""

from __future__ import annotations

import secrets as random
from typing import TYPE_CHECKING

from parley.signing import standard_webhooks, tokens
from parley.webhook import JWT_AUTO, JWT_NEVER

if TYPE_CHECKING:
    from parley.platforms.interface import Callback, Platform
    from parley.webhook import Webhook, WebhookSecrets

_RESERVED = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
    "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
_RESERVED_PREFIXES = ("webhook-", "x-twilio-", "x-chatwoot-", "parley-")


def is_reserved(header_name: str) -> bool:
    """Whether a team's own header may not have this name, because it is ours or the connection's."""
    name = header_name.lower()
    return name in _RESERVED or name.startswith(_RESERVED_PREFIXES)


def _token_headers(
    callback: Callback, webhook: Webhook, secrets: WebhookSecrets, platform: Platform | None, now_seconds: int
) -> dict[str, str]:
    bare = platform is not None and platform.bare_token
    if webhook.jwt == JWT_NEVER or (webhook.jwt == JWT_AUTO and not bare):
        return {}
    names = {name.lower() for name in secrets.headers}
    if "authorization" in names:
        return {}  # watsonx's rule: an own Authorization is used instead of the JWT
    jti = random.token_hex(16)
    token = tokens.callback_token(secrets.secrets[0], callback.body, jti=jti, now_seconds=now_seconds)
    if not bare:
        return {"Authorization": f"Bearer {token}"}
    # the seed's text names the first header, its snippet reads the second; both with the raw token
    return {name: token for name in ("Authorization", "Authentication") if name.lower() not in names}


def sign(
    callback: Callback,
    webhook: Webhook,
    secrets: WebhookSecrets,
    platform: Platform | None,
    *,
    delivery_sid: str,
    now_seconds: int,
) -> dict[str, str]:
    """The final headers of one attempt.

    A header of the team's own never replaces one of ours (`is_reserved`); its own `Authorization` replaces the JWT.

    Args:
        callback: What is sent, the URL exactly as it will be called.
        webhook: For which.
        secrets: Its live secrets and own headers.
        platform: The event's platform for a native callback; None for CloudEvents and Parley's own events.
        delivery_sid: Becomes `webhook-id`, the same for every attempt.
        now_seconds: Unix seconds of this attempt.
    """
    own = {name: value for name, value in secrets.headers.items() if not is_reserved(name)}
    return {
        **_token_headers(callback, webhook, secrets, platform, now_seconds),
        **own,
        **callback.headers,
        **standard_webhooks.headers(delivery_sid, now_seconds, callback.body, secrets.secrets),
        **(platform.sign(callback, secrets, delivery_sid, now_seconds) if platform else {}),
    }
