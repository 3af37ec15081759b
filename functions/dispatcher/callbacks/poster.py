"""Knows how one callback is posted and what is made of every way in which that can end.

One `Poster` lives as long as its Lambda environment, on an event loop of its own that is kept across invocations
(`asyncio.run` would throw the pool away each time). What a receiver does never raises here: it becomes an `Outcome`.
"""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from functions.dispatcher.callbacks.attempt import CURRENT, Attempt, AttemptError, ErrorClass
from functions.dispatcher.callbacks.connector import GuardedConnector
from functions.dispatcher.callbacks.evidence import MAX_BODY_BYTES, kept_headers, without_secrets
from functions.dispatcher.callbacks.resolver import GetAddrInfo, Resolver
from parley.attempts import SUCCESS, Outcome
from parley.targets import RefusedTargetError, TargetPolicy, check_origin

if TYPE_CHECKING:
    from parley.platforms.interface import Callback

_logger = logging.getLogger(__name__)

LIMIT_SECONDS = 10.0
# How long the rest of an answer is waited for once its status has come: to keep the connection, to have evidence.
_DRAIN_SECONDS = 0.1
_EVIDENCE_SECONDS = 1.0
# How far that may go beyond the attempt's time limit.
_GRACE_SECONDS = 0.25
# aiohttp's flow control pauses a socket at twice this.
_READ_BUFFER_BYTES = MAX_BODY_BYTES
# Beyond this aiohttp warns of bytes that it writes in one piece, and wants a file.
_AIOHTTP_LARGE_BYTES = 1024 * 1024
_ORIGINS = 1024
_DEFAULT_HEADERS = {"User-Agent": "Parley/1", "Accept-Encoding": "identity"}
# One time limit for the whole attempt, in `post`; aiohttp's would round it up by a second.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


