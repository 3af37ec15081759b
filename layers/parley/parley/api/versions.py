"""`ETag` and `If-Match`: a change that rests on what was read (RFC 9110, 8.8.3 and 13.1.1)."""

from __future__ import annotations

import re

from parley.errors import InvalidParameterError, PreconditionFailedError

_TAGS = re.compile(r'\s*(?:W/)?"?[0-9A-Za-z]{1,20}"?(?:\s*,\s*(?:W/)?"?[0-9A-Za-z]{1,20}"?)*\s*')


def etag(version: int) -> str:
    """The tag of a version."""
    return f'"{version}"'


def check(if_match: str | None, version: int) -> None:
    """Refuse a change that was meant for another version.

    Args:
        if_match: The header; tags with or without quotes, or `*`. A weak tag matches nothing.
        version: The present one.

    Raises:
        PreconditionFailedError: The version is not among the tags.
        InvalidParameterError: The header is not a list of tags.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if not _TAGS.fullmatch(if_match):
        raise InvalidParameterError("If-Match", "not a list of versions", f"the present version, {etag(version)}, or *")
    if str(version) not in {tag.strip().strip('"') for tag in if_match.split(",")}:
        raise PreconditionFailedError(f"If-Match: it has version {version} by now. Read it again and decide anew")
