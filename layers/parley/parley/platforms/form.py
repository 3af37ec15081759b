"""Forms and queries as bytes: read, changed and written without a guess at their charset."""

from __future__ import annotations

import string
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote_plus, unquote_to_bytes

CONTENT_TYPE = "application/x-www-form-urlencoded"

# What the HTTP client's URL class leaves as it is: a URL made with `encode` is called and signed exactly so.
_SAFE = "!$'()*,/:?@"
_ONE_BYTE = (_SAFE + string.ascii_letters + string.digits + "_.-~ ").encode("ascii")

Pairs = tuple[tuple[bytes, bytes], ...]


def is_form(method: str, content_type: str | None) -> bool:
    """Whether a request's parameters are a form: a query, or a body that says so or says nothing."""
    return method == "GET" or (content_type or CONTENT_TYPE).partition(";")[0].strip().lower() == CONTENT_TYPE


def _decode(text: bytes) -> bytes:
    text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


# One, because ingest reads a call's form for its proof and again for its meaning; more would keep megabytes.
@lru_cache(maxsize=1)
def parse(form: bytes) -> Pairs:
    """The decoded names and values in their order; blank values stay, as they are signed."""
    fields = (field.partition(b"=") for field in form.split(b"&") if field)
    return tuple((_decode(name), _decode(value)) for name, _, value in fields)


def encode(pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """A query or form body with these names and values."""
    return "&".join(f"{quote_plus(name, _SAFE)}={quote_plus(value, _SAFE)}" for name, value in pairs)


def encoded_size(text: bytes) -> int:
    """How many bytes `encode` makes of a name or value, without making them: it may be megabytes."""
    return len(text) + 2 * len(text.translate(None, _ONE_BYTE))


def replace(form: bytes, name: bytes, value: bytes) -> bytes:
    """The form with one parameter's value replaced, or added at its end; every other byte stays as it came."""
    field = encode([(name, value)]).encode("ascii")
    fields = []
    for each in form.split(b"&"):
        if _decode(each.partition(b"=")[0]) != name:
            fields.append(each)
        elif field not in fields:
            fields.append(field)
    if field not in fields:
        fields = [*(each for each in fields if each), field]
    return b"&".join(fields)
