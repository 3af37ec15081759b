"""Invariant 5: whatever a host is called and whatever its name answers, no refused address is dialled."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from parley.networks import REFUSED_NETWORKS
from parley.targets import TargetPolicy
from tests.unit.dispatcher.callbacks.conftest import LOOPBACK, Yard, answering, callback, read_request

HTTP_TO_PUBLIC = TargetPolicy(allow_http=True)
HIDDEN_LOOPBACKS = [
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::127.0.0.1",
    "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:7f00:1",
]
SPELLED_LOOPBACKS = ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.01", "0"]


def answer_of(*addresses: str) -> list[tuple[Any, ...]]:
    return [
        (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 0)) for text in addresses
    ]


def literal(address: str) -> str:
    return f"http://[{ipaddress.ip_address(address)}]:9/" if ":" in address else f"http://{address}:9/"


def test_no_refused_literal_is_dialled(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    poster = yard.make_poster(HTTP_TO_PUBLIC)
    addresses = [str(row.network[offset]) for row in REFUSED_NETWORKS for offset in (0, -1)] + HIDDEN_LOOPBACKS
    urls = [literal(address) for address in addresses] + [f"http://{host}:9/" for host in SPELLED_LOOPBACKS]

    outcomes = yard.run(poster.post_all([callback(url) for url in urls]))

    assert {outcome.error for outcome in outcomes} == {"refused_target"}
    assert {outcome.address for outcome in outcomes} == {None}
    assert dials == []


def test_no_refused_answer_of_a_name_is_dialled(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    addresses = [str(row.network[0]) for row in REFUSED_NETWORKS] + HIDDEN_LOOPBACKS
    zone = {f"n{number}.zone{number}.example": address for number, address in enumerate(addresses)}
    poster = yard.make_poster(HTTP_TO_PUBLIC, getaddrinfo=lambda host, *_, **__: answer_of(zone[host]))

    outcomes = yard.run(poster.post_all([callback(f"http://{host}:9/") for host in zone]))

    assert {outcome.error for outcome in outcomes} == {"refused_target"}
    assert dials == []


@pytest.mark.parametrize("refused", ["169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1"])
def test_one_refused_address_refuses_the_whole_answer(yard: Yard, dials: list[tuple[Any, ...]], refused: str) -> None:
    poster = yard.make_poster(getaddrinfo=lambda *_, **__: answer_of("127.0.0.1", refused))

    outcome = yard.run(poster.post(callback("http://both.example:9/")))

    assert outcome.error == "refused_target"
    assert dials == []


def test_name_that_changes_its_answer_is_refused_at_the_next_dial(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254"])
    poster = yard.make_poster(getaddrinfo=lambda *_, **__: answer_of(next(answers)))

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    port = yard.serve(once).split(":")[2]
    outcomes = [yard.run(poster.post(callback(f"http://rebinding.example:{port}"))) for _ in range(2)]

    assert [outcome.status_code for outcome in outcomes] == [200, None]
    assert outcomes[1].error == "refused_target"
    assert [address[0] for address in dials] == ["127.0.0.1"]


def test_redirect_is_a_failure_and_not_followed(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    hit: list[str] = []
    other = yard.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", hit))
    url = yard.serve(answering(f"HTTP/1.1 307 Go\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()))

    outcome = yard.post(url)

    assert (outcome.status_code, outcome.delivered, outcome.response_headers["location"]) == (307, False, other)
    assert hit == []
    assert len(dials) == 1


def test_proxy_of_the_environment_is_not_asked(
    yard: Yard, dials: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert yard.post(yard.healthy_url).status_code == 200
    assert yard.healthy_requests[0].startswith("POST / HTTP/1.1\r\n"), "a proxy would be sent the whole URL"
    assert [address[1] for address in dials] == [int(yard.healthy_url.split(":")[2].rstrip("/"))]


def test_own_api_is_not_called_by_any_of_the_loopbacks_names(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    port = yard.healthy_url.split(":")[2].rstrip("/")
    policy = TargetPolicy(
        allow_http=True, allowed_private=LOOPBACK.allowed_private, own_hosts=frozenset({f"127.0.0.1:{port}"})
    )
    poster = yard.make_poster(policy, getaddrinfo=lambda *_, **__: answer_of("127.0.0.1"))
    hosts = ["127.0.0.1", "127.0.0.2", "[::1]", "localhost", "alias.example"]

    outcomes = yard.run(poster.post_all([callback(f"http://{host}:{port}/") for host in hosts]))

    assert {outcome.error for outcome in outcomes} == {"refused_target"}
    assert dials == []


def test_http_is_refused_where_it_is_not_allowed(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    poster = yard.make_poster(TargetPolicy(allowed_private=LOOPBACK.allowed_private))

    assert yard.run(poster.post(callback(yard.healthy_url))).error == "refused_target"
    assert dials == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/ü", "/path", "http:///", "http://ü.example/"])
def test_url_that_is_not_in_its_normal_form_is_refused(yard: Yard, dials: list[tuple[Any, ...]], url: str) -> None:
    assert yard.post(url).error == "refused_target"
    assert dials == []


def test_many_addresses_of_a_name_are_not_all_dialled(yard: Yard, dials: list[tuple[Any, ...]]) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    poster = yard.make_poster(getaddrinfo=lambda *_, **__: answer_of(*(f"127.0.0.{n}" for n in range(1, 100))))

    outcome = yard.run(poster.post(callback(f"http://many.example:{port}/")))

    assert outcome.error == "connect"
    assert len(dials) == 2
