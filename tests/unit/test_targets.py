"""Which URLs are refused, with which words, and in which form the others are kept."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from parley.networks import REFUSED_NETWORKS, RefusedNetwork
from parley.targets import (
    MAX_URL_CHARACTERS,
    RefusedTargetError,
    TargetPolicy,
    check_address,
    check_origin,
    check_url,
    own_hosts,
)

PUBLIC = TargetPolicy()
LOCAL = TargetPolicy(
    allow_http=True, allowed_private=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("HTTPS://example.com:443/", "https://example.com/"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com:0080/", "https://example.com:80/"),
        ("https://example.com/%7Ea%e4/", "https://example.com/~a%E4/"),
        ("https://example.com/a/../b/./c//d", "https://example.com/b/c//d"),
        ("https://example.com/ü?q=日本", "https://example.com/%C3%BC?q=%E6%97%A5%E6%9C%AC"),
        ("https://example.com/?a=b&&c=%26%3D+%20", "https://example.com/?a=b&&c=%26%3D+%20"),
        ("https://Bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://faß.de/", "https://xn--fa-hia.de/"),
        ("https://日本語。jp/", "https://xn--wgv71a119e.jp/"),
        ("https://XN--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://under_score.example/", "https://under_score.example/"),
        ("https://8.8.8.8:1/", "https://8.8.8.8:1/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://example.com:65535/", "https://example.com:65535/"),
    ],
)
def test_url_is_kept_as_it_will_be_sent(url: str, sent: str) -> None:
    assert check_url(url, PUBLIC) == sent
    assert check_url(sent, PUBLIC) == sent
    assert str(URL(sent, encoded=True)) == sent


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/", "the scheme http is refused. Allowed: https (http with AllowHttpTargets)"),
        ("ftp://example.com/", "the scheme ftp is refused. Allowed: https (http with AllowHttpTargets)"),
        ("javascript:alert(1)", "not absolute"),
        ("example.com/path", "not absolute"),
        ("//example.com/", "not absolute"),
        ("https:/example.com", "not absolute"),
        ("", "not absolute"),
        ("https:///path", "no host"),
        ("https://:443/", "no host"),
        ("https://[]/", "no host"),
        ("https://user:secret@example.com/", "credentials in Headers"),
        ("https://@example.com/", "credentials in Headers"),
        ("https://user@127.0.0.1/", "credentials in Headers"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://example.com\\@127.0.0.1/", "U+005C"),
        ("https://exam\tple.com/", "U+0009"),
        ("https://example.com/\r\nHost: x", "U+000D"),
        ("https://example.com/ a", "U+0020"),
        ("https://example.com/\u2028", "U+2028"),
        ("https://example.com/\ud800", "U+D800"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:https/", "port"),
        ("https://example.com:80:90/", "port"),
        ("https://example.com:٣/", "port"),
        ("https://[::1]x/", "cannot be parsed"),
        ("https://[::g]/", "not an IPv6 address"),
        ("https://[127.0.0.1]/", "not an IPv6 address"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://[fe80::1%eth0]/", "zone"),
        ("https://%31%32%37.0.0.1/", "escape"),
        ("https://a..b/", "not a host name"),
        ("https://example.com./", "not a host name"),
        ("https://-a.example/", "not a host name"),
        ("https://a!b.example/", "not a host name"),
        (f"https://{'a' * 64}.example/", "not a host name"),
        (f"https://{'a.' * 127}example/", "not a host name"),
        ("https://xn--zz--/", "internationalised"),
        ("https://☃.net/", "internationalised"),
        ("https://a\u200db.example/", "internationalised"),
        ("https://localhost/", "127.0.0.1 is refused: loopback"),
        ("https://api.localhost/", "127.0.0.1 is refused: loopback"),
        (
            "https://10.1.2.3/",
            "10.1.2.3 is refused: private use, 10.0.0.0/8 (RFC 1918). Allowed: public addresses, and",
        ),
        ("https://169.254.169.254/latest/", "metadata service"),
        ("https://１２７。0.0.①/", "127.0.0.1 is refused"),
        ("https://[::ffff:127.0.0.1]/", "IPv4-mapped"),
        ("https://[::FFFF:8.8.8.8]/", "IPv4-mapped"),
        ("https://[64:ff9b::127.0.0.1]/", "NAT64"),
        ("https://[fd00:ec2::254]/", "AWS"),
    ],
)
def test_refused_url_says_which_rule(url: str, words: str) -> None:
    with pytest.raises(RefusedTargetError) as raised:
        check_url(url, PUBLIC)

    assert words in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["ftp", "file", "ws"])
def test_what_is_allowed_in_place_of_a_scheme_is_what_this_deployment_allows(scheme: str) -> None:
    with pytest.raises(RefusedTargetError, match=rf"the scheme {scheme} is refused. Allowed: https or http$"):
        check_url(f"{scheme}://example.com/", LOCAL)


def test_an_api_of_ours_that_owns_one_port_leaves_the_others() -> None:
    policy = replace(LOCAL, own_hosts=own_hosts("http://127.0.0.1:3000"))
    with pytest.raises(RefusedTargetError, match=r"^127\.0\.0\.1:3000 is .* Allowed: other hosts and ports$"):
        check_url("http://127.0.0.1:3000/hook", policy)
    assert check_url("http://127.0.0.1:3001/hook", policy) == "http://127.0.0.1:3001/hook"


SPELLINGS = ["2130706433", "017700000001", "0x7f000001", "127.1", "127.0.1", "0x7f.1", "0177.0.0.1", "0x7F.0.0.0X1"]
SPELLINGS += ["127.0.0.01", "127.0.0.256", "1.2.3.4.5", "0", "0x", "8.8.2056", "example.0x10"]


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("policy", [PUBLIC, LOCAL], ids=["public", "local"])
def test_other_spellings_of_ipv4_addresses_are_refused_whatever_is_open(host: str, policy: TargetPolicy) -> None:
    with pytest.raises(RefusedTargetError, match="spelling of an IPv4 address"):
        check_url(f"https://{host}/", policy)


@pytest.mark.parametrize("row", REFUSED_NETWORKS, ids=lambda row: str(row.network))
def test_every_refused_network_is_refused_as_a_literal(row: RefusedNetwork) -> None:
    for address in (row.network[0], row.network[-1]):
        host = f"[{address}]" if address.version == 6 else str(address)
        with pytest.raises(RefusedTargetError, match="is refused"):
            check_url(f"https://{host}:8443/", PUBLIC)


@pytest.mark.parametrize("row", REFUSED_NETWORKS, ids=lambda row: str(row.network))
def test_allowed_private_networks_open_what_is_openable_and_no_more(row: RefusedNetwork) -> None:
    everything = TargetPolicy(allowed_private=(ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")))

    if row.openable:
        check_address(row.network[-1], everything)
    else:
        with pytest.raises(RefusedTargetError, match=r"Allowed: public addresses$"):
            check_address(row.network[0], everything)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4000/", "http://[::1]:4000/", "http://localhost:4000/", "https://127.9.9.9/"]
)
def test_local_run_reaches_its_own_machine(url: str) -> None:
    assert check_url(url, LOCAL) == url


def test_only_the_allowed_network_is_open() -> None:
    policy = TargetPolicy(allowed_private=(ipaddress.ip_network("10.1.0.0/16"),))

    assert check_url("https://10.1.255.255/", policy) == "https://10.1.255.255/"
    for host in ("10.0.255.255", "10.2.0.0", "192.168.0.1", "127.0.0.1"):
        with pytest.raises(RefusedTargetError, match="AllowedPrivateCidrs"):
            check_url(f"https://{host}/", policy)


def test_own_host_is_refused_on_every_port_unless_its_url_names_one() -> None:
    policy = TargetPolicy(
        allow_http=True,
        allowed_private=LOCAL.allowed_private,
        own_hosts=own_hosts("https://Hooks.example.com/", "", "http://127.0.0.1:3000"),
    )
    refused = ["https://hooks.example.com/v1", "https://HOOKS.example.com:444/", "http://127.0.0.1:3000/"]
    refused += ["http://localhost:3000/", "http://[::1]:3000/", "http://127.0.0.2:3000/"]

    for url in refused:
        with pytest.raises(RefusedTargetError, match="own API"):
            check_url(url, policy)
    for url in ("https://other.example.com/", "http://127.0.0.1:4000/", "http://localhost:4000/"):
        assert check_url(url, policy) == url


def test_url_length_counts_as_it_is_sent() -> None:
    fits = "https://example.com/" + "a" * (MAX_URL_CHARACTERS - 20)

    assert check_url(fits, PUBLIC) == fits
    for url in (fits + "a", "https://example.com/" + "ü" * 400):
        with pytest.raises(RefusedTargetError, match=r"too long.*2,048"):
            check_url(url, PUBLIC)


@pytest.mark.parametrize(
    ("scheme", "host"), [("http", "example.com"), ("https", "127.1"), ("https", "::1"), ("https", "own.example")]
)
def test_origin_is_refused_at_each_post(scheme: str, host: str) -> None:
    with pytest.raises(RefusedTargetError):
        check_origin(scheme, host, 443, TargetPolicy(own_hosts=frozenset({"own.example"})))


@given(st.text(max_size=60), st.text(max_size=60))
@example("127.0.0.1", "")
@example("[::1]", "/")
def test_what_is_accepted_is_its_own_normal_form_and_public(authority: str, rest: str) -> None:
    try:
        sent = check_url(f"https://{authority}{rest}", PUBLIC)
    except RefusedTargetError:
        return

    url = URL(sent, encoded=True)
    assert check_url(sent, PUBLIC) == sent
    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent
    assert url.raw_host is not None
    assert (url.user, url.password, url.raw_fragment) == (None, None, "")
    check_origin(url.scheme, url.raw_host, url.port or 0, PUBLIC)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_literal_is_accepted_exactly_when_its_address_is(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    host = f"[{address.exploded}]" if address.version == 6 else str(address)
    try:
        check_address(address, PUBLIC)
    except RefusedTargetError:
        with pytest.raises(RefusedTargetError):
            check_url(f"https://{host}:{port}/", PUBLIC)
    else:
        assert check_url(f"https://{host}:{port}/", PUBLIC)
