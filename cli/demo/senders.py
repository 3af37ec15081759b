"""The platforms' side: each function makes the headers that its platform sends, the proof among them.

With other people's libraries where they exist, so that what ingest takes is not what Parley's own signer makes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import jwt
from twilio.request_validator import RequestValidator

Sender = Callable[[str, str, bytes, int], dict[str, str]]
"""`(ingest URL, source's secret, body, Unix seconds)` to the headers."""

_TOKEN_SECONDS = 30


def autopilot(url: str, secret: str, body: bytes, _now_seconds: int) -> dict[str, str]:
    """Twilio signs the URL and the form's parameters with the account's auth token."""
    parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": RequestValidator(secret).compute_signature(url, parameters),
    }


def watsonx(_url: str, secret: str, _body: bytes, now_seconds: int) -> dict[str, str]:
    """IBM puts the raw JWT into `Authorization`; it covers neither URL nor body."""
    token = jwt.encode({"iss": "watsonx", "exp": now_seconds + _TOKEN_SECONDS}, secret, algorithm="HS256")
    return {"Content-Type": "application/json", "Authorization": token}


def messagehub(_url: str, secret: str, body: bytes, now_seconds: int) -> dict[str, str]:
    """Chatwoot signs timestamp and raw body."""
    signed = f"{now_seconds}.".encode() + body
    return {
        "Content-Type": "application/json",
        "X-Chatwoot-Delivery": str(uuid.uuid4()),
        "X-Chatwoot-Timestamp": str(now_seconds),
        "X-Chatwoot-Signature": "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }


def tropo(_url: str, secret: str, _body: bytes, _now_seconds: int) -> dict[str, str]:
    """Tropo signs nothing; it sends the `user:password` of the URL that it was given."""
    return {
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(secret.encode()).decode(),
    }


SENDERS: Mapping[str, Sender] = {
    "autopilot": autopilot,
    "watsonx": watsonx,
    "messagehub": messagehub,
    "tropo": tropo,
}
