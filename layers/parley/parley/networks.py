"""The networks that no callback may reach: an explicit list, and which row of it an address meets.

Explicit, because `ipaddress.is_global` calls NAT64, 6to4, IPv4-compatible, SIIT, ISATAP, site-local and multicast
addresses global on Python versions that this runs on, and its answers change between versions. Sources: the IANA IPv4
and IPv6 Special-Purpose Address Registries as of 2025-10-09 (every row is here by itself, also where a wider row covers
it, and also the globally reachable ones: anycast services of the network itself, no team's receivers), the RFCs that
define addresses which carry an IPv4 address inside, and the metadata services of the clouds.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class RefusedNetwork:
    """One row.

    Attributes:
        network: What is refused.
        name: What it is for, as people are told.
        source: Where it is defined.
        openable: Whether `AllowedPrivateCidrs` may open it: a network in which a team can run a receiver. Metadata
            services, addresses that hide an IPv4 address, multicast and reserved space never are.
    """

    network: Network
    name: str
    source: str
    openable: bool = False


def _row(cidr: str, name: str, source: str, *, openable: bool = False) -> RefusedNetwork:
    return RefusedNetwork(ipaddress.ip_network(cidr), name, source, openable)


IPV4_REGISTRY = (
    _row("0.0.0.0/8", "this network", "RFC 791"),
    _row("0.0.0.0/32", "this host on this network", "RFC 1122"),
    _row("10.0.0.0/8", "private use", "RFC 1918", openable=True),
    _row("100.64.0.0/10", "shared address space", "RFC 6598", openable=True),
    _row("127.0.0.0/8", "loopback", "RFC 1122", openable=True),
    _row("169.254.0.0/16", "link local, where clouds serve credentials", "RFC 3927"),
    _row("172.16.0.0/12", "private use", "RFC 1918", openable=True),
    _row("192.0.0.0/24", "IETF protocol assignments", "RFC 6890"),
    _row("192.0.0.0/29", "IPv4 service continuity", "RFC 7335"),
    _row("192.0.0.8/32", "IPv4 dummy address", "RFC 7600"),
    _row("192.0.0.9/32", "port control protocol anycast", "RFC 7723"),
    _row("192.0.0.10/32", "traversal using relays around NAT anycast", "RFC 8155"),
    _row("192.0.0.170/32", "NAT64/DNS64 discovery", "RFC 8880"),
    _row("192.0.0.171/32", "NAT64/DNS64 discovery", "RFC 8880"),
    _row("192.0.2.0/24", "documentation", "RFC 5737"),
    _row("192.31.196.0/24", "AS112", "RFC 7535"),
    _row("192.52.193.0/24", "automatic multicast tunneling", "RFC 7450"),
    _row("192.88.99.0/24", "deprecated 6to4 relay anycast", "RFC 7526"),
    _row("192.88.99.2/32", "6a44 relay anycast", "RFC 6751"),
    _row("192.168.0.0/16", "private use", "RFC 1918", openable=True),
    _row("192.175.48.0/24", "direct delegation AS112", "RFC 7534"),
    _row("198.18.0.0/15", "benchmarking", "RFC 2544", openable=True),
    _row("198.51.100.0/24", "documentation", "RFC 5737"),
    _row("203.0.113.0/24", "documentation", "RFC 5737"),
    _row("240.0.0.0/4", "reserved", "RFC 1112"),
    _row("255.255.255.255/32", "limited broadcast", "RFC 919"),
)

IPV6_REGISTRY = (
    _row("::1/128", "loopback", "RFC 4291", openable=True),
    _row("::/128", "unspecified", "RFC 4291"),
    _row("::ffff:0:0/96", "IPv4-mapped", "RFC 4291"),
    _row("64:ff9b::/96", "NAT64", "RFC 6052"),
    _row("64:ff9b:1::/48", "NAT64 for local use", "RFC 8215"),
    _row("100::/64", "discard only", "RFC 6666"),
    _row("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
    _row("2001::/23", "IETF protocol assignments", "RFC 2928"),
    _row("2001::/32", "Teredo", "RFC 4380"),
    _row("2001:1::1/128", "port control protocol anycast", "RFC 7723"),
    _row("2001:1::2/128", "traversal using relays around NAT anycast", "RFC 8155"),
    _row("2001:1::3/128", "DNS-SD service registration anycast", "RFC 9665"),
    _row("2001:2::/48", "benchmarking", "RFC 5180"),
    _row("2001:3::/32", "automatic multicast tunneling", "RFC 7450"),
    _row("2001:4:112::/48", "AS112", "RFC 7535"),
    _row("2001:10::/28", "deprecated ORCHID", "RFC 4843"),
    _row("2001:20::/28", "ORCHIDv2", "RFC 7343"),
    _row("2001:30::/28", "drone remote identification", "RFC 9374"),
    _row("2001:db8::/32", "documentation", "RFC 3849"),
    _row("2002::/16", "6to4", "RFC 3056"),
    _row("2620:4f:8000::/48", "direct delegation AS112", "RFC 7534"),
    _row("3fff::/20", "documentation", "RFC 9637"),
    _row("5f00::/16", "segment routing identifiers", "RFC 9602"),
    _row("fc00::/7", "unique local", "RFC 4193", openable=True),
    _row("fe80::/10", "link local", "RFC 4291"),
)

BEYOND_THE_REGISTRIES = (
    _row("224.0.0.0/4", "multicast", "RFC 5771"),
    _row("::/96", "IPv4-compatible", "RFC 4291"),
    _row("::ffff:0:0:0/96", "IPv4-translated (SIIT)", "RFC 2765"),
    _row("fec0::/10", "deprecated site local", "RFC 3879"),
    _row("ff00::/8", "multicast", "RFC 4291"),
    # Only 2000::/3 is handed out as global unicast: what lies outside is refused before anybody gives it a meaning.
    _row("::/3", "outside global unicast", "RFC 4291"),
    _row("4000::/2", "outside global unicast", "RFC 4291"),
    _row("8000::/1", "outside global unicast", "RFC 4291"),
)

METADATA_SERVICES = (
    _row("169.254.169.254/32", "metadata service of AWS, Azure, Google Cloud and others", "cloud metadata"),
    _row("169.254.170.2/32", "credentials of AWS containers", "cloud metadata"),
    _row("169.254.170.23/32", "credentials of AWS pods", "cloud metadata"),
    _row("169.254.42.42/32", "metadata service of Scaleway", "cloud metadata"),
    _row("168.63.129.16/32", "wire server of Azure", "cloud metadata"),
    _row("100.100.100.200/32", "metadata service of Alibaba Cloud", "cloud metadata"),
    _row("192.0.0.192/32", "metadata service of Oracle Cloud", "cloud metadata"),
    # AWS's own unique-local block: metadata (::254), pod credentials (::23), DNS (::253), time (::123).
    _row("fd00:ec2::/32", "local services of AWS, metadata among them", "cloud metadata"),
    _row("fd20:ce::254/128", "metadata service of Google Cloud", "cloud metadata"),
    _row("fd00:c1::a9fe:a9fe/128", "metadata service of Oracle Cloud", "cloud metadata"),
    _row("fd00:42::42/128", "metadata service of Scaleway", "cloud metadata"),
)

REFUSED_NETWORKS = IPV4_REGISTRY + IPV6_REGISTRY + BEYOND_THE_REGISTRIES + METADATA_SERVICES

# The narrowest row speaks for an address: ::1 may be opened although ::/96 may not, fd00:ec2::254 may not although
# fc00::/7 may.
_NARROWEST_FIRST = tuple(sorted(REFUSED_NETWORKS, key=lambda row: row.network.prefixlen, reverse=True))

# ISATAP (RFC 5214) hides an IPv4 address in the interface identifier, so it can stand under any prefix at all:
# 00-00-5E-FE, or 02-00-5E-FE when the IPv4 address is globally unique; the group bit is as little looked at.
_ISATAP = _row("::/0", "ISATAP", "RFC 5214")
_ISATAP_IDENTIFIER = 0x0000_5EFE
_ISATAP_FREE_BITS = 0x0300_0000


def refused_network(address: Address) -> RefusedNetwork | None:
    """The row that refuses this address; None for a public one."""
    if address.version == 6:  # noqa: PLR2004 - the protocol's number
        identifier = (int(address) >> 32) & 0xFFFF_FFFF
        if identifier & ~_ISATAP_FREE_BITS == _ISATAP_IDENTIFIER:
            return _ISATAP
    for row in _NARROWEST_FIRST:
        if address in row.network:
            return row
    return None
