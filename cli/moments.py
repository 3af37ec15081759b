"""Times as they are typed: lengths such as 30m, and moments such as 2026-11-20T08:00:00Z or, that long ago, 30m."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LENGTH = re.compile(r"([1-9][0-9]{0,8})([smhd]?)")


def seconds(text: str) -> int:
    """A length of time, for an option's `type`.

    Raises:
        ArgumentTypeError: It is none.
    """
    match = _LENGTH.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: seconds, or 30m, 8h, 7d")
    return int(match[1]) * _UNITS[match[2] or "s"]


def moment(text: str) -> str:
    """A moment in the API's words, for an option's `type`; what is no length of time is left to the API to judge."""
    match = _LENGTH.fullmatch(text)
    if not match or not match[2]:  # digits alone may begin a date
        return text
    return iso(now() - timedelta(seconds=seconds(text)))


def now() -> datetime:
    """By this machine's clock."""
    return datetime.now(UTC)


def iso(when: datetime) -> str:
    """As the API writes and reads it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """A time of the API's.

    Raises:
        ValueError: It is none.
    """
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)