class Poster:
    """Posts callbacks, many at once, with one pool of connections."""

    def __init__(
        self,
        policy: TargetPolicy,
        *,
        loop: asyncio.AbstractEventLoop,
        getaddrinfo: GetAddrInfo = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Make the pool; nothing is dialled yet.

        Args:
            policy: Where callbacks may go; for the life of the poster, as connections outlive their check.
            loop: On which everything runs, kept across invocations.
            getaddrinfo: The system's, or a test's.
            ssl_context: Instead of the system's trust, in tests.
        """
        self._loop = loop
        self._resolver = Resolver(loop, getaddrinfo=getaddrinfo)
        self._connector = GuardedConnector(
            loop, policy=policy, resolver=self._resolver, ssl_context=ssl_context or verifying_context()
        )
        self._check_origin = functools.lru_cache(maxsize=_ORIGINS)(functools.partial(check_origin, policy=policy))

    def begin_invocation(self) -> None:
        """Forget connections that a freeze has made stale; call it first in each invocation."""
        self._connector.drop_idle()

    async def post_all(self, callbacks: Iterable[Callback], *, timeout_seconds: float = LIMIT_SECONDS) -> list[Outcome]:
        """Post all at once; their outcomes in the same order."""
        return await asyncio.gather(*(self.post(callback, timeout_seconds=timeout_seconds) for callback in callbacks))

    async def post(self, callback: Callback, *, timeout_seconds: float = LIMIT_SECONDS) -> Outcome:
        """Post one, within the time limit whatever the receiver does."""
        attempt = Attempt(self._loop.time(), time.time_ns() // 1_000_000)
        token = CURRENT.set(attempt)
        try:
            async with asyncio.timeout(timeout_seconds):
                response = await self._answer(callback, attempt)
        except Exception as error:  # noqa: BLE001 - one hostile answer must not take the others' outcomes along
            return self._outcome(attempt, error=_error_class(error))
        finally:
            CURRENT.reset(token)
        # Outside of the time limit, because a status that came within it counts; with a short one of its own.
        left = attempt.started + timeout_seconds + _GRACE_SECONDS - self._loop.time()
        try:
            if response.status in SUCCESS:
                await _rest_of(response, min(left, _DRAIN_SECONDS))
                return self._outcome(attempt, status_code=response.status)
            body = without_secrets(await _rest_of(response, min(left, _EVIDENCE_SECONDS)), callback.headers)
            headers = kept_headers(response.raw_headers, callback.headers)
            limited = response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
            return self._outcome(
                attempt,
                status_code=response.status,
                response_headers=headers,
                response_body=body[:MAX_BODY_BYTES],
                retry_after=response.headers.get("Retry-After") if limited else None,
            )
        finally:
            # A complete answer has given its connection back already; any other connection ends here, for releasing
            # it would leave the rest of the answer to the next request.
            response.close()

    async def close(self) -> None:
        """End all connections and look-ups."""
        self._resolver.close()
        await self._connector.close()

    async def _answer(self, callback: Callback, attempt: Attempt) -> aiohttp.ClientResponse:
        """The answer's status and headers.

        A connection that had served before and dies before any byte of an answer is tried once more on a new one:
        the receiver closed it while it lay idle (window d of the protocol; same `webhook-id`).
        """
        # As it is: a callback's URL was brought into its normal form when the webhook was configured, and is signed.
        url = URL(callback.url, encoded=True)
        if not callback.url.isascii() or url.raw_host is None or url.port is None:
            raise RefusedTargetError("the URL is not in its normal form", "what check_url returns")
        self._check_origin(url.scheme, url.raw_host, url.port)
        try:
            return await self._send(callback, url)
        except aiohttp.ClientConnectionError:
            if not attempt.reused or attempt.first_byte is not None:
                raise
        attempt.begin_again()
        return await self._send(callback, url)

    async def _send(self, callback: Callback, url: URL) -> aiohttp.ClientResponse:
        """One request on one connection: what aiohttp's session does, without what it can do beside.

        No session, so nothing that keeps one webhook's cookies for the next on that host, follows a redirect, asks the
        environment for a proxy, or repeats a GET that the receiver has seen.
        """
        large = len(callback.body) > _AIOHTTP_LARGE_BYTES
        headers = CIMultiDict(_DEFAULT_HEADERS)
        for name, value in callback.headers.items():
            headers[name] = value
        request = aiohttp.ClientRequest(
            callback.method,
            url,
            headers=headers,
            data=io.BytesIO(callback.body) if large else callback.body or None,
            loop=self._loop,
        )
        connection = await self._connector.connect(request, [], _NO_TIMEOUT)
        try:
            assert connection.protocol is not None  # it was lent just now
            connection.protocol.set_response_params(
                read_until_eof=True, auto_decompress=False, read_bufsize=_READ_BUFFER_BYTES
            )
            response = await request.send(connection)
            try:
                await response.start(connection)
            except BaseException:
                response.close()
                raise
        except aiohttp.ClientError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            raise aiohttp.ClientOSError(*error.args) from error
        except BaseException:
            connection.close()
            raise
        return response

    def _outcome(
        self,
        attempt: Attempt,
        *,
        status_code: int | None = None,
        error: ErrorClass | None = None,
        response_headers: dict[str, str] | None = None,
        response_body: bytes = b"",
        retry_after: str | None = None,
    ) -> Outcome:
        return Outcome(
            started_ms=attempt.started_ms,
            duration_ms=round((self._loop.time() - attempt.started) * 1000),
            status_code=status_code,
            error=error,
            reused=attempt.reused,
            dns_ms=_milliseconds(attempt.dns_seconds),
            connect_ms=_milliseconds(attempt.connect_seconds),
            tls_ms=_milliseconds(attempt.tls_seconds),
            first_byte_ms=_milliseconds(attempt.first_byte_seconds),
            address=attempt.address,
            response_headers=response_headers or {},
            response_body=response_body,
            retry_after=retry_after,
        )


@functools.cache
def verifying_context() -> ssl.SSLContext:
    """The one that callbacks are verified with; made once, because reading the system's trust takes 6 to 17 ms.

    It verifies certificates and host names. The least version is set here, whatever OpenSSL's configuration says.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(("http/1.1",))
    return context


async def _rest_of(response: aiohttp.ClientResponse, limit_seconds: float) -> bytes:
    """Up to 8 KB of body, or what of it came in time: the status has decided already, so its end is not needed."""
    content = response.content
    if content.is_eof():
        return content.read_nowait(MAX_BODY_BYTES)
    body = b""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(limit_seconds):
            while len(body) < MAX_BODY_BYTES and not content.at_eof():
                body += await content.read(MAX_BODY_BYTES - len(body))
    return body


def _error_class(error: Exception) -> ErrorClass:
    match error:
        case AttemptError():
            return error.error
        case TimeoutError():
            return "timeout"
        case RefusedTargetError():
            return "refused_target"
        case aiohttp.ClientConnectionError():
            return "reset"
        case aiohttp.ClientError() | ValueError():  # an answer that is none; a header that cannot be sent
            return "protocol"
        case _:
            # The class alone: its text could quote what was sent (invariant 4).
            _logger.error("a callback ended in an unexpected %s", type(error).__name__)
            return "protocol"


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
