"""Which address and port this run listens on, and how others name it."""

from __future__ import annotations

import errno
import ipaddress
import socket

FIRST_PORT = 3000
_TRIED_PORTS = 100
_BACKLOG = 256


class PortTakenError(Exception):
    """The port that was asked for cannot be had; its text says why."""


def listen(address: str, port: int | None) -> socket.socket:
    """A listening socket.

    Args:
        address: The address to bind.
        port: That port; 0 any free one; None 3000 or the next free one.

    Raises:
        PortTakenError: There is none.
    """
    if port is not None:
        try:
            return _listen(address, port)
        except OSError as error:
            raise PortTakenError(f"cannot listen on {address} port {port}: {error.strerror or error}") from error
    for candidate in range(FIRST_PORT, FIRST_PORT + _TRIED_PORTS):
        try:
            return _listen(address, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortTakenError(f"cannot listen on {address}: {error.strerror or error}") from error
    raise PortTakenError(f"no port from {FIRST_PORT} to {FIRST_PORT + _TRIED_PORTS - 1} is free on {address}")


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def url(listening: socket.socket) -> str:
    """How this machine reaches a listening socket; one that listens everywhere is reached on the loopback."""
    address, port = listening.getsockname()[:2]
    host = ipaddress.ip_address(address)
    if host.is_unspecified:
        host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")  # noqa: PLR2004 (IPv4)
    return f"http://[{host}]:{port}" if host.version == 6 else f"http://{host}:{port}"  # noqa: PLR2004 (IPv6)
