"""Whether a callback may go to a URL, and to the address that its host turned out to have. Pure: no look-up here.

Used twice with the same policy: when a webhook is created or changed (`check_url`), and by the dispatcher for each
post (`check_origin`) and for each address that it is about to dial (`check_address`). What was checked is what is
dialled (invariant 5), so a name that changes its answer after creation gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from parley.networks import Address, Network, refused_network

MAX_URL_CHARACTERS = 2048

_AUTHORITY = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]*)(?::(?P<port>.*))?", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff\ud800-\udfff]")
# What inet_aton(3) takes for a number in the last part of a host: 1, 0x7f, 017700000001, and so the whole for IPv4.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
# Underscores are not LDH, but receivers in private zones have them; DNS carries them.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_HOST_CHARACTERS = 253
_MAX_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ipaddress.IPv4Address("127.0.0.1")

_PUBLIC_ADDRESSES = "public addresses"
_PUBLIC_OR_OPENED = "public addresses, and the networks that this deployment opens with AllowedPrivateCidrs"
_PLAIN_HOSTS = "a host name such as example.com, an IPv4 address such as 192.0.2.1, an IPv6 address in brackets"


class RefusedTargetError(Exception):
    """Raised when a URL or an address must not be called.

    Attributes:
        problem: Which rule refused it; quotes the host, never path, query or userinfo, which may be secrets.
        allowed: What would be accepted.
    """

    def __init__(self, problem: str, allowed: str) -> None:
        super().__init__(f"{problem}. Allowed: {allowed}")
        self.problem = problem
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """What this deployment allows.

    Attributes:
        allow_http: Whether http is allowed beside https.
        allowed_private: Networks in which receivers of the team run.
        own_hosts: Hosts of this deployment's own API, `host` (every port) or `host:port`; see `own_hosts`.
    """

    allow_http: bool = False
    allowed_private: tuple[Network, ...] = ()
    own_hosts: frozenset[str] = frozenset()


def own_hosts(*urls: str) -> frozenset[str]:
    """`TargetPolicy.own_hosts` for the deployment's own URLs; empty ones are skipped.

    A URL that names its port owns that port alone: beside `parley up`, other ports are other people's receivers.
    """
    parts = (urlsplit(url) for url in urls if url)
    return frozenset(f"{part.hostname}:{part.port}" if part.port else f"{part.hostname}" for part in parts)


def check_url(url: str, policy: TargetPolicy) -> str:
    """The URL exactly as it will be sent, which is how it is kept, shown and signed.

    The form is yarl's, which aiohttp sends: host in lower case and IDNA, default port dropped, dot segments
    resolved, characters that must be escaped escaped, needless escapes undone. It is its own normal form.

    Raises:
        RefusedTargetError: Says the rule and what is allowed.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise RefusedTargetError("the URL is too long", f"at most {MAX_URL_CHARACTERS:,} characters")
    if found := _NOT_IN_A_URL.search(url):
        raise RefusedTargetError(
            f"the URL has the character U+{ord(found.group()):04X} at position {found.start() + 1}",
            "no control characters, spaces and backslashes (percent-encode them)",
        )
    scheme, host, port, rest = _taken_apart(url, policy)
    check_origin(scheme, host, port, policy)
    if host == "localhost" or host.endswith(".localhost"):
        check_address(_LOOPBACK, policy, port=port)

    # 14 ms of import that only the requests which set a URL pay (cold start budget, design section 7).
    from yarl import URL  # noqa: PLC0415

    bracketed = f"[{host}]" if ":" in host else host
    try:
        normal = str(URL(f"{scheme}://{bracketed}:{port}{rest}"))
    except ValueError:
        raise RefusedTargetError("the URL cannot be parsed", "an absolute URL in valid Unicode") from None
    if len(normal) > MAX_URL_CHARACTERS:
        raise RefusedTargetError(
            f"the URL is too long: {len(normal):,} characters once it is percent-encoded",
            f"at most {MAX_URL_CHARACTERS:,}",
        )
    return normal


def check_origin(scheme: str, host: str, port: int, policy: TargetPolicy) -> None:
    """Refuse a scheme, a host of our own, a literal address or a spelling of one; names are judged when they resolve.

    Args:
        scheme: In lower case.
        host: In lower case and IDNA, an IPv6 address without brackets.
        port: The port that will be dialled.
        policy: What is allowed.

    Raises:
        RefusedTargetError: Says the rule and what is allowed.
    """
    _check_scheme(scheme, policy)
    for own, allowed in ((host, "other hosts"), (f"{host}:{port}", "other hosts and ports")):
        if own in policy.own_hosts:
            raise RefusedTargetError(f"{own} is this deployment's own API: events would go round for ever", allowed)
    if (address := literal_address(host)) is not None:
        check_address(address, policy, port=port)


