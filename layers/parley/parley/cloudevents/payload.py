"""What came, in a form that may stand in a CloudEvent: as an object without credentials, else as base64.

`pubsub_token` is the credential of a visitor's websocket (wire-truth 2.4): it is taken out at any depth, and where it
cannot be taken out, because the body is no object, nothing of the body is shown.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from parley.platforms import reading

_TOKEN = "pubsub_token"  # noqa: S105 (its name)
_ESCAPED = re.compile(rb"\\+u00([0-9a-fA-F]{2})")


def cleaned(value: Any) -> Any:  # noqa: ANN401 — JSON's own shape
    """The same value, changed in place: without `pubsub_token`, and null for numbers that JSON has not.

    Without recursion: a body may be nested as deep as the parser allows.
    """
    left = [value]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            node.pop(_TOKEN, None)
            entries = list(node.items())
        elif isinstance(node, list):
            entries = list(enumerate(node))
        else:
            continue
        for key, entry in entries:
            if isinstance(entry, dict | list):
                left.append(entry)
            elif isinstance(entry, float) and not math.isfinite(entry):
                node[key] = None
    return value


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
    plain = unquote_to_bytes(content.replace(b"\0", b""))
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), plain)
    return _TOKEN.encode() in plain.lower()


def as_base64(content: bytes) -> str | None:
    """The bytes that came; None when there are none, or when they may hold what must not go out."""
    return base64.b64encode(content).decode("ascii") if content and not _may_name_token(content) else None
