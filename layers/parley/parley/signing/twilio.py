"""Twilio's `X-Twilio-Signature`: made and verified.

Source: `twilio/request_validator.py` of twilio-python 7 and 8 (wire-truth 1.9). The signature is
base64(HMAC-SHA1(auth token, URL + the sorted parameters, each name followed by its sorted distinct values)); a body
that is not a form is covered by its SHA-256 in the query parameter `bodySHA256`.

Parameters are bytes here: a form in another charset is signed over the bytes that it holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, urlsplit

from parley.signing.compare import equal

HEADER = "X-Twilio-Signature"
BODY_HASH = "bodySHA256"
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def _sorted(params: Iterable[tuple[bytes, bytes]]) -> bytes:
    # sorting distinct pairs is Twilio's "sorted names, each with its sorted distinct values"
    return b"".join(name + value for name, value in sorted(set(params)))


def _mac(auth_token: str, message: bytes) -> str:
    return base64.b64encode(hmac.digest(auth_token.encode(), message, "sha1")).decode("ascii")


def signature(auth_token: str, url: str, params: Iterable[tuple[bytes, bytes]] = ()) -> str:
    """The header's value.

    Args:
        auth_token: The secret's text as it was given.
        url: Exactly as it is called: scheme, host, port if any, path, query.
        params: The form's decoded parameters; none for GET and for a body that is not a form.
    """
    return _mac(auth_token, url.encode("utf-8", "surrogateescape") + _sorted(params))


def body_hash(body: bytes) -> str:
    """The value of `bodySHA256` for a body that is not a form."""
    return hashlib.sha256(body).hexdigest()


def covers(query: str, body: bytes) -> bool:
    """Whether the query's `bodySHA256` is this body's hash, so that a signature over the URL covers the body too."""
    given = parse_qs(query).get(BODY_HASH, [""])
    return equal(given[0], body_hash(body))


def spellings(url: str) -> tuple[str, ...]:
    """The URLs that Twilio may have signed when it called this one.

    With and without the port, as Twilio's own validator tries; and the query as received, with `%20` for `+` or the
    reverse, with upper or lower hex digits, because proxies rewrite these. A finite list, each needing the key: none
    weakens the proof.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.port is None:
        other = f"{origin}:{_DEFAULT_PORTS.get(parts.scheme, 443)}"
    else:
        other = origin[: -len(f":{parts.port}")]
    path, mark, query = url[len(origin) :].partition("?")
    queries = [query, query.replace("%20", "+"), query.replace("+", "%20")]
    queries += [_PERCENT.sub(lambda match: match[0].upper(), each) for each in queries[:3]]
    queries += [_PERCENT.sub(lambda match: match[0].lower(), each) for each in queries[:3]]
    return tuple(dict.fromkeys(f"{start}{path}{mark}{each}" for each in queries for start in (origin, other)))


def verify(presented: str, auth_tokens: Sequence[str], url: str, params: Iterable[tuple[bytes, bytes]] = ()) -> bool:
    """Whether a signature was made with one of the tokens over a spelling of this URL and these parameters."""
    suffix = _sorted(params)
    messages = [spelling.encode("utf-8", "surrogateescape") + suffix for spelling in spellings(url)]
    return any(equal(presented, _mac(token, message)) for token in auth_tokens for message in messages)