def check_address(address: Address, policy: TargetPolicy, *, port: int | None = None) -> None:
    """Refuse an address, for a literal host or for what a name resolved to.

    Args:
        address: What would be dialled.
        policy: What is allowed.
        port: The port that would be dialled, to know our own API by any of the loopback's names.

    Raises:
        RefusedTargetError: Says the network that refuses it and what is allowed.
    """
    row = refused_network(address)
    if row is not None:
        if not row.openable:
            raise RefusedTargetError(f"the address {address} is refused: {row.name} ({row.source})", _PUBLIC_ADDRESSES)
        if not any(address in network for network in policy.allowed_private):
            raise RefusedTargetError(
                f"the address {address} is refused: {row.name}, {row.network} ({row.source})", _PUBLIC_OR_OPENED
            )
    if address.is_loopback and any(_is_own_loopback(entry, port) for entry in policy.own_hosts):
        raise RefusedTargetError(f"{address}:{port} is this deployment's own API", "other ports")


def literal_address(host: str) -> Address | None:
    """The address that a host is written as; None for a name.

    Raises:
        RefusedTargetError: The host would be taken for an address by some resolvers, and is not written as one.
    """
    if ":" in host:
        return _ipv6_address(host)
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return None
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        raise RefusedTargetError(
            f"the host {host} is a decimal, octal, hexadecimal or short spelling of an IPv4 address",
            "four decimal numbers without leading zeros, such as 192.0.2.1",
        ) from None


def _check_scheme(scheme: str, policy: TargetPolicy) -> None:
    if scheme != "https" and not (scheme == "http" and policy.allow_http):
        allowed = "https or http" if policy.allow_http else "https (http with AllowHttpTargets)"
        raise RefusedTargetError(f"the scheme {scheme} is refused", allowed)


def _taken_apart(url: str, policy: TargetPolicy) -> tuple[str, str, int, str]:
    """Scheme, host in ASCII without brackets, port, and the rest as it came (at least `/`, which is what is sent)."""
    parts = _AUTHORITY.fullmatch(url)
    if parts is None:
        raise RefusedTargetError("the URL is not absolute", "https://host/path")
    scheme, authority, rest = parts["scheme"].lower(), parts["authority"], parts["rest"]
    _check_scheme(scheme, policy)
    if "@" in authority:
        raise RefusedTargetError(
            "the URL has a user name or password, which every answer would show", "credentials in Headers"
        )
    if "#" in rest:
        raise RefusedTargetError("the URL has a fragment (#), which is never sent", "a URL without it, or %23")
    named = _HOST_AND_PORT.fullmatch(authority)
    if named is None:
        raise RefusedTargetError("the host cannot be parsed", _PLAIN_HOSTS)
    return scheme, _ascii_host(named["host"]), _port(named["port"], scheme), rest or "/"


def _port(text: str | None, scheme: str) -> int:
    if not text:
        return _DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= _MAX_PORT:
        raise RefusedTargetError("the port is not one", "1 to 65535")
    return int(text)


def _ascii_host(text: str) -> str:
    if not text or text == "[]":
        raise RefusedTargetError("the URL has no host", _PLAIN_HOSTS)
    if "%" in text:
        # An IPv6 zone names an interface of the sender; a percent-encoded host means different things to parsers.
        raise RefusedTargetError("the host has a zone or an escape (%)", _PLAIN_HOSTS)
    if text.startswith("["):
        return str(_ipv6_address(text[1:-1]))
    host = text.lower()
    if not host.isascii() or "xn--" in host:
        host = _idna(text)
    if len(host) > _MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise RefusedTargetError(f"the host {host[:_MAX_HOST_CHARACTERS]} is not a host name", _PLAIN_HOSTS)
    return host


def _ipv6_address(text: str) -> ipaddress.IPv6Address:
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        raise RefusedTargetError(f"the host [{text}] is not an IPv6 address", _PLAIN_HOSTS) from None


def _idna(text: str) -> str:
    """IDNA 2008 after the mapping of UTS 46, which makes ASCII of full-width digits and dots: that is judged next."""
    import idna  # noqa: PLC0415 - with its tables only for the few URLs that need it

    try:
        host = idna.encode(text, uts46=True).decode("ascii")
        idna.decode(host)  # labels that arrive as xn-- must be what encoding makes
    except UnicodeError as error:
        raise RefusedTargetError(f"the host is not an internationalised name: {error}", _PLAIN_HOSTS) from None
    return host.lower()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_own_loopback(entry: str, port: int | None) -> bool:
    host, _, own_port = entry.rpartition(":")
    return own_port == str(port) and _is_loopback(host)
