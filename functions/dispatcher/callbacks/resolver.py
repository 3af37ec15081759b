"""Knows how names become addresses: in threads of its own, with bounds that keep one slow zone from starving the rest.

getaddrinfo(3) cannot be cancelled, so a slow zone holds a thread long after its callbacks have given up. Four bounds
follow: look-ups of one name are shared, a registered domain has at most four threads, all together have 128 (and
none of the event loop's own), and nobody waits longer than two seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from functions.dispatcher.callbacks.attempt import AttemptError

if TYPE_CHECKING:
    from parley.networks import Address

LIMIT_SECONDS = 2.0
MAX_THREADS = 128
MAX_LOOKUPS_PER_DOMAIN = 4

GetAddrInfo = Callable[..., list[tuple[Any, ...]]]

# Labels that registries put before a country's: example.co.uk is registered, co.uk is not. Missing one makes a bound
# tighter than need be, never looser.
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "gv", "mil", "ne", "net", "nom", "or", "org"})
_COUNTRY_CHARACTERS = 2


@dataclass(slots=True)
class _LookUp:
    task: asyncio.Task[tuple[Address, ...]]
    waiting: int = 0
    has_thread: bool = False


class Resolver:
    """Looks names up, for one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        getaddrinfo: GetAddrInfo = socket.getaddrinfo,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._loop = loop
        self._getaddrinfo = getaddrinfo
        self._limit_seconds = limit_seconds
        self._look_ups: dict[str, _LookUp] = {}
        self._threads = asyncio.Semaphore(MAX_THREADS)
        self._domains: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """Every address of a name, in the system's order.

        Raises:
            AttemptError: `dns`: no such name, or no answer in time.
        """
        look_up = self._look_ups.get(host)
        if look_up is None:
            look_up = self._look_ups[host] = _LookUp(self._loop.create_task(self._look_up(host)))
        look_up.waiting += 1
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await asyncio.shield(look_up.task)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            raise AttemptError("dns") from None
        finally:
            look_up.waiting -= 1
            if not look_up.waiting and not look_up.has_thread:
                # Nobody is left to hear it, so it must not take a thread later.
                self._forget(host, look_up)
                look_up.task.cancel()

    def close(self) -> None:
        """Let go of what is under way; its threads end by themselves and are not waited for."""
        for look_up in self._look_ups.values():
            look_up.task.cancel()
        self._look_ups.clear()

    async def _look_up(self, host: str) -> tuple[Address, ...]:
        domain = registered_domain(host)
        gate = self._domains.get(domain)
        if gate is None:
            gate = self._domains[domain] = asyncio.Semaphore(MAX_LOOKUPS_PER_DOMAIN)
        look_up = self._look_ups[host]
        async with gate, self._threads:
            look_up.has_thread = True
            try:
                answers = await self._in_thread(host)
            finally:
                self._forget(host, look_up)
        return tuple(dict.fromkeys(ipaddress.ip_address(answer[4][0]) for answer in answers))

    def _forget(self, host: str, look_up: _LookUp) -> None:
        if self._look_ups.get(host) is look_up:
            del self._look_ups[host]

    def _in_thread(self, host: str) -> asyncio.Future[list[tuple[Any, ...]]]:
        """One thread per look-up: look-ups are rare, and a daemon thread does not hold a process that wants to end."""
        future: asyncio.Future[list[tuple[Any, ...]]] = self._loop.create_future()

        def settle(answers: list[tuple[Any, ...]] | None, error: OSError | UnicodeError | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(answers or [])

        def work() -> None:
            answers, error = None, None
            try:
                answers = self._getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except (OSError, UnicodeError) as raised:
                error = raised
            with suppress(RuntimeError):  # the loop was closed meanwhile
                self._loop.call_soon_threadsafe(settle, answers, error)

        try:
            threading.Thread(target=work, name=f"dns {host}", daemon=True).start()
        except RuntimeError as error:
            raise OSError("no thread to be had") from error
        return future


def registered_domain(host: str) -> str:
    """The part of a name that somebody registered, as far as that can be known without the public suffix list."""
    labels = host.split(".")
    behind_country = len(labels[-1]) == _COUNTRY_CHARACTERS and len(labels) > 1 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if behind_country else labels[-2:])
