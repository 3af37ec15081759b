"""What is sent, what is noted of it, and what becomes of the ways in which a post can end."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.dispatcher.callbacks.evidence import MASK, MAX_BODY_BYTES, MAX_HEADERS_BYTES
from functions.dispatcher.callbacks.poster import verifying_context
from tests.unit.dispatcher.callbacks.conftest import OK, Yard, answering, callback, read_request


def test_request_is_sent_as_it_is_given(yard: Yard) -> None:
    seen: list[str] = []
    url = yard.serve(answering(OK, seen)) + "a~b/%C3%BC%2F//x?q=1&q=%20+%26;=,"

    outcome = yard.post(url, body="日本語".encode(), headers={"Content-Type": "text/plain", "X-Team": "チーム"})
    request = seen[-1]
    assert outcome.status_code == 200
    assert request.startswith("POST /a~b/%C3%BC%2F//x?q=1&q=%20+%26;=, HTTP/1.1\r\n")
    assert "\r\nX-Team: チーム\r\n" in request
    assert "\r\nUser-Agent: Parley/1\r\n" in request
    assert "\r\nAccept-Encoding: identity\r\n" in request
    assert request.endswith("\r\n\r\n日本語")


def test_header_that_cannot_be_sent_is_an_outcome(yard: Yard) -> None:
    assert yard.post(yard.healthy_url, headers={"X-Broken": "a\r\nX-Injected: b"}).error == "protocol"
    assert yard.healthy_requests == []


def test_get_has_no_body(yard: Yard) -> None:
    assert yard.post(yard.healthy_url + "?a=b", method="GET", body=b"").status_code == 200
    assert yard.healthy_requests[0].startswith("GET /?a=b HTTP/1.1\r\n")
    assert "content-length" not in yard.healthy_requests[0].lower()


def test_phases_are_of_the_connection_that_was_made(yard: Yard) -> None:
    first, second = yard.post(yard.healthy_url), yard.post(yard.healthy_url)

    assert (first.reused, first.address, first.tls_ms) == (False, "127.0.0.1", None)
    assert None not in (first.dns_ms, first.connect_ms, first.first_byte_ms)
    assert (second.reused, second.dns_ms, second.connect_ms, second.tls_ms) == (True, None, None, None)
    assert second.first_byte_ms is not None


def test_success_keeps_nothing_of_the_answer(yard: Yard) -> None:
    outcome = yard.post(yard.serve(answering(b"HTTP/1.1 299 Fine\r\nRetry-After: 9\r\nContent-Length: 4\r\n\r\nbody")))

    assert (outcome.status_code, outcome.response_headers, outcome.response_body) == (299, {}, b"")
    assert outcome.retry_after is None


@pytest.mark.parametrize(("status", "kept"), [(429, "Wed, 21 Oct 2026 07:28:00 GMT"), (503, "120"), (500, None)])
def test_retry_after_is_kept_where_it_counts(yard: Yard, status: int, kept: str | None) -> None:
    head = f"HTTP/1.1 {status} X\r\nRetry-After: {kept or 7}\r\nContent-Length: 0\r\n\r\n"

    assert yard.post(yard.serve(answering(head.encode()))).retry_after == kept


def test_evidence_of_a_failure_masks_credentials_and_echoes(yard: Yard) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await read_request(reader)
        body = head.encode()
        writer.write(b"HTTP/1.1 400 No\r\nSet-Cookie: sid=1\r\nWWW-Authenticate: Bearer x\r\nX-Why: hunter2hunter2\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    outcome = yard.post(
        yard.serve(echo),
        headers={"Authorization": "Bearer eyJ0.secret.token", "X-Key": "hunter2hunter2", "webhook-id": "DL0123456789"},
    )
    text = outcome.response_body.decode()

    assert outcome.response_headers["set-cookie"] == outcome.response_headers["www-authenticate"] == MASK
    assert outcome.response_headers["x-why"] == MASK
    assert "eyJ0" not in text
    assert "hunter2" not in text
    assert "DL0123456789" in text


def test_evidence_is_bounded_and_always_text(yard: Yard) -> None:
    head = b"HTTP/1.1 500 No\r\nX-Bytes: \xff\xfe\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"z" * 500) for n in range(20))

    outcome = yard.post(yard.serve(answering(head + b"Content-Length: 20000\r\n\r\n" + b"y" * 20_000)))

    assert outcome.response_body == b"y" * MAX_BODY_BYTES
    assert sum(len(name) + len(value) for name, value in outcome.response_headers.items()) <= MAX_HEADERS_BYTES
    assert outcome.response_headers["x-bytes"] == "\ufffd\ufffd"


def test_name_that_does_not_exist_is_a_dns_error(yard: Yard) -> None:
    def unknown(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    poster = yard.make_poster(getaddrinfo=unknown)

    assert yard.run(poster.post(callback("http://nowhere.example/"))).error == "dns"


def test_answer_that_is_no_http_is_a_protocol_error(yard: Yard) -> None:
    assert yard.post(yard.serve(answering(b"220 mail.example ESMTP\r\n"))).error == "protocol"


def test_body_beyond_a_megabyte_is_sent_whole(yard: Yard) -> None:
    sizes: list[int] = []

    async def measure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        sizes.append(len(body))
        writer.write(OK)

    assert yard.post(yard.serve(measure), body=bytes(3 << 20)).status_code == 200
    assert sizes == [3 << 20]


def test_cancelled_post_leaves_no_connection_behind(yard: Yard) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    url = yard.serve(silent)

    async def cancel() -> None:
        task = asyncio.create_task(yard.poster.post(callback(url)))
        await asyncio.sleep(0.05)
        assert yard.poster._connector._acquired
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    yard.run(cancel())

    assert not yard.poster._connector._acquired
    assert not yard.poster._connector._conns


class Authority:
    """A certificate authority with one server certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        now = dt.datetime.now(dt.UTC)
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self._file = folder / f"{name}.pem"
        self._file.write_text(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
            + self.certificate
        )

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file)
        return context

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate)


