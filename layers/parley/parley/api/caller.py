"""Who calls, as the authorizer found out, and what the caller may do on a route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.errors import ForbiddenError, UnauthorizedError
from parley.sids import ACCOUNT, is_sid

READ = "read"
WRITE = "write"
EMIT = "emit"
REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose token was verified."""

    account_sid: str
    scopes: frozenset[str]


def identify(context: Mapping[str, object], *, now_seconds: float) -> Caller:
    """Read the authorizer's context.

    The gateway caches the authorizer's answer, so the token may have expired since.

    Raises:
        UnauthorizedError: There is no context, or the token has expired.
    """
    account, expires = context.get("account"), context.get("expires")
    if not isinstance(account, str) or not is_sid(account, ACCOUNT) or not isinstance(expires, str):
        raise UnauthorizedError("Authenticate: a token of this deployment is needed")
    if not expires.isascii() or not expires.isdigit() or int(expires) <= now_seconds:
        raise UnauthorizedError("Authenticate: the token has expired")
    return Caller(account, frozenset(str(context.get("scopes", "")).split()))


def require(caller: Caller, scope: str) -> None:
    """Refuse a token that does not hold the scope that the route needs.

    Raises:
        ForbiddenError: Naming the scope.
    """
    if scope not in caller.scopes:
        raise ForbiddenError(f"The token lacks the scope {scope!r} that this request needs")
