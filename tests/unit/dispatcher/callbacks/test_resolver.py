"""The bounds of look-ups, one by one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.dispatcher.callbacks.attempt import AttemptError
from functions.dispatcher.callbacks.resolver import Resolver, registered_domain


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    for task in asyncio.all_tasks(made):
        task.cancel()
    made.run_until_complete(asyncio.sleep(0.01))
    made.close()


def answer_of(*addresses: str) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]


def test_look_ups_of_one_name_are_shared(loop: asyncio.AbstractEventLoop) -> None:
    asked: list[str] = []

    def answer(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return answer_of("192.0.2.1", "192.0.2.1", "192.0.2.2")

    resolver = Resolver(loop, getaddrinfo=answer)

    async def many() -> list[tuple[Any, ...]]:
        return await asyncio.gather(*(resolver.resolve("a.example") for _ in range(50)))

    answers = loop.run_until_complete(many())

    assert {tuple(map(str, addresses)) for addresses in answers} == {("192.0.2.1", "192.0.2.2")}
    assert asked == ["a.example"]
    loop.run_until_complete(resolver.resolve("a.example"))
    assert asked == ["a.example"] * 2, "an answer is checked when it is dialled, never kept"


def test_a_waiter_that_gives_up_leaves_the_others_their_answer(loop: asyncio.AbstractEventLoop) -> None:
    release = threading.Event()

    def answer(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        release.wait(5)
        return answer_of("192.0.2.1")

    resolver = Resolver(loop, getaddrinfo=answer)

    async def race() -> int:
        patient = asyncio.create_task(resolver.resolve("a.example"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolver.resolve("a.example")
        release.set()
        return len(await patient)

    assert loop.run_until_complete(race()) == 1


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError("no file")])
def test_every_failure_is_a_dns_error(loop: asyncio.AbstractEventLoop, error: Exception) -> None:
    def fail(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        raise error

    with pytest.raises(AttemptError) as raised:
        loop.run_until_complete(Resolver(loop, getaddrinfo=fail).resolve("a.example"))
    assert raised.value.error == "dns"


def test_no_thread_to_be_had_is_a_dns_error(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(AttemptError):
        loop.run_until_complete(Resolver(loop).resolve("a.example"))


def test_time_limit_is_the_waiters(loop: asyncio.AbstractEventLoop) -> None:
    release = threading.Event()

    def slow(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        release.wait(5)
        return answer_of("192.0.2.1")

    resolver = Resolver(loop, getaddrinfo=slow, limit_seconds=0.1)
    started = loop.time()
    with pytest.raises(AttemptError):
        loop.run_until_complete(resolver.resolve("a.example"))
    release.set()

    assert 0.1 <= loop.time() - started < 0.4


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("localhost", "localhost"),
        ("a.example.co.uk", "example.co.uk"),
        ("b.a.example.com.au", "example.com.au"),
        ("a.example.de", "example.de"),
        ("a.co.example", "co.example"),
    ],
)
def test_registered_domain(host: str, domain: str) -> None:
    assert registered_domain(host) == domain
