"""Is this Tropo's call: HTTP Basic credentials, which Tropo takes from the URL that it is given.

Tropo signs nothing, and nothing else in its calls can prove it. The proof covers neither body nor moment: what stops a
replayed call is the event's identity.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

from parley.platforms.interface import InvalidProofError, MissingProofError

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source


def _presented(header: str) -> bytes:
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _spellings(secret: str) -> tuple[bytes, ...]:
    # HTTP libraries of Tropo's time wrote credentials in ISO-8859-1, later ones in UTF-8 (RFC 7617)
    try:
        return secret.encode(), secret.encode("iso-8859-1")
    except UnicodeEncodeError:
        return (secret.encode(),)


def verify(request: Request, _public_urls: tuple[str, ...], source: Source, _now_seconds: float) -> None:
    """Refuse a call without the source's `user:password`, when it has one.

    Raises:
        MissingProofError: No Authorization header.
        InvalidProofError: Other credentials.
    """
    if not source.secrets:
        return
    header = request.headers.get("authorization")
    if not header:
        raise MissingProofError("HTTP Basic credentials are missing")
    presented = _presented(header)
    spellings = [spelling for secret in source.secrets for spelling in _spellings(secret)]
    if not any(hmac.compare_digest(presented, spelling) for spelling in spellings):
        raise InvalidProofError("the HTTP Basic credentials are not the source's")
