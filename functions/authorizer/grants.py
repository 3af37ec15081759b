"""From the claims of a verified token to what the functions are told of its bearer."""

from __future__ import annotations

import hashlib
import re

from parley.sids import ACCOUNT, is_sid
from parley.tokens import ClaimError, Claims

SCOPES = ("read", "write", "emit", "replay")
_LOGGABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def grant(claims: Claims, *, token: str, claimed_account: str | None) -> dict[str, str]:
    """The authorizer's context: texts only, for an HTTP API hands other values on in ways of its own.

    Route and expiry are decided in the functions, which know the route, so that one cached answer grants no other
    route and does not outlive its token.

    Args:
        claims: Of a verified token; `exp` is among them.
        token: Its text, for an identifier where it names none.
        claimed_account: HTTP Basic's user name.

    Raises:
        ClaimError: When it names no account or no scope, or another account than HTTP Basic's user name.
    """
    account = claims.get("account")
    if not isinstance(account, str) or not is_sid(account, ACCOUNT):
        raise ClaimError("no_account")
    if claimed_account is not None and claimed_account != account:
        raise ClaimError("other_account")
    given = claims.get("scope")
    named = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
    scopes = [scope for scope in SCOPES if scope in named]
    if not scopes:
        raise ClaimError("no_scope")
    return {
        "account": account,
        "scopes": " ".join(scopes),
        "expires": str(int(claims["exp"])),
        "token_id": _token_id(claims, token),
    }


def _token_id(claims: Claims, token: str) -> str:
    """Names the token in logs: its `jti` where that can be logged, else a digest."""
    given = claims.get("jti")
    if isinstance(given, str) and _LOGGABLE_ID.fullmatch(given):
        return given
    return hashlib.sha256(token.encode()).hexdigest()[:16]
