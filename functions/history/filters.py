"""What narrows a list, as it stands in a query: `After`, `Before`, `Type`, `Platform`, `ConversationId`, `Status`.

Times are those of acceptance (`date_created`): from `After` on, before `Before`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from parley.api.parameters import quoted
from parley.data_table.listing import Between, between_times
from parley.errors import InvalidParameterError

TIMES = ("After", "Before")
_TIME = "ISO 8601, UTC or with an offset (its + is %2B in a query): 2026-11-20, 2026-11-20T08:00:00Z"
MOST_CHARACTERS = 1024
_LAST_MS = 9_999_999_999_999  # 13 digits, as in the keys


def between(filters: Mapping[str, str]) -> Between:
    """The times that a list is about.

    Raises:
        InvalidParameterError: One cannot be read.
    """
    return between_times(milliseconds("After", filters), milliseconds("Before", filters))


def milliseconds(name: str, filters: Mapping[str, str]) -> int | None:
    """A time in Unix milliseconds, or None when it was not given.

    Raises:
        InvalidParameterError: It cannot be read.
    """
    if name not in filters:
        return None
    text = filters[name]
    is_date = len(text) == len("2026-11-20")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidParameterError(name, quoted(text), _TIME) from None
    if is_date:
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise InvalidParameterError(name, f"{quoted(text)} does not say in which zone", _TIME)
    # whole microseconds, so that no float is rounded; before 1970 there is nothing
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return min(max(0, (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000), _LAST_MS)


def choice(filters: Mapping[str, str], name: str, choices: Collection[str]) -> str | None:
    """One of several words, or None when it was not given.

    Raises:
        InvalidParameterError: It is another word.
    """
    value = filters.get(name)
    if value is not None and value not in choices:
        raise InvalidParameterError(name, quoted(value), ", ".join(choices))
    return value


def text(filters: Mapping[str, str], name: str) -> str | None:
    """A text, or None when it was not given.

    Raises:
        InvalidParameterError: It is empty, or too long for anything.
    """
    value = filters.get(name)
    if value is not None and not 0 < len(value) <= MOST_CHARACTERS:
        raise InvalidParameterError(name, f"it has {len(value):,} characters", f"1 to {MOST_CHARACTERS:,}")
    return value
