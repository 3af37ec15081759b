"""Knows how an answer's bytes are let in: only while a request waits for them, and only so many of them."""

from __future__ import annotations

import select
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp.client_proto import ResponseHandler

from functions.dispatcher.callbacks.attempt import Attempt, AttemptError

if TYPE_CHECKING:
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader

MAX_INTERIM_ANSWERS = 16
_HEAD_SLICE_BYTES = 1024
_HEAD_END = b"\r\n\r\n"


class AnswerProtocol(ResponseHandler):
    """aiohttp's protocol with a byte budget per attempt, and deaf between attempts.

    aiohttp is pinned exactly because this stands on two of its private hooks, which the named tests watch.
    """

    attempt: Attempt | None = None
    idle_since: float = 0.0

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, or end the connection that has sent what nobody asked for, or too much."""
        attempt = self.attempt
        if attempt is None:
            # aiohttp would keep them and take them for the answer to the next request (aiohttp#13656), and so would
            # a balancer's 408 on an idle connection become a failure.
            if data:
                self.abort()
            return
        if attempt.first_byte is None and data:
            attempt.first_byte = self._loop.time()
        attempt.bytes_left -= len(data)
        within = data if attempt.bytes_left >= 0 else data[: attempt.bytes_left]
        # Until the head is complete in slices, for what is parsed is parsed in one go: 64 KB of interim answers
        # would hold the event loop for 50 ms, and five receivers that send them would be felt by everybody. A slice
        # ends with the head: what comes behind it and cannot be parsed, as a body with a 204, would take it along.
        start = 0
        while start < len(within) and self._wants_a_head(attempt):
            end = within.find(_HEAD_END, start + 1, start + _HEAD_SLICE_BYTES + len(_HEAD_END))
            # Blank lines before a head end none: a flood of them would be parsed in slices of six bytes.
            is_head = end >= 0 and within[end - 1] not in b"\r\n"
            stop = end + len(_HEAD_END) if is_head else start + _HEAD_SLICE_BYTES
            super().data_received(within[start:stop])
            start = stop
        if start < len(within) and attempt.answered:
            super().data_received(within[start:])
        if attempt.bytes_left < 0 or attempt.interim > MAX_INTERIM_ANSWERS:
            if not attempt.answered:
                self.set_exception(AttemptError("too_large"))
            if self.transport is not None:
                self.transport.abort()

    def _wants_a_head(self, attempt: Attempt) -> bool:
        return not attempt.answered and attempt.interim <= MAX_INTERIM_ANSWERS and self.exception() is None

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take a message that has been parsed, interim or final."""
        if self.attempt is not None:
            if HTTPStatus.CONTINUE <= data[0].code < HTTPStatus.OK:
                self.attempt.interim += 1
            else:
                self.attempt.answered = True
        super().feed_data(data, size)

    def rest(self) -> None:
        """The answer is complete: from now on the connection must be silent until the next request."""
        self.attempt = None
        # Wall clock, because a frozen Lambda's monotonic clock need not count the time that its peers counted.
        self.idle_since = time.time()

    def has_news(self) -> bool:
        """Whether bytes or an end wait in the kernel that the event loop has not seen yet.

        After a freeze, or with a busy loop, that is how a closed connection looks: the loop would find out only after
        the request has been written to it.
        """
        transport = self.transport
        descriptor = transport.get_extra_info("socket") if transport is not None else None
        if descriptor is None:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """End the connection at once: a graceful end would wait for a peer that never reads, and hold its buffer."""
        self.abort()
