"""Knows how a connection to a receiver comes about: only to addresses that the policy allows, and only fit ones twice.

Built on aiohttp's pool, not on its TCPConnector: what that one would do beyond this (proxies, unverified TLS, legacy
spellings of addresses, a second cache of names) is what must not happen here. The addresses that are checked are the
very tuples that are dialled, with no look-up between (invariant 5).
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import time
from typing import TYPE_CHECKING

import aiohappyeyeballs
import aiohttp

from functions.dispatcher.callbacks.answer import AnswerProtocol
from functions.dispatcher.callbacks.attempt import CURRENT, AttemptError
from parley.targets import TargetPolicy, check_address, literal_address

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest, ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

    from functions.dispatcher.callbacks.resolver import Resolver
    from parley.networks import Address

MAX_IDLE_SECONDS = 4.0
# As many as the largest packed batch (ten events to ten webhooks), so that sharing a host never queues healthy
# deliveries behind each other, and so that a drain cannot open more.
MAX_CONNECTIONS_PER_HOST = 100
# A name may have a hundred addresses that swallow every packet; a stagger of them is a hundred sockets per post.
MAX_ADDRESSES_PER_FAMILY = 2
_STAGGER_SECONDS = 0.25
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class GuardedConnector(aiohttp.BaseConnector):
    """Dials, keeps and lends connections; writes their phases into the current `Attempt`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        policy: TargetPolicy,
        resolver: Resolver,
        ssl_context: ssl.SSLContext,
    ) -> None:
        # No limit over all hosts: at a limit, ten hanging receivers would make everybody wait (invariant 6).
        super().__init__(
            loop=loop, limit=0, limit_per_host=MAX_CONNECTIONS_PER_HOST, keepalive_timeout=MAX_IDLE_SECONDS
        )
        self._factory = functools.partial(AnswerProtocol, loop=loop)  # type: ignore[assignment]  # partial is invariant
        self._policy = policy
        self._resolver = resolver
        self._ssl_context = ssl_context

    def drop_idle(self) -> None:
        """End what has been idle too long by the wall clock, or for a time that cannot be (the clock was set)."""
        now = time.time()
        for connections in self._conns.values():
            for protocol, _ in connections:
                if isinstance(protocol, AnswerProtocol) and not 0 <= now - protocol.idle_since <= MAX_IDLE_SECONDS:
                    protocol.abort()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 - aiohttp's signature
        """Lend a connection to the current attempt, from the pool or new."""
        attempt = CURRENT.get()
        connection = await super().connect(req, traces, timeout)
        if isinstance(connection.protocol, AnswerProtocol):
            connection.protocol.attempt = attempt
        attempt.ready = self._loop.time()
        return connection

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        if CURRENT.get().fresh_only:
            return None
        while (connection := await super()._get(key, traces)) is not None:
            if isinstance(connection.protocol, AnswerProtocol) and not connection.protocol.has_news():
                return connection
            connection.close()
        return None

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if isinstance(protocol, AnswerProtocol):
            protocol.rest()
        super()._release(key, protocol, should_close=should_close)

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],  # noqa: ARG002 - aiohttp's signature
        timeout: ClientTimeout,  # noqa: ARG002, ASYNC109 - the whole attempt has one time limit, in the poster
    ) -> ResponseHandler:
        attempt = CURRENT.get()
        attempt.dialled = True
        host, port = req.host, req.port or 0

        started = self._loop.time()
        addresses = await self._allowed_addresses(host, port)
        resolved = self._loop.time()
        attempt.dns_seconds = resolved - started

        try:
            sock = await aiohappyeyeballs.start_connection(
                [
                    (_FAMILIES[address.version], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port))
                    for address in addresses
                ],
                happy_eyeballs_delay=_STAGGER_SECONDS,
                loop=self._loop,
            )
        except OSError:
            raise AttemptError("connect") from None
        attempt.address = sock.getpeername()[0]
        connected = self._loop.time()
        attempt.connect_seconds = connected - resolved

        context = self._ssl_context if req.is_ssl() else None
        try:
            _, protocol = await self._loop.create_connection(
                self._factory, sock=sock, ssl=context, server_hostname=host if context else None
            )
        except OSError:  # ssl.SSLError and the certificate's errors are
            raise AttemptError("tls" if context else "connect") from None
        if context:
            attempt.tls_seconds = self._loop.time() - connected
        return protocol

    async def _allowed_addresses(self, host: str, port: int) -> list[Address]:
        """What may be dialled. One refused address among a name's refuses them all: it is there to be reached.

        Raises:
            RefusedTargetError: A literal, or an address of the name, is refused.
            AttemptError: `dns`.
        """
        literal = literal_address(host)
        addresses = (literal,) if literal is not None else await self._resolver.resolve(host)
        for address in addresses:
            check_address(address, self._policy, port=port)
        if not addresses:
            raise AttemptError("dns")
        families: dict[int, int] = {}
        chosen = []
        for address in addresses:
            families[address.version] = families.get(address.version, 0) + 1
            if families[address.version] <= MAX_ADDRESSES_PER_FAMILY:
                chosen.append(address)
        return chosen
