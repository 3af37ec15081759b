"""Pages: every walk sees what stays exactly once, whatever comes and goes; tokens are checked by their form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.api import paging
from parley.attributes import from_item, to_item
from parley.config_table.listing import Position, read_slice
from parley.errors import InvalidParameterError

SID_PATTERN = re.compile(r"[<>]UM[0-9a-f]{32}")


class Table:
    """A query as DynamoDB answers it, with pages of its own of two items."""

    def __init__(self) -> None:
        self.sids: set[str] = set()

    def query(self, **request):
        values = from_item(request["ExpressionAttributeValues"])
        found = sorted(sid for sid in self.sids if values[":low"] <= sid <= values[":high"])
        if not request["ScanIndexForward"]:
            found.reverse()
        if start := request.get("ExclusiveStartKey"):
            behind = from_item(start)["sk"]
            found = [sid for sid in found if (sid > behind if request["ScanIndexForward"] else sid < behind)]
        page = found[: min(2, request["Limit"])]
        answer = {"Items": [to_item({"pk": "UA", "sk": sid}) for sid in page]}
        return answer | ({"LastEvaluatedKey": to_item({"pk": "UA", "sk": page[-1]})} if len(page) < len(found) else {})


def sid(number: int) -> str:
    return f"UM{number:032x}"


numbers = st.integers(0, 2**128 - 1) | st.integers(0, 40)


def walk(table: Any, limit: int, changes: Callable[[], None], *, backwards: bool) -> list[str]:
    position = Position("UMg", backwards=True) if backwards else None
    seen: list[str] = []
    for _ in range(300):
        page = read_slice(table, "t", pk="UA", prefix="UM", limit=limit, position=position)
        assert len(page.items) <= limit
        seen += [item["sk"] for item in page.items]
        if not page.more:
            return seen
        position = Position(page.items[0 if backwards else -1]["sk"], backwards=backwards)
        changes()
    raise AssertionError("the walk does not end")


@given(
    staying=st.sets(numbers, max_size=25),
    steps=st.lists(st.tuples(st.booleans(), numbers), max_size=40),
    limit=st.integers(1, 6),
    backwards=st.booleans(),
)
def test_what_stays_is_seen_once_and_nothing_twice(staying, steps, limit, backwards):
    table = Table()
    table.sids = {sid(number) for number in staying}
    stays = set(table.sids)
    pending = list(steps)

    def change():
        if pending:
            coming, number = pending.pop()
            if coming:
                table.sids.add(sid(number))
            else:
                table.sids -= {sid(number)} - stays

    seen = walk(table, limit, change, backwards=backwards)
    assert stays <= set(seen)
    assert len(seen) == len(set(seen))


@given(numbers)
def test_a_cursor_comes_back_as_it_was(number):
    cursor = f">{sid(number)}"
    page = paging.PageRequest(7, 3, cursor)
    meta = paging.block("https://h/v1/x", "webhooks", page, before=None, after=cursor)
    query = meta["next_page_url"].partition("?")[2]
    assert paging.read(query, cursors=SID_PATTERN) == paging.PageRequest(7, 4, cursor)
    assert meta["url"].partition("?")[2].startswith("PageSize=7&Page=3&PageToken=")


@given(st.text(max_size=80))
def test_any_other_token_is_refused_and_never_an_error_of_ours(token):
    with pytest.raises(InvalidParameterError):
        paging.read(urlencode({"PageToken": token}), cursors=SID_PATTERN)


def test_the_default_is_fifty_from_the_beginning():
    assert paging.read("", cursors=SID_PATTERN) == paging.PageRequest(50, 0, None)