def test_tls_is_verified_and_timed(yard: Yard, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "127.0.0.1")
    url = yard.serve(answering(OK), ssl=authority.server())
    poster = yard.make_poster(ssl_context=authority.trusting())

    first, second = (yard.run(poster.post(callback(url))) for _ in range(2))

    assert (first.status_code, second.status_code, second.reused) == (200, 200, True)
    assert first.tls_ms is not None


def test_tls_with_an_untrusted_certificate_is_refused(yard: Yard, tmp_path: Path) -> None:
    seen: list[str] = []
    url = yard.serve(answering(OK, seen), ssl=Authority(tmp_path, "127.0.0.1").server())

    assert yard.post(url).error == "tls"
    assert seen == []


def test_tls_with_another_hosts_certificate_is_refused(yard: Yard, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "other.example")
    seen: list[str] = []
    url = yard.serve(answering(OK, seen), ssl=authority.server())
    poster = yard.make_poster(ssl_context=authority.trusting())

    assert yard.run(poster.post(callback(url))).error == "tls"
    assert seen == []


def test_tls_below_1_2_is_refused(yard: Yard, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "127.0.0.1")
    old = authority.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    url = yard.serve(answering(OK), ssl=old)

    def outcome_with(least: ssl.TLSVersion) -> str | None:
        trusting = authority.trusting()
        trusting.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            trusting.minimum_version = least
        return yard.run(yard.make_poster(ssl_context=trusting).post(callback(url))).error

    assert outcome_with(verifying_context().minimum_version) == "tls"
    assert outcome_with(ssl.TLSVersion.TLSv1) is None, "the server must be one that an older client could reach"


def test_context_verifies_certificates_and_names() -> None:
    context = verifying_context()

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert verifying_context() is context


def test_only_the_context_of_callbacks_reads_the_systems_certificates() -> None:
    code = (
        "import ssl; kept = ssl.SSLContext.set_default_verify_paths;"
        "from functions.dispatcher.callbacks.poster import verifying_context; from aiohttp import connector;"
        "assert ssl.SSLContext.set_default_verify_paths is kept;"
        "print(*(context.cert_store_stats()['x509_ca'] for context in (ssl.create_default_context(),"
        " verifying_context(), connector._SSL_CONTEXT_VERIFIED, connector._SSL_CONTEXT_UNVERIFIED)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    systems, ours, *unused = map(int, done.stdout.split())
    assert ours == systems
    assert unused == [0, 0]


def test_answer_without_tls_is_a_tls_error(yard: Yard) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)
        await writer.drain()

    assert yard.post(yard.serve(plain).replace("http:", "https:")).error == "tls"
