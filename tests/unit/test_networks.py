"""The list has every range, and each of its addresses meets it, also where an IPv6 address hides an IPv4 one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.networks import (
    IPV4_REGISTRY,
    IPV6_REGISTRY,
    METADATA_SERVICES,
    REFUSED_NETWORKS,
    RefusedNetwork,
    refused_network,
)

# The IANA IPv4 and IPv6 Special-Purpose Address Registries, both as updated on 2025-10-09: block, RFC, and "Globally
# Reachable" (None where the registry says N/A or nothing). Written a second time, so that a lost row is seen.
REGISTRY: list[tuple[str, str, bool | None]] = [
    ("0.0.0.0/8", "RFC 791", False),
    ("0.0.0.0/32", "RFC 1122", False),
    ("10.0.0.0/8", "RFC 1918", False),
    ("100.64.0.0/10", "RFC 6598", False),
    ("127.0.0.0/8", "RFC 1122", False),
    ("169.254.0.0/16", "RFC 3927", False),
    ("172.16.0.0/12", "RFC 1918", False),
    ("192.0.0.0/24", "RFC 6890", False),
    ("192.0.0.0/29", "RFC 7335", False),
    ("192.0.0.8/32", "RFC 7600", False),
    ("192.0.0.9/32", "RFC 7723", True),
    ("192.0.0.10/32", "RFC 8155", True),
    ("192.0.0.170/32", "RFC 8880", False),
    ("192.0.0.171/32", "RFC 8880", False),
    ("192.0.2.0/24", "RFC 5737", False),
    ("192.31.196.0/24", "RFC 7535", True),
    ("192.52.193.0/24", "RFC 7450", True),
    ("192.88.99.0/24", "RFC 7526", None),
    ("192.88.99.2/32", "RFC 6751", False),
    ("192.168.0.0/16", "RFC 1918", False),
    ("192.175.48.0/24", "RFC 7534", True),
    ("198.18.0.0/15", "RFC 2544", False),
    ("198.51.100.0/24", "RFC 5737", False),
    ("203.0.113.0/24", "RFC 5737", False),
    ("240.0.0.0/4", "RFC 1112", False),
    ("255.255.255.255/32", "RFC 919", False),
    ("::1/128", "RFC 4291", False),
    ("::/128", "RFC 4291", False),
    ("::ffff:0:0/96", "RFC 4291", False),
    ("64:ff9b::/96", "RFC 6052", True),
    ("64:ff9b:1::/48", "RFC 8215", False),
    ("100::/64", "RFC 6666", False),
    ("100:0:0:1::/64", "RFC 9780", False),
    ("2001::/23", "RFC 2928", False),
    ("2001::/32", "RFC 4380", None),
    ("2001:1::1/128", "RFC 7723", True),
    ("2001:1::2/128", "RFC 8155", True),
    ("2001:1::3/128", "RFC 9665", True),
    ("2001:2::/48", "RFC 5180", False),
    ("2001:3::/32", "RFC 7450", True),
    ("2001:4:112::/48", "RFC 7535", True),
    ("2001:10::/28", "RFC 4843", None),
    ("2001:20::/28", "RFC 7343", True),
    ("2001:30::/28", "RFC 9374", True),
    ("2001:db8::/32", "RFC 3849", False),
    ("2002::/16", "RFC 3056", None),
    ("2620:4f:8000::/48", "RFC 7534", True),
    ("3fff::/20", "RFC 9637", False),
    ("5f00::/16", "RFC 9602", False),
    ("fc00::/7", "RFC 4193", False),
    ("fe80::/10", "RFC 4291", False),
]
OTHERS = ["224.0.0.0/4", "ff00::/8", "fec0::/10", "::/96", "::ffff:0:0:0/96"]
# `ipaddress.is_global` says True for each of these on a Python that this runs on.
CALLED_GLOBAL = [
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::1",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "::5efe:7f00:1",
    "fec0::1",
    "224.0.0.1",
    "ff0e::1",
    "192.88.99.1",
    "192.0.0.8",
    "3fff::1",
    "5f00::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "168.63.129.15",
    "2001:200::",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::",
    "2003::",
    "2606:4700::1111",
    "2a00::",
    "3fff:1000::",
    "3ffe:ffff::1",
]


def test_the_list_is_the_registries_row_by_row_with_the_rfc_of_each() -> None:
    assert {(str(row.network), row.source) for row in IPV4_REGISTRY + IPV6_REGISTRY} == {
        (block, rfc) for block, rfc, _ in REGISTRY
    }


@pytest.mark.parametrize("block", [block for block, _, reachable in REGISTRY if reachable])
def test_what_is_globally_reachable_there_is_refused_too_and_nobody_may_open_it(block: str) -> None:
    """Anycast services of the network itself, translators and identifiers: no team's receiver stands there."""
    network = ipaddress.ip_network(block)

    for address in (network[0], network[-1]):
        row = refused_network(address)
        assert row is not None
        assert not row.openable


@pytest.mark.parametrize("cidr", [*(block for block, _, _ in REGISTRY), *OTHERS])
def test_every_range_has_a_row_and_refuses_both_its_ends(cidr: str) -> None:
    network = ipaddress.ip_network(cidr)

    assert network in [row.network for row in REFUSED_NETWORKS]
    assert refused_network(network[0]) is not None
    assert refused_network(network[-1]) is not None


@pytest.mark.parametrize("address", CALLED_GLOBAL)
def test_what_python_calls_global_is_refused(address: str) -> None:
    assert refused_network(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_neighbours_of_refused_ranges_are_public(address: str) -> None:
    assert refused_network(ipaddress.ip_address(address)) is None


@pytest.mark.parametrize("row", METADATA_SERVICES, ids=lambda row: str(row.network))
def test_metadata_services_are_never_openable_inside_networks_that_are(row: RefusedNetwork) -> None:
    met = refused_network(row.network[0])

    assert met is not None
    assert not met.openable


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_no_ipv4_address_hides_in_an_ipv6_one(ipv4: int, prefix: int) -> None:
    hidden = [
        0xFFFF << 32 | ipv4,  # mapped
        0xFFFF << 48 | ipv4,  # SIIT
        0x0064_FF9B << 96 | ipv4,  # NAT64
        0x0064_FF9B_0001 << 80 | ipv4,  # NAT64 for local use
        0x2002 << 112 | ipv4 << 80 | prefix,  # 6to4
        0x2001_0000 << 96 | prefix & ~0xFFFF_FFFF | ipv4 ^ 0xFFFF_FFFF,  # Teredo
        prefix << 64 | 0x0000_5EFE << 32 | ipv4,  # ISATAP
        prefix << 64 | 0x0200_5EFE << 32 | ipv4,
    ]
    if ipv4 != 1:  # ::1 is the loopback, which may be opened
        hidden.append(ipv4)  # compatible

    for number in hidden:
        row = refused_network(ipaddress.IPv6Address(number))
        assert row is not None
        assert not row.openable


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_only_global_unicast_is_public(address: ipaddress.IPv6Address) -> None:
    if refused_network(address) is None:
        assert address in ipaddress.ip_network("2000::/3")
