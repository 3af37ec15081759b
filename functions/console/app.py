"""The console function: a file of the page for a request. It calls nothing and is told nothing.

Whoever may not see anything may see this page: it holds no data and no secret, and the API that it calls asks for a
token. What it must never do is run or load anything that is not ours, for its memory holds that token.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.console.files import FOLDER, INDEX, File, load

PAGE = "GET /console"

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # text that came from a platform cannot become markup even by a mistake of ours
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
HEADERS = {
    "content-security-policy": "; ".join(_POLICY),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# Asked again each time, answered 304 mostly: modules of two releases must not meet in one page.
_CACHING = "no-cache"

_REFUSED = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")  # a quality of 0: "not acceptable" (RFC 9110, 12.4.2)

_files = cache(load)


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 — Lambda's signature
    """Payload format 2.0 in and out."""
    name = INDEX if event["routeKey"] == PAGE else (event.get("pathParameters") or {}).get("asset", "")
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    found = _files(FOLDER).get(name)
    if found is None:
        return _answer(404, {"content-type": "text/plain; charset=utf-8", "cache-control": _CACHING}, b"Not found\n")
    return _served(found, headers)


def _served(file: File, headers: Mapping[str, str]) -> dict[str, Any]:
    said = {"cache-control": _CACHING, "etag": file.tag, "vary": "accept-encoding"}
    if _knows(headers.get("if-none-match", ""), file.tag):
        return _answer(304, said, b"")
    said["content-type"] = file.content_type
    if _accepts_gzip(headers.get("accept-encoding", "")):
        return _answer(200, {**said, "content-encoding": "gzip"}, file.compressed)
    return _answer(200, said, file.plain)


def _knows(if_none_match: str, tag: str) -> bool:
    """Compared weakly, as `If-None-Match` is (RFC 9110, 13.1.2)."""
    tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def _accepts_gzip(accept_encoding: str) -> bool:
    for each in accept_encoding.lower().split(","):
        coding, _, quality = each.partition(";")
        if coding.strip() in ("gzip", "*"):
            return _REFUSED.fullmatch(quality) is None
    return False


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    made: dict[str, Any] = {"statusCode": status, "headers": {**HEADERS, **headers}}
    if "content-encoding" in headers:
        return {**made, "body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}
    return {**made, "body": body.decode(), "isBase64Encoded": False}
