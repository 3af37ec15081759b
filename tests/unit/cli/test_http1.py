from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import pytest

from cli.up.http1 import BadRequestError, BodyTooLargeError, Head, HeadTooLargeError, encode, read_body, read_head
from cli.up.responses import HttpResponse

T = TypeVar("T")
LIMIT = 10_240


class Writer:
    """What is written while a body is read."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def head_of(data: bytes, limit: int = LIMIT) -> Head | None:
    async def work() -> Head | None:
        return await read_head(reader_of(data), limit)

    return run(work())


def body_of(data: bytes, *, limit: int = 100, writer: Writer | None = None) -> bytes:
    async def work() -> bytes:
        reader = reader_of(data)
        head = await read_head(reader, LIMIT)
        assert head
        return await read_body(reader, cast("Any", writer or Writer()), head, limit)

    return run(work())


def test_a_head_is_read_as_it_was_sent() -> None:
    head = head_of(b"\r\nPOST /a%2Fb?q=%20&r HTTP/1.1\r\nHost: x\r\nX-Name:  caf\xc3\xa9 \t\r\nEmpty:\r\n\r\n")

    assert head == Head("POST", "/a%2Fb", "q=%20&r", "HTTP/1.1", [("Host", "x"), ("X-Name", "café"), ("Empty", "")])
    assert not head.closing


def test_a_header_may_stand_twice() -> None:
    head = head_of(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n")

    assert head
    assert head.values("content-type") == ["a/b", "c/d"]


def test_a_proxys_form_of_the_target_is_its_path() -> None:
    head = head_of(b"GET http://host:80/a?b HTTP/1.1\r\nHost: x\r\n\r\n")

    assert head
    assert (head.path, head.query) == ("/a", "b")


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Foo, Close\r\n\r\n"]
)
def test_these_connections_end_with_the_answer(head: bytes) -> None:
    read = head_of(head)
    assert read
    assert read.closing


@pytest.mark.parametrize("data", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_that_ends_in_a_head_has_no_request(data: bytes) -> None:
    assert head_of(data) is None


HOST = b"Host: x\r\n"
MALFORMED = {
    "raw UTF-8 in the path": b"GET /\xe6\x97\xa5 HTTP/1.1\r\n" + HOST,
    "a space in the path": b"GET /a b HTTP/1.1\r\n" + HOST,
    "an unknown method": b"FOO / HTTP/1.1\r\n" + HOST,
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST,
    "no path": b"GET  HTTP/1.1\r\n" + HOST,
    "another protocol": b"GET / HTTP/2.0\r\n" + HOST,
    "no protocol": b"GET /\r\n" + HOST,
    "TLS": b"\x16\x03\x01\x02\x00\x01\r\n",
    "a control character": b"GET / HTTP/1.1\r\nX: a\x00b\r\n" + HOST,
    "a bare carriage return": b"GET / HTTP/1.1\r\nX: a\rb\r\n" + HOST,
    "a bare line feed": b"GET / HTTP/1.1\nHost: x\n",
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n b\r\n" + HOST,
    "a space before the colon": b"GET / HTTP/1.1\r\nX : a\r\n" + HOST,
    "no colon": b"GET / HTTP/1.1\r\nX\r\n" + HOST,
    "no host": b"GET / HTTP/1.1\r\nX: a\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST,
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_request_is_refused_without_a_quotation(case: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        head_of(MALFORMED[case] + b"\r\n")
    assert str(refused.value) == ""


def test_a_head_is_limited_to_the_byte() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX: "

    assert head_of(head + b"x" * (LIMIT - len(head) - 2) + b"\r\n\r\n")
    with pytest.raises(HeadTooLargeError):
        head_of(head + b"x" * (LIMIT - len(head) - 1) + b"\r\n\r\n")


@pytest.mark.parametrize("more", [b"x" * 2_000_000, b"x: y\r\n" * 400_000])
def test_a_head_without_end_is_refused_long_before(more: bytes) -> None:
    with pytest.raises(HeadTooLargeError):
        head_of(b"GET / HTTP/1.1\r\nHost: x\r\n" + more)


def request(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: x", *headers, "", ""]).encode() + body


def test_bodies_come_by_length_by_chunks_or_not_at_all() -> None:
    assert body_of(request(body=b"the next request")) == b""
    assert body_of(request("Content-Length: 3", body=b"abcGET")) == b"abc"
    chunks = b"3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET"
    assert body_of(request("Transfer-Encoding: Chunked", body=chunks)) == b"abc0123456789"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 3", "Content-Length: 3"], b"abc"),
        (["Content-Length: 3", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n"),
        (["Content-Length: +3"], b"abc"),
        (["Content-Length: 3, 3"], b"abc"),
        (["Content-Length: ٣"], b"abc"),
        (["Content-Length:"], b""),
        (["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"-1\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"3\r\nabcd\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"3\nabc\n0\n\n"),
        (["Transfer-Encoding: chunked"], b"3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n"),
    ],
)
def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(headers: list[str], body: bytes) -> None:
    with pytest.raises(BadRequestError):
        body_of(request(*headers, body=body))


def test_a_body_is_limited_to_the_byte_and_refused_unread() -> None:
    chunked = "Transfer-Encoding: chunked"
    assert len(body_of(request("Content-Length: 100", body=b"x" * 100))) == 100
    assert (
        len(body_of(request(chunked, body=b"32\r\n" + b"x" * 50 + b"\r\n32\r\n" + b"x" * 50 + b"\r\n0\r\n\r\n"))) == 100
    )
    for headers, body in (
        ("Content-Length: 101", b""),
        (chunked, b"65\r\n"),
        (chunked, b"ffffffff\r\n"),
        (chunked, b"32\r\n" + b"x" * 50 + b"\r\n33\r\n"),
    ):
        with pytest.raises(BodyTooLargeError):
            body_of(request(headers, body=body))


def test_a_client_that_asks_first_is_told_to_go_on_unless_the_body_is_refused() -> None:
    writer = Writer()
    assert body_of(request("Expect: 100-Continue", "Content-Length: 1", body=b"x"), writer=writer) == b"x"
    assert writer.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    refused = Writer()
    with pytest.raises(BodyTooLargeError):
        body_of(request("Expect: 100-continue", "Content-Length: 101"), writer=refused)
    assert refused.written == b""


def test_an_answer_has_the_length_of_its_body_whatever_the_function_says() -> None:
    answer = HttpResponse(200, (("x", "é"), ("content-length", "7"), ("set-cookie", "a"), ("set-cookie", "b")), b"abc")
    head, _, body = encode(answer, body=True, closing=False).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")

    assert lines[:4] == [b"HTTP/1.1 200 OK", "x: é".encode(), b"set-cookie: a", b"set-cookie: b"]
    assert b"content-length: 3" in lines
    assert b"connection: keep-alive" in lines
    assert body == b"abc"


def test_answers_without_a_body_have_none() -> None:
    to_head = encode(HttpResponse(200, (), b"abc"), body=False, closing=True)
    assert b"content-length: 3\r\n" in to_head
    assert to_head.endswith(b"connection: close\r\n\r\n")
    empty = encode(HttpResponse(204, (), b"abc"), body=True, closing=False)
    assert b"content-length" not in empty
    assert empty.endswith(b"\r\n\r\n")


def test_a_status_without_a_name_is_sent_too() -> None:
    assert encode(HttpResponse(299, (), b""), body=True, closing=False).startswith(b"HTTP/1.1 299 \r\n")
