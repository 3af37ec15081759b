"""What a platform is to Parley: the interface that each folder beside this file fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.errors import ForbiddenError, UnauthorizedError
from parley.event import ACCEPTED, UNRECOGNISED
from parley.vocabulary import UNRECOGNISED_TYPE

if TYPE_CHECKING:
    from parley.event import Event
    from parley.http import Request
    from parley.matching import Names
    from parley.source import Source
    from parley.webhook import Webhook, WebhookSecrets

# What a source's `Secret` is, per platform: it must be given; it is made when absent; it may be absent; it is
# `user:password` when given.
REQUIRED = "required"
GENERATED = "generated"
OPTIONAL = "optional"
USERINFO = "userinfo"


class MissingProofError(UnauthorizedError):
    """Raised when a platform's call carries no proof at all."""


class InvalidProofError(ForbiddenError):
    """Raised when a platform's call carries a proof that is wrong or too old."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a call says happened.

    Attributes:
        name: The platform's own event name as it came; empty when the call has none.
        type: The common type name.
        status: `accepted` or `unrecognised`.
        reason: Why it is unrecognised.
        identity: What the platform repeats when it sends the same event again; None = every receipt is an event.
        conversation_id: The conversation it belongs to, in the platform's own terms.
        occurred_ms: When it happened by the payload, Unix milliseconds; a zero or unreadable time is None.
    """

    name: str
    type: str
    status: str = ACCEPTED
    reason: str | None = None
    identity: str | None = None
    conversation_id: str | None = None
    occurred_ms: int | None = None


def unrecognised(
    reason: str,
    *,
    name: str = "",
    identity: str | None = None,
    conversation_id: str | None = None,
    occurred_ms: int | None = None,
) -> Described:
    """A genuine call whose name or body is not known: kept raw, listed, and sent to webhooks with `*`."""
    return Described(
        name=name,
        type=UNRECOGNISED_TYPE,
        status=UNRECOGNISED,
        reason=reason,
        identity=identity,
        conversation_id=conversation_id,
        occurred_ms=occurred_ms,
    )


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback before its proofs.

    Attributes:
        url: Exactly as it must be called: some proofs cover it.
        headers: What the body needs (`Content-Type`) and what there is to say of it.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform.

    Attributes:
        name: As it stands in `Platform` and in the ingest path.
        methods: With which it may call ingest.
        names: Its event names, for `Events`.
        secret_rule: `required`, `generated`, `optional` or `userinfo`.
        bare_token: Its own callbacks carry a JWT as the whole `Authorization` (watsonx): ours do too.
        verify: `(request, the URLs that may have been called, without the query, source, now in seconds)`; raises
            MissingProofError or InvalidProofError.
        describe: `(request, source)`; never raises.
        answer: What the platform expects back: status, headers, body.
        native: The callback that the platform itself would have made.
        sign: The platform's own proof headers: `(callback, secrets, delivery SID, now in seconds)`.
        steps: How to paste an ingest URL into the platform's console.
    """

    name: str
    methods: frozenset[str]
    names: Names
    secret_rule: str
    bare_token: bool
    verify: Callable[[Request, tuple[str, ...], Source, float], None]
    describe: Callable[[Request, Source], Described]
    answer: Callable[[Source], tuple[int, dict[str, str], bytes]]
    native: Callable[[Event, Webhook], Callback]
    sign: Callable[[Callback, WebhookSecrets, str, int], dict[str, str]]
    steps: Callable[[str], tuple[str, ...]]
