"""What is no request, or none that any route takes: an answer in the right form, and no token in any log or answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB, Bundle

INGEST_TOKEN = "demo-token-messagehub"
GATEWAY_FORM = b'{"message":"Bad Request"}'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle(tmp_path_factory.mktemp("up")) as run:
        yield run


@dataclass(frozen=True)
class Raw:
    """An answer as it came."""

    line: bytes
    head: bytes
    body: bytes


def exchange(bundle: Bundle, *sent: bytes) -> Raw:
    """Sends bytes as they are and reads until the gateway ends its side."""
    host, _, port = bundle.api_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for part in sent:
            connection.sendall(part)
        answer = b""
        while received := connection.recv(65_536):
            answer += received
    head, _, body = answer.partition(b"\r\n\r\n")
    return Raw(head.partition(b"\r\n")[0], head, body)


def logs(bundle: Bundle) -> str:
    files = [path for path in (bundle.folder / ".parley" / "logs").rglob("*") if path.is_file()]
    assert files
    return "\n".join(path.read_text(errors="replace") for path in files)


INGEST = DEMO_MESSAGEHUB.encode()
MALFORMED = {
    "raw UTF-8 in the query": b"POST " + INGEST + "?日本 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "raw UTF-8 in the path": b"POST " + INGEST + "日本 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "an unknown method": b"FOO " + INGEST + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "no protocol": b"POST " + INGEST + b"\r\nHost: x\r\n\r\n",
    "another protocol": b"POST " + INGEST + b" HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"POST " + INGEST + b" HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a control character": b"GET /v1/Assistants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %TOKEN%\0\r\n\r\n",
    "a header without colon": b"GET /v1/Assistants HTTP/1.1\r\nHost: x\r\nAuthorization Bearer %TOKEN%\r\n\r\n",
    "two lengths": b"POST " + INGEST + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "length and chunks": b"POST "
    + INGEST
    + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "a bad chunk": b"POST "
    + INGEST
    + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_request_is_a_400_in_the_gateways_form_and_nothing_of_it_is_kept(bundle: Bundle, case: str) -> None:
    token = bundle.ready["token"].encode()
    answer = exchange(bundle, MALFORMED[case].replace(b"%TOKEN%", token))

    assert answer.line == b"HTTP/1.1 400 Bad Request"
    assert b"content-type: application/json" in answer.head
    assert answer.body == GATEWAY_FORM
    assert INGEST_TOKEN not in logs(bundle)
    assert bundle.ready["token"] not in logs(bundle)


@pytest.mark.parametrize("size", [10_300, 70_000, 2_000_000, 20_000_000])
def test_a_head_that_is_too_large_is_a_431_however_large(bundle: Bundle, size: int) -> None:
    for sent in (
        [b"GET /v1/Assistants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ", b"x" * size, b"\r\n\r\n"],
        [b"POST " + INGEST + b"?", b"x" * size, b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET /v1/Assistants HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n" * (size // 6), b"\r\n"],
    ):
        answer = exchange(bundle, *sent)
        assert answer.line == b"HTTP/1.1 431 Request Header Fields Too Large"
        assert answer.body == b'{"message":"Request Header Fields Too Large"}'
    assert INGEST_TOKEN not in logs(bundle)


def test_a_body_over_ten_megabytes_is_a_413_also_in_chunks_and_while_it_is_sent(bundle: Bundle) -> None:
    answer = exchange(
        bundle,
        b"POST " + INGEST + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        *[b"100000\r\n" + bytes(0x100000) + b"\r\n"] * 16,
        b"0\r\n\r\n",
    )
    assert answer.line.startswith(b"HTTP/1.1 413 ")
    assert answer.body == b'{"message":"Request Entity Too Large"}'


def test_a_call_with_a_content_type_twice_is_taken(bundle: Bundle) -> None:
    body = b'{"event":"message_created","content":"twice"}'
    kind = ("Content-Type", "application/json")
    answer = bundle.request("POST", DEMO_MESSAGEHUB, body, [kind, kind])

    assert answer.status == 200, answer.body


def test_requests_follow_each_other_on_a_connection_and_a_malformed_one_ends_it(bundle: Bundle) -> None:
    fine = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = exchange(bundle, fine + fine + b"nonsense\r\n\r\n" + fine)

    everything = answer.line + answer.head + answer.body
    assert everything.count(b"HTTP/1.1 404") == 3  # the first one's line stands in `line` and in `head`
    assert everything.count(b"HTTP/1.1 400") == 1
    assert everything.endswith(GATEWAY_FORM)


NO_ROUTE = {
    "HEAD": ("HEAD", "/v1/Assistants", 405),
    "OPTIONS": ("OPTIONS", "/v1/Assistants", 405),
    "HEAD on ingest": ("HEAD", DEMO_MESSAGEHUB, 405),
    "an encoded slash": ("GET", "/v1%2FAssistants", 404),
    "an encoded slash at the end": ("GET", f"{DEMO}%2FWebhooks", 404),
    "a trailing slash": ("GET", "/v1/Assistants/", 404),
    "a trailing slash on ingest": ("POST", f"{DEMO_MESSAGEHUB}/", 404),
    "an encoded trailing slash on ingest": ("POST", f"{DEMO_MESSAGEHUB}%2F/", 404),
    "two slashes": ("GET", "//v1//Assistants", 404),
}


@pytest.mark.parametrize("case", NO_ROUTE)
def test_what_no_route_takes_is_our_own_404_or_405_without_a_token_in_it(bundle: Bundle, case: str) -> None:
    method, path, status = NO_ROUTE[case]
    answer = bundle.request(method, path, None, [bundle.token()])

    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    if method == "HEAD":
        assert answer.body == b""
        assert int(answer.headers["content-length"]) > 0
    else:
        assert set(answer.json()) == {"code", "message", "more_info", "status"}
    assert INGEST_TOKEN.encode() not in answer.body


def test_the_methods_of_an_ingest_url_are_the_platforms_whoever_answers(bundle: Bundle) -> None:
    by_ingest = bundle.request("GET", DEMO_MESSAGEHUB)
    by_default = bundle.request("DELETE", DEMO_MESSAGEHUB)

    assert (by_ingest.status, by_default.status) == (405, 405)
    assert by_ingest.headers["allow"] == by_default.headers["allow"] == "POST"
    assert json.loads(by_default.body)["message"].endswith("Allowed: POST")


def test_after_all_of_that_it_still_serves_and_no_process_has_said_a_token(bundle: Bundle) -> None:
    assert bundle.call("GET", "/v1/Assistants")["assistants"]
    said = logs(bundle)
    assert INGEST_TOKEN not in said
    assert bundle.ready["token"] not in said
    assert "Traceback" not in said
