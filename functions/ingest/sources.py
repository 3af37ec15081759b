"""Which source a call is for: looked up once in a few seconds, unknown ones too."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from parley.errors import NotFoundError
from parley.sids import SOURCE, is_sid
from parley.source import token_hash

if TYPE_CHECKING:
    from parley.source import Source

FRESH_SECONDS = 4.0  # changes take effect within 5 s (design 2)
_NO_TOKEN = (bytes(32),)  # as long as a token's hash, so that comparing takes as long
MAX_ENTRIES = 1024  # a scan over made-up SIDs must not fill the memory (invariant 9)


class Sources:
    """Sources by SID, with bounded staleness.

    Unknown SIDs are remembered as well, so that made-up ones cost one read each and not one per call.
    """

    def __init__(self, load: Callable[[str], Source | None], now_seconds: Callable[[], float]) -> None:
        """Args:
        load: Reads a source from the table.
        now_seconds: A clock.
        """
        self._load = load
        self._now_seconds = now_seconds
        self._entries: OrderedDict[str, tuple[float, Source | None]] = OrderedDict()

    def get(self, sid: str) -> Source | None:
        """The source, at most a few seconds old."""
        now = self._now_seconds()
        entry = self._entries.get(sid)
        if entry is not None and now - entry[0] < FRESH_SECONDS:
            return entry[1]
        source = self._load(sid)
        self._entries[sid] = (now, source)
        self._entries.move_to_end(sid)
        if len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
        return source

    def admit(self, *, platform: str, sid: str, token: str) -> Source:
        """The source that this URL names.

        Raises:
            NotFoundError: When there is none, it is another platform's, or the URL's token is wrong; which of these it
                was is not told, and comparing takes as long for each.
        """
        # what is no source's SID names no item that ingest may read: the table would refuse, not say that there is none
        source = self.get(sid) if is_sid(sid, SOURCE) else None
        given = token_hash(token)
        # a list, not a generator: every live token is compared, whichever fits
        fits = [hmac.compare_digest(given, live) for live in (source.token_hashes if source else _NO_TOKEN)]
        if source is None or source.platform != platform or not any(fits):
            raise NotFoundError(f"/ingest/{platform}/{sid}")
        return source
