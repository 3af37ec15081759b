"""Is this watsonx's call: a JWT by the source's secret, or a header of the owner's own in its place (wire-truth 4.2).

IBM's text names the header `Authorization`, its snippet reads `authentication`; one IBM sample takes the token raw,
another after `Bearer `. All are accepted. The proof covers neither body nor moment (claims are not documented, so none
is required): what stops a replayed call is the event's identity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parley.platforms.interface import InvalidProofError, MissingProofError
from parley.signing.compare import equal
from parley.tokens import TokenError, verify_hmac

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source

_HEADERS = ("authorization", "authentication")
_BEARER = re.compile(r"\Abearer +", re.IGNORECASE)


def _has_static_header(request: Request, static_header: str) -> bool:
    name, _, value = static_header.partition(":")
    presented = request.headers.get(name.strip().lower(), "")
    return bool(presented and value.strip()) and equal(presented.strip(), value.strip())


def _is_signed(token: str, source: Source, now_seconds: float) -> bool:
    try:
        verify_hmac(token, source.secrets, now_seconds=now_seconds)
    except TokenError:
        return False
    return True


def verify(request: Request, _public_urls: tuple[str, ...], source: Source, now_seconds: float) -> None:
    """Refuse a call without a JWT by one of the secrets and without the source's static header.

    Raises:
        MissingProofError: None of the headers is there.
        InvalidProofError: There is one, and it proves nothing.
    """
    static_header = source.options.static_header
    if static_header is not None and _has_static_header(request, static_header):
        return
    tokens = [request.headers[name].strip() for name in _HEADERS if request.headers.get(name)]
    if not tokens:
        raise MissingProofError("Authorization with the JWT is missing")
    if not any(_is_signed(_BEARER.sub("", token), source, now_seconds) for token in tokens):
        raise InvalidProofError("the JWT is not signed with the source's secret, or has expired")
