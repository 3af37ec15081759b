"""Which events of a list that is asked for again and again are new. Pure: no clock, no request.

An event is in the list once it has been dispatched, and the list is ordered by when it was accepted: one that took
longer, or that the index shows late, appears behind newer ones. So each look goes back behind the newest event seen,
now and then further, and what was shown is remembered for as long as a look could find it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cli import moments

if TYPE_CHECKING:
    from cli.api_client import Resource

# An attempt's time limit, and as long again for the index.
OVERLAP = timedelta(seconds=30)
# A dispatcher that dies hands its messages back after 120 s; this is some such deaths in a row.
LONG_OVERLAP = timedelta(minutes=15)
LONG_EVERY = 30  # looks


class Feed:
    """What one listener has seen."""

    def __init__(self, start: datetime) -> None:
        """`start` is the time of acceptance from which on events are shown."""
        self._start = start
        self._newest: datetime | None = None
        self._seen: dict[str, datetime] = {}
        self._looks = 0

    def after(self) -> datetime:
        """Where the next look begins."""
        if self._newest is None:
            return self._start
        overlap = LONG_OVERLAP if self._looks % LONG_EVERY == 0 else OVERLAP
        return max(self._start, self._newest - overlap)

    def take(self, listed: Iterable[Resource]) -> list[Resource]:
        """The events of a whole look that were not in one before, the oldest first."""
        self._looks += 1
        fresh = []
        for event in listed:
            accepted = moments.parse(event["date_created"])
            if event["sid"] not in self._seen:
                fresh.append((accepted, event))
                self._seen[event["sid"]] = accepted
            self._newest = accepted if self._newest is None else max(accepted, self._newest)
        self._forget()
        fresh.reverse()  # the list is newest first, also within a second
        fresh.sort(key=lambda entry: entry[0])
        return [event for _, event in fresh]

    def _forget(self) -> None:
        if self._newest is not None:
            horizon = self._newest - LONG_OVERLAP
            self._seen = {sid: accepted for sid, accepted in self._seen.items() if accepted >= horizon}
