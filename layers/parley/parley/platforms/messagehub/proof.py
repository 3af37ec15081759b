"""Is this MessageHub's call: `X-Chatwoot-Signature` over timestamp and raw body, five minutes at most (wire-truth 2.2).

MessageHub's help page promises no signature, so a source may have no secret: then only the URL's token guards it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms.interface import InvalidProofError, MissingProofError
from parley.signing import chatwoot

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source


def verify(request: Request, _public_urls: tuple[str, ...], source: Source, now_seconds: float) -> None:
    """Refuse a call that the holder of the secret did not sign in the last five minutes.

    Raises:
        MissingProofError: A signature or its timestamp is missing, and the source has a secret.
        InvalidProofError: Stale, or a signature of something else, or with another secret.
    """
    if not source.secrets:
        return
    presented = request.headers.get(chatwoot.SIGNATURE.lower())
    timestamp = request.headers.get(chatwoot.TIMESTAMP.lower())
    if not presented or not timestamp:
        raise MissingProofError(f"{chatwoot.SIGNATURE} or {chatwoot.TIMESTAMP} is missing")
    if not chatwoot.is_fresh(timestamp, now_seconds=now_seconds):
        raise InvalidProofError(f"{chatwoot.TIMESTAMP} is not within {chatwoot.TOLERANCE_SECONDS} s of now")
    if not chatwoot.verify(presented, source.secrets, timestamp, request.body):
        raise InvalidProofError(f"{chatwoot.SIGNATURE} does not match the body with the source's secret")
