"""Reading what a platform sent, to name it: JSON, identifiers and times that may be anything.

Nothing here raises anything but UnreadableError: a genuine call is never lost because its payload is odd.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# Platforms' names and ids are shorter. What is longer is cut where it stands beside the payload, so that no sender can
# make an item of the table outgrow it (invariant 9); the payload itself stays whole.
_LONGEST_NAME = 128
_LONGEST_ID = 256

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# JavaScript's Date as text, its zone's name localised: Fri Jul 23 2021 23:32:48 GMT+0530 (India Standard Time)
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT([+-])(\d{2})(\d{2})", re.ASCII
)

# From 1973 on; fewer digits are a date without dashes.
_UNIX_SECONDS = re.compile(r"[0-9]{9,11}(\.[0-9]{1,9})?", re.ASCII)


class UnreadableError(Exception):
    """Raised when a body is not a JSON object; its text is the event's reason."""


def json_object(text: str, *, strict: bool = True) -> dict[str, object]:
    """The JSON object that a body holds.

    Args:
        text: The decoded body.
        strict: Refuse control characters inside strings, as JSON does.

    Raises:
        UnreadableError: It is not JSON, nested too deep to read, or not an object.
    """
    try:
        value = json.loads(text, strict=strict)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the body is not JSON") from error
    if not isinstance(value, dict):
        raise UnreadableError("the body is not a JSON object")
    return value


def utf8(body: bytes) -> str:
    """The body as text, without a byte order mark.

    Raises:
        UnreadableError: It is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("the body is not UTF-8") from error


def at(value: object, *path: str | int) -> object:
    """What stands at that path of members and positions, or None."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _characters(text: str) -> str:
    # a lone surrogate (JSON's "\ud800") is no character: nothing that hashes or stores text takes it
    return text.encode("utf-8", "backslashreplace").decode()


def name(value: object) -> str:
    """An event's name as it came; empty when there is none."""
    return _characters(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def identity(*values: object) -> str | None:
    """The first of the values that is an identifier, as text: a text that is not blank, or a whole number.

    Never cut: two events whose identities differ only far behind are two events.
    """
    for value in values:
        if isinstance(value, str) and value.strip():
            return _characters(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def conversation_id(*values: object) -> str | None:
    """The first of the values that is an identifier, cut: it stands beside the payload and only groups events."""
    found = identity(*values)
    return found[:_LONGEST_ID] if found else None


def _javascript(text: str) -> datetime | None:
    match = _JAVASCRIPT.match(text)
    if match is None or match[1] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (2, 3, 4, 5, 6))
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    zone = timezone(-offset if match[7] == "-" else offset)
    return datetime(year, _MONTHS.index(match[1]) + 1, day, hour, minute, second, tzinfo=zone)


def _in_its_form(value: object) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        return None
    text = value[:_LONGEST_NAME].strip()
    found = _javascript(text)
    if found is not None:
        return found
    if _UNIX_SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return parsedate_to_datetime(text)


def moment(value: object) -> datetime | None:
    """A time in UTC; a zero or unreadable one counts as absent.

    Times come as ISO 8601 with or without a zone (UTC then), as Ruby's `2021-07-23 18:02:48 UTC`, as RFC 2822, as a
    JavaScript date and as Unix seconds.
    """
    try:
        found = _in_its_form(value)
        if found is None:
            return None
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        return found if found.timestamp() > 0 else None
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None


def occurred_ms(*values: object) -> int | None:
    """The first of the values that is a time, in Unix milliseconds."""
    for value in values:
        found = moment(value)
        if found is not None:
            return round(found.timestamp() * 1000)
    return None
