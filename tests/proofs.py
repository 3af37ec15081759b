"""How each platform proves its calls, made from its documentation and other people's libraries, never by Parley."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

Headers = list[tuple[str, str]]


def autopilot(auth_token: str, url: str, body: bytes) -> Headers:
    """Twilio signs the URL that it calls and the form's parameters."""
    parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = RequestValidator(auth_token).compute_signature(url, parameters)
    return [("Content-Type", "application/x-www-form-urlencoded"), ("X-Twilio-Signature", signature)]


def hs256(claims: dict[str, Any], secret: str) -> str:
    """A JWT as watsonx makes one; by hand, because PyJWT warns of secrets as short as IBM's own example."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (head + b"." + part(hmac.new(secret.encode(), head, hashlib.sha256).digest())).decode()


def watsonx(secret: str, claims: dict[str, Any] | None = None) -> Headers:
    """The raw token in Authorization, as IBM's sample receiver reads it."""
    return [("Content-Type", "application/json"), ("Authorization", hs256(claims or {}, secret))]


def messagehub(secret: str, body: bytes, *, at: int | None = None, delivery: str | None = None) -> Headers:
    """Chatwoot's formula: HMAC over timestamp, dot, raw body."""
    timestamp = str(at or int(time.time()))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = [
        ("Content-Type", "application/json"),
        ("X-Chatwoot-Timestamp", timestamp),
        ("X-Chatwoot-Signature", f"sha256={signature}"),
    ]
    return [*headers, ("X-Chatwoot-Delivery", delivery)] if delivery else headers


def tropo(userinfo: str) -> Headers:
    """What an HTTP client makes of credentials in a URL."""
    encoded = base64.b64encode(userinfo.encode()).decode()
    return [("Content-Type", "application/json"), ("Authorization", f"Basic {encoded}")]
