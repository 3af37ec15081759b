"""Invariant 6: each kind of receiver that could hurt others does what it can while ten healthy deliveries run."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.client_proto import ResponseHandler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dispatcher.callbacks import answer, connector
from functions.dispatcher.callbacks.answer import AnswerProtocol
from functions.dispatcher.callbacks.evidence import MAX_BODY_BYTES
from functions.dispatcher.callbacks.resolver import MAX_LOOKUPS_PER_DOMAIN, MAX_THREADS
from tests.unit.dispatcher.callbacks.conftest import OK, Yard, answering, callback, read_request

if TYPE_CHECKING:
    from parley.attempts import Outcome

SLACK_SECONDS = 0.5
CHUNK = bytes(65536)
LATE = b"HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n"


async def drip(writer: asyncio.StreamWriter, text: bytes) -> None:
    for byte in itertools.cycle(text):
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def pour(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    while True:
        writer.write(chunk)
        await writer.drain()


def test_slow_headers_end_at_the_time_limit(yard: Yard) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        await drip(writer, b"z")

    [outcome] = yard.beside_healthy(yard.serve(slow))

    assert (outcome.status_code, outcome.error) == (None, "timeout")
    assert 500 <= outcome.duration_ms <= 500 + SLACK_SECONDS * 1000


def test_slow_body_of_a_success_is_not_waited_for(yard: Yard) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        await drip(writer, b"z")

    [outcome] = yard.beside_healthy(yard.serve(slow), timeout_seconds=2)

    assert (outcome.status_code, outcome.error) == (200, None)
    assert outcome.duration_ms < 1000


def test_slow_body_of_a_failure_leaves_what_came_as_evidence(yard: Yard) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n")
        await drip(writer, b"z")

    [outcome] = yard.beside_healthy(yard.serve(slow))

    assert outcome.status_code == 500
    assert set(outcome.response_body) == set(b"z")
    assert outcome.duration_ms <= 500 + SLACK_SECONDS * 1000


@pytest.mark.parametrize("status", [200, 500])
def test_endless_body_is_cut_off(yard: Yard, status: int) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        await pour(writer, b"1000\r\n" + b"z" * 4096 + b"\r\n")

    [outcome] = yard.beside_healthy(yard.serve(endless))

    assert (outcome.status_code, outcome.error) == (status, None)
    assert len(outcome.response_body) == (MAX_BODY_BYTES if status == 500 else 0)
    assert outcome.duration_ms < 400


def test_gzip_bomb_is_kept_packed(yard: Yard) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    head = b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    seen: list[str] = []

    tracemalloc.start()
    [outcome] = yard.beside_healthy(yard.serve(answering(head + bomb, seen)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert outcome.response_body == bomb[:MAX_BODY_BYTES]
    assert "Accept-Encoding: identity\r\n" in seen[0]
    assert peak < 4_000_000


@pytest.mark.parametrize(
    "line", [b"X-Large: " + b"z" * 9_000 + b"\r\n", b"X-Many: z\r\n" * 1_000], ids=["large", "many"]
)
def test_huge_headers_are_refused(yard: Yard, line: bytes) -> None:
    async def huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await pour(writer, line)

    [outcome] = yard.beside_healthy(yard.serve(huge))

    assert outcome.status_code is None
    assert outcome.error in ("protocol", "too_large")
    assert outcome.duration_ms < 400


def test_endless_blank_lines_before_an_answer_are_cut_off(yard: Yard) -> None:
    async def blank(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await pour(writer, b"\r\n" * 1_000)

    [outcome] = yard.beside_healthy(yard.serve(blank))

    assert (outcome.status_code, outcome.error) == (None, "too_large")
    assert outcome.duration_ms < 400


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_early_close_is_a_failure_and_on_a_new_connection_not_repeated(yard: Yard, before: bytes) -> None:
    requests = 0

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await read_request(reader)
        requests += 1
        writer.write(before)
        await writer.drain()
        writer.close()

    [outcome] = yard.beside_healthy(yard.serve(early))

    assert (outcome.status_code, outcome.error, requests) == (None, "reset", 1)


@pytest.mark.parametrize("after_request", [False, True])
def test_reset_is_a_failure(yard: Yard, after_request: bool) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after_request:
            await read_request(reader)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    [outcome] = yard.beside_healthy(yard.serve(reset))

    assert (outcome.status_code, outcome.error) == (None, "reset")


def test_receiver_that_speaks_first_is_refused(yard: Yard) -> None:
    async def mail_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    [outcome] = yard.beside_healthy(yard.serve(mail_server))

    assert outcome.status_code is None
    assert outcome.error in ("reset", "protocol")


PIECES = [
    OK,
    LATE,
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 C\r\n\r\n",
    b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n",
]
PIECES += [
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"5\r\n",
    b"0\r\n\r\n",
    b"x" * 5,
    b"HTTP/2 200\r\n",
]
PIECES += [
    b"Content-Encoding: gzip\r\n",
    b"Set-Cookie: \xff=\xff\r\n",
    b"Connection: close\r\n",
    b"HTTP/1.1 204 N\r\n\r\n",
]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=6).map(b"".join))
def test_no_answer_is_unexpected_or_felt_by_the_next_request(
    yard: Yard, caplog: pytest.LogCaptureFixture, answers: bytes
) -> None:
    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answers)
        await writer.drain()
        writer.close()

    outcome = yard.post(yard.serve(receive), timeout_seconds=1)

    assert (outcome.status_code is None) == (outcome.error in ("protocol", "reset"))
    assert yard.post(yard.healthy_url).status_code == 200
    assert caplog.messages == []


def test_receiver_that_never_reads_is_let_go_at_the_time_limit(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[AnswerProtocol] = []

    def connection_lost(protocol: AnswerProtocol, exc: BaseException | None) -> None:
        lost.append(protocol)
        ResponseHandler.connection_lost(protocol, exc)

    monkeypatch.setattr(AnswerProtocol, "connection_lost", connection_lost)

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a server's transport reads, too
        await asyncio.sleep(5)

    [outcome] = yard.beside_healthy(yard.serve(deaf, limit=1 << 10), body=bytes(8 << 20))
    yard.run(asyncio.sleep(0.05))

    assert outcome.error == "timeout"
    assert outcome.duration_ms <= 500 + SLACK_SECONDS * 1000
    assert not yard.poster._connector._acquired
    assert len(lost) == 1, "a graceful end would wait for the receiver to read, holding socket and buffer"


def test_lying_content_length_too_long_counts_by_its_status(yard: Yard) -> None:
    async def lying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort")
        await writer.drain()
        writer.close()

    [outcome] = yard.beside_healthy(yard.serve(lying))

    assert (outcome.status_code, outcome.error) == (200, None)


def test_lying_content_length_too_short_reaches_no_other_answer(yard: Yard) -> None:
    url = yard.serve(
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n")
    )

    yard.beside_healthy(url)
    outcomes = [yard.post(url) for _ in range(3)]

    assert all(outcome.status_code != 418 and not outcome.reused for outcome in outcomes)


@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
@pytest.mark.parametrize(
    ("answered", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nhello", 200),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\nhello", 500),
    ],
)
def test_a_body_that_must_not_be_there_does_not_undo_the_status(
    yard: Yard, interim: bytes, answered: bytes, status: int
) -> None:
    """A framework that sends a body with a 204, in one segment with its head: the receiver has the event."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(interim + answered)

    url = yard.serve(receive)

    assert [yard.post(url).status_code for _ in range(3)] == [status] * 3


