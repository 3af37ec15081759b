"""Looks over pages, of which one may fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from cli.api_client import ApiClient, UnreachableError
from cli.listen.arrivals import arrivals
from cli.listen.feed import Feed
from cli.listen.patience import Patience

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


class EnoughError(Exception):
    pass


class Listing:
    """An API whose list is given look by look; an exception among the items breaks the look there."""

    def __init__(self, *looks: list[Any]) -> None:
        self.looks = list(looks)
        self.asked: list[Mapping[str, str]] = []

    def list_all(self, path: Sequence[str], key: str, *, page_size: int, filters: Mapping[str, str]) -> Iterator[Any]:
        assert (tuple(path), key) == (("Assistants", "my bot", "Events"), "events")
        self.asked.append(filters)
        for item in self.looks.pop(0):
            if isinstance(item, Exception):
                raise item
            yield item


def event(sid: str, second: int) -> dict[str, str]:
    return {"sid": sid, "date_created": f"2026-11-20T08:00:{second:02d}Z"}


def test_a_look_that_breaks_in_the_middle_is_read_again_whole():
    one, two, three = (event(sid, second) for second, sid in enumerate(("EV1", "EV2", "EV3"), 1))
    api = Listing([two, UnreachableError("gone")], [two, one], [three, two, one])

    def sleep() -> None:
        if not api.looks:
            raise EnoughError

    client = cast("ApiClient", api)
    patience = Patience(lambda _: None, sleep=lambda _: None)
    came = arrivals(client, "my bot", Feed(START), patience, filters={"Type": "message.received"}, sleep=sleep)
    assert [next(came)["sid"] for _ in range(3)] == ["EV1", "EV2", "EV3"]
    with pytest.raises(EnoughError):
        next(came)
    assert [filters["After"] for filters in api.asked] == ["2026-11-20T08:00:00Z"] * 3
    assert {filters["Type"] for filters in api.asked} == {"message.received"}
