"""The JWT that a callback carries: HS256 by the secret's text, five minutes, bound to the body.

No `aud` and no `nbf`: a PyJWT receiver that was not told of an audience refuses a token that has one. `iat` lies a
minute back, so that a receiver whose clock is late does not find it issued in the future (engine.md, section 7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

ISSUER = "parley"
LIFETIME_SECONDS = 300
BACKDATED_SECONDS = 60


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


_HEADER = _base64url(b'{"alg":"HS256","typ":"JWT"}')


def callback_token(secret: str, body: bytes, *, jti: str, now_seconds: int) -> str:
    """A token for one attempt.

    Args:
        secret: The webhook's; the key is its text in UTF-8, `whsec_` or not, as `jwt.verify(token, secret)` takes it.
        body: What the callback sends; the claim `body_sha256` holds the hex of its SHA-256.
        jti: Fresh for every attempt.
        now_seconds: Unix seconds.
    """
    claims = {
        "iss": ISSUER,
        "iat": now_seconds - BACKDATED_SECONDS,
        "exp": now_seconds + LIFETIME_SECONDS,
        "jti": jti,
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    signed = f"{_HEADER}.{_base64url(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"
