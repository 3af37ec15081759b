"""Knows what of a refusing answer is kept for people to look at, and what must not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MAX_BODY_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 4 * 1024
MASK = "********"

_CREDENTIALS = frozenset(
    {
        "authentication-info",
        "authorization",
        "cookie",
        "proxy-authenticate",
        "proxy-authorization",
        "set-cookie",
        "www-authenticate",
        "x-amz-security-token",
        "x-api-key",
    }
)
# Sent with every callback and no secret; every other value is somebody's (`Headers`) or a proof.
_HARMLESS = frozenset(
    {"accept", "content-type", "user-agent", "webhook-id", "webhook-timestamp", "x-chatwoot-delivery"}
)
# A shorter value would be found everywhere in a text.
_MIN_SECRET_CHARACTERS = 6


def kept_headers(raw: Iterable[tuple[bytes, bytes]], sent: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case with their values, credentials masked; what exceeds the bound is left out."""
    kept: dict[str, str] = {}
    left = MAX_HEADERS_BYTES
    for raw_name, raw_value in raw:
        left -= len(raw_name) + len(raw_value)
        if left < 0:
            break
        name = raw_name.decode("ascii", "replace").lower()
        value = MASK if name in _CREDENTIALS else without_secrets(raw_value, sent).decode("utf-8", "replace")
        kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def without_secrets(text: bytes, sent: Mapping[str, str]) -> bytes:
    """Mask what was sent in secret where a receiver echoes it (invariant 4); debugging receivers echo everything."""
    for name, value in sent.items():
        if name.lower() in _HARMLESS:
            continue
        # "Bearer <token>" is echoed with and without its scheme.
        for secret in {value, value.rpartition(" ")[2]}:
            if len(secret) >= _MIN_SECRET_CHARACTERS:
                text = text.replace(secret.encode("utf-8", "surrogatepass"), MASK.encode())
    return text
