"""Which deployment a command speaks to, and with which token: options, environment, or the run of `parley up` here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import argparse

URL_VARIABLE = "PARLEY_URL"
TOKEN_VARIABLE = "PARLEY_TOKEN"  # noqa: S105 — the variable's name
LOCAL_URL = "url"
LOCAL_TOKEN = "token"  # noqa: S105 — the file's name

_VERSION = "/v1"
_PRINTABLE = re.compile(r"[!-~]+")


class NoConnectionError(Exception):
    """Raised when no usable address or token was given; says how to give one, and never quotes a token."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A deployment's address, without a slash at its end, and a management token for it."""

    url: str
    token: str = field(repr=False)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Put `--api-url` and `--token` on a command."""
    group = parser.add_argument_group("which deployment (default: the run of `parley up` in this folder)")
    group.add_argument("--api-url", metavar="URL", help=f"its address; else {URL_VARIABLE}, else .parley/url")
    group.add_argument(
        "--token",
        help=f"a management token; better {TOKEN_VARIABLE}, which no shell history keeps; else .parley/token",
    )


def add_stack_options(group: argparse._ArgumentGroup) -> None:
    """Put `--stack-name`, `--region` and `--profile` on a command that asks AWS itself."""
    group.add_argument("--stack-name", metavar="NAME", help="a deployment in AWS, by its CloudFormation stack")
    group.add_argument("--region", help="its region (default: AWS's own settings)")
    group.add_argument("--profile", help="the AWS profile to use (default: AWS's own settings)")


def find(
    api_url: str | None, token: str | None, environ: Mapping[str, str], state_dir: Path = Path(".parley")
) -> Connection:
    """The address and the token: an option, else the environment, else what a run in this folder has left.

    A run's token is for that run alone: it is not sent to an address that was given.

    Raises:
        NoConnectionError: There is none, or it cannot be used.
    """
    local_url = _left(state_dir / LOCAL_URL)
    url = (api_url or environ.get(URL_VARIABLE) or local_url).rstrip("/")
    if not url:
        raise NoConnectionError(f"which deployment? --api-url or {URL_VARIABLE}, or `parley up` in this folder")
    _check_url(url)
    given = token or environ.get(TOKEN_VARIABLE) or (_left(state_dir / LOCAL_TOKEN) if url == local_url else "")
    if not given:
        raise NoConnectionError(f"no token for {url}: --token or {TOKEN_VARIABLE} (`parley token` makes one)")
    if not _PRINTABLE.fullmatch(given.strip()):
        raise NoConnectionError("the token has white space or other characters that no token has")
    return Connection(url, given.strip())


def is_local(url: str, state_dir: Path = Path(".parley")) -> bool:
    """Whether the address is that of the run of `parley up` in this folder."""
    return url == _left(state_dir / LOCAL_URL)


def _left(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def _check_url(url: str) -> None:
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise NoConnectionError("the address has a user name or password; a deployment takes a token alone")
    if not _is_address(url):
        raise NoConnectionError(f"{url!r} is no address of a deployment, such as https://hooks.example.com")
    if url.endswith(_VERSION):
        address = url.removesuffix(_VERSION)
        raise NoConnectionError(f"give the address without {_VERSION}, which the commands add: {address}")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        reachable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets, or a port out of range
        return False
    return reachable and not parts.query and not parts.fragment and _PRINTABLE.fullmatch(url) is not None
