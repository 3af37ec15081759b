"""The list has every range, and each of its addresses meets it, also where an IPv6 address hides an IPv4 one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.networks import METADATA_SERVICES, REFUSED_NETWORKS, RefusedNetwork, refused_network

# The blocks of the IANA registries, as published: written a second time, so that a lost row is seen.
IANA_IPV4 = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
]
IANA_IPV6 = [
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
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


@pytest.mark.parametrize("cidr", IANA_IPV4 + IANA_IPV6 + OTHERS)
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
