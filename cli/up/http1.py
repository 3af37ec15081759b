"""HTTP/1.1 on the wire, as the gateway reads and writes it. Knows neither routes nor functions.

Not a library's server: those refuse what a platform may send through API Gateway (a `Content-Type` that stands twice),
and quote what they refuse in their log and their answer: an ingest URL or an `Authorization` header, with its token.
What is refused here is never quoted (invariant 4).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.up.responses import HttpResponse

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
LINGER_SECONDS = 5.0
"""How long a refused client may go on sending: closed at once, it would see a reset in place of the answer."""

_REQUEST_LINE = re.compile(rb"([A-Z]+) (?:https?://[!-.0->@-~]+)?(/[!-~]*) HTTP/1\.([01])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LINE_END = b"\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_READ_BYTES = 65_536


class BadRequestError(Exception):
    """What came is no HTTP request; of a head it may be all, of a body any part."""


class HeadTooLargeError(Exception):
    """The request line and headers are over the limit."""


class BodyTooLargeError(Exception):
    """The body is over the limit, or says that it is."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's line and headers.

    Attributes:
        path: Undecoded, without the query.
        headers: Every header in the order sent, names as sent.
    """

    method: str
    path: str
    query: str
    protocol: str
    headers: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """The values of a header, as often as it stands there; `name` in lower case."""
        return [value for each, value in self.headers if each.lower() == name]

    @property
    def closing(self) -> bool:
        """Whether the connection ends with the answer."""
        wanted = {option.strip().lower() for value in self.values("connection") for option in value.split(",")}
        return "close" in wanted or self.protocol == "HTTP/1.0"


async def read_head(reader: asyncio.StreamReader, limit_bytes: int) -> Head | None:
    """The next request's head; None at the end of the connection.

    Raises:
        BadRequestError: It is none.
        HeadTooLargeError: Line and headers, with their ends, are over the limit.
    """
    lines: list[bytes] = []
    size = 0
    while True:
        line = await _read_line(reader)
        if line is None:
            return None
        if not line and not lines:
            continue  # an empty line before a request is to be ignored (RFC 9112, 2.2)
        if not line:
            return _head(lines)
        lines.append(line)
        size += len(line) + len(_LINE_END)
        if size > limit_bytes:
            raise HeadTooLargeError


async def _read_line(reader: asyncio.StreamReader) -> bytes | None:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise HeadTooLargeError from None
    if not line.endswith(_LINE_END):
        raise BadRequestError
    return line.removesuffix(_LINE_END)


def _head(lines: Sequence[bytes]) -> Head:
    request = _REQUEST_LINE.fullmatch(lines[0])
    if request is None or request[1].decode() not in METHODS:
        raise BadRequestError
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadRequestError
        headers.append((name.decode(), value.strip(b" \t").decode("utf-8", "replace")))
    path, _, query = request[2].decode().partition("?")
    head = Head(request[1].decode(), path, query, f"HTTP/1.{request[3].decode()}", headers)
    hosts = len(head.values("host"))
    if hosts > 1 or (hosts == 0 and head.protocol == "HTTP/1.1"):
        raise BadRequestError
    return head


async def read_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: Head, limit_bytes: int) -> bytes:
    """The request's body.

    Raises:
        BadRequestError: Its length is told in two ways or in none that can be read, or a chunk is malformed.
        BodyTooLargeError: It is over the limit; the rest of it is not read.
        asyncio.IncompleteReadError: The connection ended in it.
    """
    lengths, codings = head.values("content-length"), head.values("transfer-encoding")
    # two lengths are how a request is smuggled past whoever reads only one (RFC 9112, 6.3)
    if len(lengths) + len(codings) > 1:
        raise BadRequestError
    if not lengths and not codings:
        return b""
    if codings and (codings[0].lower() != "chunked" or head.protocol == "HTTP/1.0"):
        raise BadRequestError
    if lengths and not re.fullmatch("[0-9]{1,18}", lengths[0]):
        raise BadRequestError
    if lengths and int(lengths[0]) > limit_bytes:
        raise BodyTooLargeError
    if [value.lower() for value in head.values("expect")] == ["100-continue"]:
        writer.write(_CONTINUE)
    return await reader.readexactly(int(lengths[0])) if lengths else await _read_chunks(reader, limit_bytes)


async def _read_chunks(reader: asyncio.StreamReader, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        line = _CHUNK_LINE.fullmatch(await _read_chunk_line(reader))
        if line is None:
            raise BadRequestError
        size = int(line[1], 16)
        if len(body) + size > limit_bytes:
            raise BodyTooLargeError
        if not size:
            break
        body += await reader.readexactly(size)
        if await reader.readexactly(len(_LINE_END)) != _LINE_END:
            raise BadRequestError
    while await _read_chunk_line(reader):
        pass  # trailers say nothing to a function
    return bytes(body)


async def _read_chunk_line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise BadRequestError from None
    if not line.endswith(_LINE_END):
        raise BadRequestError
    return line.removesuffix(_LINE_END)


def encode(response: HttpResponse, *, body: bool, closing: bool) -> bytes:
    """A response as it goes over the wire; `body` False is the answer to HEAD."""
    phrase = ""
    with suppress(ValueError):  # a function may answer a status without a name
        phrase = HTTPStatus(response.status).phrase
    bodiless = response.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    headers = [(name, value) for name, value in response.headers if name != "content-length"]
    if not bodiless:
        headers.append(("content-length", str(len(response.body))))  # what the body has is what is sent
    headers += [("date", formatdate(usegmt=True)), ("server", "parley-up")]
    headers.append(("connection", "close" if closing else "keep-alive"))
    lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers), "", ""]
    head = "\r\n".join(lines).encode()
    return head + response.body if body and not bodiless else head


async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends our side and reads what the client still sends, so that it gets to see the answer."""
    with suppress(TimeoutError, OSError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_SECONDS):
            while await reader.read(_READ_BYTES):
                pass
