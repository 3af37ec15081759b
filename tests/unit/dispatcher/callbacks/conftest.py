"""Receivers on the loopback that do what no receiver should, ten that are healthy, and a recorder of every dial."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from functions.dispatcher.callbacks.poster import Poster
from parley.platforms.interface import Callback
from parley.targets import TargetPolicy

if TYPE_CHECKING:
    from parley.attempts import Outcome

LOOPBACK = TargetPolicy(
    allow_http=True,
    allowed_private=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")),
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEALTHY = 10

Receiver = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Returned = TypeVar("Returned")

_dials: list[tuple[Any, ...]] | None = None


def _record_dial(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _dials is not None and isinstance(arguments[1], tuple):
        _dials.append(arguments[1])


# The interpreter itself reports each connect(2), whoever calls it. An audit hook cannot be taken off again.
sys.addaudithook(_record_dial)


@pytest.fixture
def dials() -> Iterator[list[tuple[Any, ...]]]:
    """The address of every connection that is tried during the test."""
    global _dials  # noqa: PLW0603 - an audit hook has nowhere else to look
    _dials = []
    yield _dials
    _dials = None


def callback(url: str, *, body: bytes = b"{}", method: str = "POST", headers: dict[str, str] | None = None) -> Callback:
    return Callback(method=method, url=url, headers=headers or {}, body=body)


async def read_request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Head and body of one request; raises `IncompleteReadError` when the sender is gone."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = 0
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return head, await reader.readexactly(length)


def answering(answer: bytes, seen: list[str] | None = None) -> Receiver:
    """A receiver that gives the same answer to every request, on a connection that it keeps."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await read_request(reader)
            if seen is not None:
                seen.append(head + body.decode("utf-8", "replace"))
            writer.write(answer)

    return receive


class Yard:
    """An event loop with receivers and a poster on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.servers: list[asyncio.Server] = []
        self.connections: set[asyncio.Task[None]] = set()
        self.posters: list[Poster] = []
        self.healthy_requests: list[str] = []
        self.poster = self.make_poster()
        self.healthy_url = self.serve(answering(OK, self.healthy_requests))

    def run(self, work: Coroutine[Any, Any, Returned]) -> Returned:
        return self.loop.run_until_complete(work)

    def make_poster(self, policy: TargetPolicy = LOOPBACK, **options: Any) -> Poster:
        poster = Poster(policy, loop=self.loop, **options)
        self.posters.append(poster)
        return poster

    def serve(self, receiver: Receiver, **options: Any) -> str:
        """Start a receiver; its URL."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.connections.add(task)
            try:
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await receiver(reader, writer)
            finally:
                self.connections.discard(task)
                writer.transport.abort()

        server = self.run(asyncio.start_server(handle, "127.0.0.1", 0, **options))
        self.servers.append(server)
        scheme = "https" if options.get("ssl") else "http"
        return f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    def post(self, url: str, *, timeout_seconds: float = 2.0, **options: Any) -> Outcome:
        return self.run(self.poster.post(callback(url, **options), timeout_seconds=timeout_seconds))

    def beside_healthy(
        self, *urls: str, timeout_seconds: float = 0.5, body: bytes = b"{}", poster: Poster | None = None
    ) -> list[Outcome]:
        """The outcomes of hostile receivers; ten healthy deliveries beside them must not notice."""
        poster = poster or self.poster
        hostile = [callback(url, body=body) for url in urls]
        healthy = [callback(f"{self.healthy_url}{number}") for number in range(HEALTHY)]
        self.healthy_requests.clear()
        outcomes = self.run(poster.post_all([*hostile, *healthy], timeout_seconds=timeout_seconds))
        assert [outcome.status_code for outcome in outcomes[len(urls) :]] == [200] * HEALTHY
        assert max(outcome.duration_ms for outcome in outcomes[len(urls) :]) < timeout_seconds * 1000 / 2
        assert len(self.healthy_requests) == HEALTHY
        return outcomes[: len(urls)]

    def close(self) -> None:
        async def end() -> None:
            for poster in self.posters:
                await poster.close()
            for server in self.servers:
                server.close()
            for task in list(self.connections):
                task.cancel()
            for _ in range(5):  # transports call back in the next rounds of the loop
                await asyncio.sleep(0)

        self.run(end())
        self.loop.close()


@pytest.fixture
def yard() -> Iterator[Yard]:
    made = Yard()
    yield made
    made.close()
