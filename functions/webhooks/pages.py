"""Pages of resources in the order of their SIDs: cursors, and the answer around the items."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from parley.api import paging
from parley.api.routing import Answer
from parley.config_table.listing import Position

if TYPE_CHECKING:
    from parley.api.routing import Call

_BEHIND, _BEFORE = ">", "<"


T = TypeVar("T")
Load = Callable[[int, Position | None], tuple[Sequence[T], bool]]


def answer(
    call: Call,
    *,
    key: str,
    url: str,
    prefix: str,
    load: Load[T],
    sid_of: Callable[[T], str],
    shape: Callable[[T], dict[str, Any]],
) -> Answer:
    """A page.

    Args:
        call: The request.
        key: The name under which the items stand.
        url: Of the list, absolute.
        prefix: The two letters of the items' SIDs.
        load: Reads so many items from a position on, and says whether there are more in the direction of travel.
        sid_of: An item's SID.
        shape: An item as the API answers it.
    """
    page = paging.read(call.request.raw_query, cursors=re.compile(rf"[<>]{prefix}[0-9a-f]{{32}}"))
    position = Position(page.cursor[1:], backwards=page.cursor[0] == _BEFORE) if page.cursor else None
    items, more = load(page.size, position)
    backwards = position is not None and position.backwards
    has_before, has_after = (more, True) if backwards else (position is not None, more)
    meta = paging.block(
        url,
        key,
        page,
        before=f"{_BEFORE}{sid_of(items[0])}" if items and has_before else None,
        after=f"{_BEHIND}{sid_of(items[-1])}" if items and has_after else None,
    )
    return Answer(200, {"meta": meta, key: [shape(item) for item in items]})
