"""Pages of lists, as Twilio's clients follow them (wire-truth 1.4): `meta` with absolute URLs, an opaque token.

A token holds a place in the list and nothing that would have to be kept or trusted: it is checked by its form, and one
that was made up leads to another place in the caller's own list.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from parley.api.parameters import read_query
from parley.errors import InvalidParameterError

DEFAULT_SIZE = 50
MAX_SIZE = 1000
MAX_NUMBER = 10**9
_SIZES = f"1 to {MAX_SIZE:,}"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for.

    Attributes:
        size: How many items at most; a page may be shorter and still have a next one.
        number: What the client counts; it decides nothing.
        cursor: The place in the list; None for its beginning.
        filters: What the list is narrowed by, as it was asked for; every page's URL repeats it.
    """

    size: int
    number: int
    cursor: str | None
    filters: Mapping[str, str] = field(default_factory=dict)


def read(raw_query: str, *, cursors: re.Pattern[str], filters: Collection[str] = ()) -> PageRequest:
    """Read `PageSize`, `Page` and `PageToken`.

    Args:
        raw_query: The request's.
        cursors: What a cursor of this list looks like.
        filters: The other parameters that this list takes.

    Raises:
        InvalidParameterError: Naming the parameter.
    """
    query = read_query(raw_query, allowed=("PageSize", "Page", "PageToken", *filters))
    size = _whole("PageSize", query.get("PageSize", str(DEFAULT_SIZE)), 1, MAX_SIZE, _SIZES)
    number = _whole("Page", query.get("Page", "0"), 0, MAX_NUMBER, "0 and more")
    cursor = _decode(query["PageToken"], cursors) if "PageToken" in query else None
    if number and cursor is None:
        raise InvalidParameterError("Page", f"{number} without PageToken", "0, or the next_page_url of an answer")
    return PageRequest(size, number, cursor, {name: query[name] for name in filters if name in query})


def _whole(name: str, text: str, least: int, most: int, allowed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise InvalidParameterError(name, f"{text[:40]!r}", allowed)
    return int(text)


def _decode(token: str, cursors: re.Pattern[str]) -> str:
    try:
        cursor = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        cursor = ""
    if not cursors.fullmatch(cursor):
        raise InvalidParameterError("PageToken", "not one of this list", "the next_page_url of an answer, as it is")
    return cursor


def _token(cursor: str) -> str:
    return base64.urlsafe_b64encode(cursor.encode()).decode("ascii").rstrip("=")


def block(url: str, key: str, page: PageRequest, *, before: str | None, after: str | None) -> dict[str, Any]:
    """The `meta` of a page.

    Args:
        url: Of the list, absolute, without a query.
        key: The name under which the items stand.
        page: What was asked for.
        before: The cursor of the page before this one.
        after: The cursor of the next page.
    """

    def at(number: int, cursor: str | None) -> str:
        token = {"PageToken": _token(cursor)} if cursor else {}
        return f"{url}?{urlencode({**page.filters, 'PageSize': page.size, 'Page': number, **token})}"

    return {
        "key": key,
        "page": page.number,
        "page_size": page.size,
        "first_page_url": at(0, None),
        "previous_page_url": at(max(page.number - 1, 0), before) if before else None,
        "url": at(page.number, page.cursor),
        "next_page_url": at(page.number + 1, after) if after else None,
    }
