"""Absolute URLs in answers: they begin with what the caller can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from parley.http import Request

API_ROOT = "/v1"


def base_of(request: Request, public_url: str) -> str:
    """`PublicUrl`, else the host, the stage and as much of a base path as the request shows.

    The gateway sets `X-Forwarded-Proto` itself; `sam local start-api` says http there. Behind a custom domain with a
    base path payload format 2.0 leaves that path out of `rawPath`, so such a deployment sets `PublicUrl`.
    """
    if public_url:
        return public_url.rstrip("/")
    scheme = "http" if request.headers.get("x-forwarded-proto") == "http" else "https"
    before, root, _ = request.path.partition(f"{API_ROOT}/")
    return f"{scheme}://{request.host}{quote(before) if root else ''}"


def resource(base: str, *segments: str) -> str:
    """The URL of a resource: `…/v1/Assistants/UA…`."""
    return "/".join((f"{base}{API_ROOT}", *(quote(segment, safe="") for segment in segments)))