def test_a_head_that_ends_between_two_slices_ends_there(yard: Yard) -> None:
    head = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX: %s\r\n\r\n"
    sizes = iter(range(1018, 1034))

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(head % (b"x" * (next(sizes) - len(head % b""))) + b"hello")

    url = yard.serve(receive)

    assert [yard.post(url).status_code for _ in range(16)] == [204] * 16


def test_slow_dns_of_forty_zones_starves_nobody(yard: Yard) -> None:
    release = threading.Event()
    busiest = 0

    def slow(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        nonlocal busiest
        if host.startswith("slow"):
            busiest = max(busiest, sum(thread.name.startswith("dns slow") for thread in threading.enumerate()))
            release.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    poster = yard.make_poster(getaddrinfo=slow)
    port = yard.healthy_url.split(":")[2]
    yard.healthy_url = f"http://healthy.example:{port}"

    outcomes = yard.beside_healthy(*(f"http://slow.zone{n}.example{n}/" for n in range(40)), poster=poster)
    release.set()

    assert {outcome.error for outcome in outcomes} == {"timeout"}
    assert 40 <= busiest <= MAX_THREADS


def test_slow_dns_of_one_domain_takes_four_threads_and_two_seconds(yard: Yard) -> None:
    release = threading.Event()
    asked: list[str] = []

    def slow(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        if host.endswith("slow.example"):
            asked.append(host)
            release.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    poster = yard.make_poster(getaddrinfo=slow)
    urls = [f"http://h{n % 20}.slow.example/" for n in range(40)]
    outcomes = yard.beside_healthy(*urls, poster=poster, timeout_seconds=5)
    release.set()

    assert {outcome.error for outcome in outcomes} == {"dns"}
    assert all(1_900 <= outcome.duration_ms <= 2_500 for outcome in outcomes)
    assert len(asked) == MAX_LOOKUPS_PER_DOMAIN
    time.sleep(0.05)
    yard.run(asyncio.sleep(0.05))
    assert len(asked) == MAX_LOOKUPS_PER_DOMAIN, "a look-up was begun for callbacks that had given up"


FLOODER = """
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def flood(connection):
    try:
        connection.recv(65536)
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n" * 500)
    except OSError:
        connection.close()
while True:
    threading.Thread(target=flood, args=listener.accept()[:1], daemon=True).start()
"""


def test_1xx_flood_of_five_leaves_the_others_p99_within_twice(yard: Yard) -> None:
    """Flooders in a process of their own, and times of this process alone: other load on the machine is not in them."""

    async def seconds() -> float:
        started = time.process_time()
        outcome = await yard.poster.post(callback(yard.healthy_url))
        assert outcome.status_code == 200
        return time.process_time() - started

    async def p99(flood_url: str | None) -> tuple[float, list[str | None]]:
        times: list[float] = []
        floods: list[asyncio.Task[Outcome]] = []
        for number in range(60):
            if flood_url is not None and number % 20 == 0:
                floods += [asyncio.create_task(yard.poster.post(callback(flood_url))) for _ in range(5)]
            times += await asyncio.gather(*(seconds() for _ in range(10)))
        errors = [outcome.error for outcome in await asyncio.gather(*floods)]
        return statistics.quantiles(times, n=100)[98], errors

    ratios = []
    with subprocess.Popen([sys.executable, "-c", FLOODER], stdout=subprocess.PIPE, text=True) as flooder:
        try:
            assert flooder.stdout is not None
            url = f"http://127.0.0.1:{flooder.stdout.readline().strip()}/"
            yard.run(p99(url))  # the first posts dial, and warm what there is to warm
            for _ in range(3):  # the best of three: what a flood costs is there each time, noise is not
                calm, _ = yard.run(p99(None))
                flooded, errors = yard.run(p99(url))
                assert errors == ["too_large"] * 15
                ratios.append(flooded / calm)
        finally:
            flooder.kill()
    assert min(ratios) <= 2, ratios


def test_late_bytes_on_a_kept_alive_connection_reach_no_other_answer(yard: Yard) -> None:
    requests = 0

    async def poisoner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while True:
            await read_request(reader)
            requests += 1
            writer.write(OK)
            await asyncio.sleep(0.02)
            writer.write(LATE)

    url = yard.serve(poisoner)
    statuses = []
    for _ in range(3):
        statuses += [outcome.status_code for outcome in yard.beside_healthy(url)]
        yard.run(asyncio.sleep(0.06))

    assert statuses == [200, 200, 200]
    assert requests == 3


def test_late_bytes_that_came_during_a_freeze_reach_no_other_answer(yard: Yard) -> None:
    """They wait in the kernel when the next request is about to be written to that connection."""
    receiver = FreezingReceiver(keep_seconds=0.05, last_words=LATE)
    try:
        statuses = []
        for _ in range(3):
            statuses.append(yard.post(receiver.url).status_code)
            time.sleep(0.15)  # the loop does not run
        yard.beside_healthy()
        assert statuses == [200, 200, 200]
        assert receiver.requests == 3
    finally:
        receiver.close()


def test_idle_408_is_not_an_answer(yard: Yard) -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    url = yard.serve(impatient)
    outcomes = []
    for _ in range(3):
        outcomes += yard.beside_healthy(url)
        yard.run(asyncio.sleep(0.06))

    assert [(outcome.status_code, outcome.reused) for outcome in outcomes] == [(200, False)] * 3


class FreezingReceiver:
    """A receiver in a thread: it goes on while the event loop stands still, as the world does in a freeze."""

    def __init__(self, keep_seconds: float, last_words: bytes = b"") -> None:
        self.requests = 0
        self._last_words = last_words
        self._keep_seconds = keep_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(self._keep_seconds)
                try:
                    while connection.recv(65536):
                        self.requests += 1
                        connection.sendall(OK)
                except TimeoutError:  # it has been idle too long
                    connection.sendall(self._last_words)
                    continue
                if not self.requests:
                    return

    def close(self) -> None:
        self.requests = 0
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join(5)
        self._listener.close()


def test_freeze_then_post_has_no_spurious_failure(yard: Yard) -> None:
    receiver = FreezingReceiver(keep_seconds=0.1)
    try:
        outcomes = []
        for _ in range(3):
            yard.poster.begin_invocation()
            outcomes += yard.beside_healthy(receiver.url)
            time.sleep(0.25)  # the loop does not run
        assert [(outcome.status_code, outcome.reused) for outcome in outcomes] == [(200, False)] * 3
        assert receiver.requests == 3
    finally:
        receiver.close()


def test_freeze_of_more_than_four_seconds_drops_connections_by_the_wall_clock(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = yard.healthy_url
    assert [yard.post(url).reused for _ in range(2)] == [False, True]

    now = time.time()
    clock = type("Clock", (), {"time": staticmethod(lambda: now + 4.1)})
    monkeypatch.setattr(connector, "time", clock)
    yard.poster.begin_invocation()
    after_freeze = yard.post(url)
    monkeypatch.setattr(answer, "time", clock)
    yard.post(url)
    yard.poster.begin_invocation()

    assert not after_freeze.reused
    assert yard.post(url).reused


def test_reused_connection_that_dies_before_any_answer_is_tried_once_more_on_a_new_one(yard: Yard) -> None:
    connections: list[int] = []

    async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(connections)
        connections.append(0)
        await read_request(reader)
        connections[number] += 1
        writer.write(OK)
        await read_request(reader)
        connections[number] += 1
        writer.close()

    url = yard.serve(forgetful)
    yard.beside_healthy(url, url)  # two connections: the second try must not fall for the other one
    outcome = yard.post(url)

    assert (outcome.status_code, outcome.reused) == (200, False)
    assert sorted(connections) == [1, 1, 2]


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_reused_connection_that_dies_within_an_answer_is_not_tried_again(yard: Yard, method: str) -> None:
    requests = 0

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        for text in (OK, OK[:9]):
            await read_request(reader)
            requests += 1
            writer.write(text)
            await writer.drain()

    url = yard.serve(half)
    yard.post(url, method=method)
    outcome = yard.post(url, method=method)

    assert (outcome.error, outcome.reused, requests) == ("reset", True, 2)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_reused_connection_that_times_out_is_not_tried_again(yard: Yard, method: str) -> None:
    requests = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await read_request(reader)
        requests += 1
        writer.write(OK)
        await read_request(reader)
        requests += 1
        await asyncio.sleep(5)

    url = yard.serve(silent)
    yard.post(url, method=method)
    outcome = yard.post(url, method=method, timeout_seconds=0.2)

    assert (outcome.error, outcome.reused, requests) == ("timeout", True, 2)


def test_cookies_of_one_webhook_are_not_sent_to_the_next_on_its_host(yard: Yard) -> None:
    seen: list[str] = []
    url = yard.serve(answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n", seen))

    yard.beside_healthy(url)
    yard.post(url)

    assert len(seen) == 2
    assert not any("cookie" in request.lower() for request in seen)


def test_time_limit_beyond_five_seconds_is_not_rounded_up(yard: Yard) -> None:
    """aiohttp's own timers would end this one at 6 s."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    [outcome] = yard.beside_healthy(yard.serve(silent), timeout_seconds=5.1)

    assert outcome.error == "timeout"
    assert 5_100 <= outcome.duration_ms <= 5_100 + SLACK_SECONDS * 1000


def test_memory_per_post_is_bounded(yard: Yard) -> None:
    posts = 20

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n")
        await pour(writer, CHUNK)

    url = yard.serve(endless)
    yard.post(url)
    tracemalloc.start()
    yard.beside_healthy(*[url] * posts, timeout_seconds=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The sending ends, with 64 KB to 128 KB of buffer each, are in it too.
    assert peak / posts < 600_000
