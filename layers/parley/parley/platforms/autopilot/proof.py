"""Is this Autopilot's call: `X-Twilio-Signature` over the URL and the parameters (wire-truth 1.9).

The proof holds no nonce and no time. What stops a replayed call is the event's identity, its `Sid`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms import form
from parley.platforms.interface import InvalidProofError, MissingProofError
from parley.signing import twilio

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source


def verify(request: Request, public_urls: tuple[str, ...], source: Source, _now_seconds: float) -> None:
    """Refuse a call that the holder of the auth token did not sign.

    A GET's signature covers its query as it was sent; a POST's the form's parameters; any other body is covered by its
    hash in the query, and refused without one.

    Raises:
        MissingProofError: No signature.
        InvalidProofError: A signature of something else, or with another token.
    """
    presented = request.headers.get(twilio.HEADER.lower())
    if not presented:
        raise MissingProofError(f"{twilio.HEADER} is missing")
    query = f"?{request.raw_query}" if request.raw_query else ""
    params: form.Pairs = ()
    if request.method != "GET":
        if form.is_form(request.method, request.headers.get("content-type")):
            params = form.parse(request.body)
        elif not twilio.covers(request.raw_query, request.body):
            raise InvalidProofError(f"{twilio.BODY_HASH} in the query is not the body's")
    # each candidate is this deployment's own and needs the key: a list of them weakens nothing
    if not any(twilio.verify(presented, source.secrets, url + query, params) for url in public_urls):
        raise InvalidProofError(f"{twilio.HEADER} does not match the URL and parameters with the source's secret")
