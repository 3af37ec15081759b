"""The `Authorization` header: where the token stands in it, and who the caller says to be."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HEADER = "authorization"


class CredentialsError(Exception):
    """Raised when the request carries no token that could be looked at; `reason` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, and with HTTP Basic the account that it was sent for."""

    token: str
    account_sid: str | None


def read(event: Mapping[str, Any]) -> Credentials:
    """The credentials of an authorizer event (payload format 2.0, REQUEST).

    The gateway caches the answer under `identitySource`, so that is what is judged; a header that differs from it is
    not looked at twice but refused. A header sent twice arrives joined by a comma, which neither scheme contains.

    Raises:
        CredentialsError: Saying why.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    given = {*(event.get("identitySource") or ()), *(value for name, value in headers.items() if name == HEADER)}
    if not given:
        raise CredentialsError("no_header")
    if len(given) > 1 or "," in (value := given.pop()):
        raise CredentialsError("more_than_one_header")
    scheme, _, rest = value.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return Credentials(rest.strip(), None)
        case "basic":
            return _basic(rest.strip())
        case _:
            raise CredentialsError("unknown_scheme")


def _basic(encoded: str) -> Credentials:
    try:
        user, colon, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise CredentialsError("not_basic") from error
    if not colon:
        raise CredentialsError("not_basic")
    return Credentials(token, user)
