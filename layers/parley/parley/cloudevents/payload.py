"""What came, in a form that may stand in a CloudEvent: as an object without credentials, else as base64.

`pubsub_token` is the credential of a visitor's websocket (wire-truth 2.4): it is taken out at any depth, also of JSON
that travels inside a text (`Memory`), and where it cannot be taken out, because the body is no object, nothing of the
body is shown.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from parley.platforms import reading

_TOKEN = re.compile("pubsub[_-]?token", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\+u00([0-9a-fA-F]{2})")
_MASK = "********"
# The name and, unless prose goes on behind it, all that follows: its value in JSON, Ruby, XML, a query, in any escape.
_VALUE = re.compile(rf"({_TOKEN.pattern})(?=\s*[:=>%&\\\"'\[{{]).*", re.IGNORECASE | re.DOTALL)


def cleaned(value: Any) -> Any:  # noqa: ANN401 — JSON's own shape
    """The same value, changed in place: without `pubsub_token`, and null for numbers that JSON has not.

    Without recursion over its nesting: a body may be nested as deep as the parser allows.
    """
    left = [value]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            # not its own name alone: JSON that came as a form is one long name, or is split at any `=`
            for key in [key for key in node if _names_token(key)]:
                del node[key]
            entries = list(node.items())
        elif isinstance(node, list):
            entries = list(enumerate(node))
        else:
            continue
        for key, entry in entries:
            if isinstance(entry, dict | list):
                left.append(entry)
            elif isinstance(entry, str):
                if _names_token(entry):
                    node[key] = _cleaned_text(entry)
            elif isinstance(entry, float) and not math.isfinite(entry):
                node[key] = None
    return value


def _names_token(text: str) -> bool:
    # most texts have neither the word nor an escape that may stand for a part of it
    if "pubsub" not in text.lower() and "%" not in text and "\\u00" not in text:
        return False
    return _may_name_token(text.encode("utf-8", "surrogatepass"))


def _cleaned_text(text: str) -> str:
    """A text that names the credential: as JSON without the credential where it is JSON, else masked from there on.

    Prose about it stays. One that is no JSON and names it in escapes alone is masked whole.
    """
    try:
        inner = json.loads(text, strict=False)
        if isinstance(inner, dict | list):
            return json.dumps(cleaned(inner), ensure_ascii=False)
        if isinstance(inner, str):  # JSON of JSON: each layer doubles its backslashes, so they are few
            return json.dumps(_cleaned_text(inner) if _names_token(inner) else inner, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    return _VALUE.sub(rf"\1{_MASK}", text) if _TOKEN.search(text) else _MASK


def json_body(content: bytes) -> dict[str, Any]:
    """A JSON body.

    Raises:
        UnreadableError: It is not a JSON object in UTF-8.
    """
    return reading.json_object(reading.utf8(content))


def json_text(value: object) -> object:
    """What a text that holds JSON says, or None."""
    try:
        return cleaned(json.loads(value)) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def _may_name_token(content: bytes) -> bool:
    plain = content.replace(b"\0", b"")
    for _ in range(3):  # a query inside a query inside a query
        plain = unquote_to_bytes(plain)
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), plain)
    return b"pubsubtoken" in plain.lower().replace(b"_", b"").replace(b"-", b"")


def as_base64(content: bytes) -> str | None:
    """The bytes that came; None when there are none, or when they may hold what must not go out."""
    return base64.b64encode(content).decode("ascii") if content and not _may_name_token(content) else None
