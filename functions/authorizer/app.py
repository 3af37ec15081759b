"""The authorizer: verifies the caller's token and tells the functions account, scopes and expiry.

It runs before every first call of a container's clients, so it imports no AWS SDK, no models and no resolver.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from functions.authorizer import credentials
from functions.authorizer.grants import grant
from parley import telemetry
from parley.settings import AuthorizerSettings
from parley.tokens import KeySetError, TokenError, UnknownKeyError, VerifyingKey, parse_jwks, verify_asymmetric

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.authorizer.issuer import IssuerKeys

Answer = dict[str, Any]
Handler = Callable[[Mapping[str, Any]], Answer]

logger = telemetry.logger()


def build(
    settings: AuthorizerSettings,
    *,
    issuer_keys: IssuerKeys | None = None,
    clock: Callable[[], float] = time.time,
) -> Handler:
    """The authorizer of one deployment.

    Args:
        settings: Its key set, and its issuer with the audience.
        issuer_keys: The issuer's keys; by default those of the settings' issuer.
        clock: Unix time in seconds.
    """
    pinned = _pinned(settings.jwks)
    issuer = settings.issuer or None
    audience = settings.audience or None
    issued = issuer_keys or (_keys_of(issuer) if issuer else None)

    def verify(token: str, now_seconds: float) -> Mapping[str, Any]:
        if issuer and not audience:
            # With a shared issuer any of its users would be an administrator here (engine.md 4).
            raise UnknownKeyError("issuer_without_audience")

        def by(keys: Mapping[str, VerifyingKey]) -> Mapping[str, Any]:
            return verify_asymmetric(token, keys, audience=audience, issuer=issuer, now_seconds=now_seconds)

        if issued is None:
            return by(pinned)
        try:
            # The pinned keys win: they are the way in while the issuer is away.
            return by({**issued.current(now_seconds), **pinned})
        except UnknownKeyError:
            return by(issued.renewed(now_seconds))

    def authorize(event: Mapping[str, Any]) -> Answer:
        try:
            given = credentials.read(event)
            claims = verify(given.token, clock())
            context = grant(claims, token=given.token, claimed_account=given.account_sid)
        except (credentials.CredentialsError, TokenError) as error:
            return _denied(error.reason, event, issued)
        return {"isAuthorized": True, "context": context}

    return authorize


def _pinned(jwks: str) -> Mapping[str, VerifyingKey]:
    """The deployment's own keys; without any, or with a broken set, nobody is let in by them."""
    if not jwks:
        return {}
    try:
        return parse_jwks(jwks)
    except KeySetError as error:
        logger.warning("The Jwks parameter cannot be read", extra={"reason": str(error)})
        return {}


def _keys_of(issuer: str) -> IssuerKeys:
    from functions.authorizer.issuer import IssuerKeys  # noqa: PLC0415 — an HTTP client, for those who have an issuer

    return IssuerKeys(issuer)


def _denied(reason: str, event: Mapping[str, Any], issued: IssuerKeys | None) -> Answer:
    """The gateway answers 403 to the caller; why stands here alone, and never with the token (invariant 4)."""
    telemetry.tell(
        "denied",
        {"AuthorizationDenied": 1},
        reason=reason,
        route=event.get("routeKey"),
        issuer_error=issued.last_error if issued else None,
    )
    return {"isAuthorized": False, "context": {}}


@functools.cache
def _deployed() -> Handler:
    return build(AuthorizerSettings.from_environment(os.environ))


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Answer:  # noqa: ARG001 — Lambda's signature
    """Answer API Gateway's question in the simple response format."""
    telemetry.begin(event["requestContext"]["requestId"])
    return _deployed()(event)
