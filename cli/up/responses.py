"""What an HTTP API makes of a function's answer, and what it answers itself.

Source: the developer guide's "AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

JSON_TYPE = ("content-type", "application/json")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What goes back over the wire; a header may stand more than once (`set-cookie`)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def gateway_response(status: int, message: str) -> HttpResponse:
    """An answer of the gateway's own; an HTTP API cannot change its form."""
    return HttpResponse(status, (JSON_TYPE,), json.dumps({"message": message}, separators=(",", ":")).encode())


BAD_REQUEST = gateway_response(400, "Bad Request")
UNAUTHORIZED = gateway_response(401, "Unauthorized")
FORBIDDEN = gateway_response(403, "Forbidden")
NOT_FOUND = gateway_response(404, "Not Found")
TOO_LARGE = gateway_response(413, "Request Entity Too Large")
HEADERS_TOO_LARGE = gateway_response(431, "Request Header Fields Too Large")
FAILED = gateway_response(500, "Internal Server Error")
UNAVAILABLE = gateway_response(503, "Service Unavailable")


def from_function(result: object) -> HttpResponse:
    """A function's result as a response.

    With a `statusCode` it is a response of payload format 2.0; without one it is the body itself, 200 and JSON. What is
    neither makes the gateway answer 500.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result)
        return HttpResponse(200, (JSON_TYPE,), text.encode())
    try:
        return _explicit(result)
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return FAILED


def _explicit(result: Mapping[str, object]) -> HttpResponse:
    status = int(str(result["statusCode"]))
    if not 100 <= status <= 599:  # noqa: PLR2004 (the statuses of HTTP)
        return FAILED
    headers = result.get("headers") or {}
    cookies = result.get("cookies") or []
    body = result.get("body")
    if not isinstance(headers, dict) or not isinstance(cookies, list) or not isinstance(body, str | None):
        return FAILED
    pairs = [(str(name).lower(), _text(value)) for name, value in headers.items()]
    if not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain;charset=UTF-8"))
    pairs.extend(("set-cookie", str(cookie)) for cookie in cookies)
    if any(not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value) for name, value in pairs):
        return FAILED
    content = (body or "").encode()
    if result.get("isBase64Encoded"):
        content = base64.b64decode(content, validate=True)
    return HttpResponse(status, tuple(pairs), content)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
