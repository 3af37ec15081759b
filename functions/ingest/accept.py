"""What happens to a platform's call, in this order: find the source, verify, name the event, queue it, answer.

Nothing else happens before the answer; a 2xx means that the queue has the event (invariant 1).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley import codec, hops, sids
from parley.errors import MethodNotAllowedError, NotFoundError, TooLargeError
from parley.event import Event
from parley.platforms import PLATFORM_NAMES, platform

if TYPE_CHECKING:
    from functions.ingest.sources import Sources
    from parley.http import Request
    from parley.platforms.interface import Described
    from parley.source import Source


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted call.

    Attributes:
        answer: Status, headers and body that this platform expects.
    """

    event: Event
    answer: tuple[int, dict[str, str], bytes]


def accept(request: Request, *, sources: Sources, queue: Callable[[Event], None], public_url: str) -> Accepted:
    """Take one call.

    Args:
        request: As the gateway handed it over.
        sources: Where sources are looked up.
        queue: Makes an event durable.
        public_url: The `PublicUrl` parameter, or empty.

    Raises:
        ParleyError: The kind that says why the call is refused; nothing of it is kept.
    """
    parameters = request.path_parameters
    name = parameters.get("platform", "")
    if name not in PLATFORM_NAMES:
        raise NotFoundError(f"/ingest/{name}")
    chosen = platform(name)
    source = sources.admit(platform=name, sid=parameters.get("source", ""), token=parameters.get("token", ""))
    if request.method not in chosen.methods:
        raise MethodNotAllowedError(request.method, tuple(sorted(chosen.methods)))
    now_seconds = request.received_ms / 1000
    chosen.verify(request, request.signed_urls(public_url), source, now_seconds)
    described = chosen.describe(request, source)
    event = event_of(request, source, described)
    keep(event, queue)
    return Accepted(event, chosen.answer(source))


def event_of(request: Request, source: Source, described: Described) -> Event:
    """The event that a call is about, with a new acceptance's random id.

    Args:
        request: Whose bytes are kept as they came.
        source: Where it came from.
        described: What its platform says of it.
    """
    # 64 bits: it tells apart what is accepted for one identity, or where there is none, for one conversation
    rid = secrets.token_urlsafe(8)
    return Event(
        sid=sids.event_sid(
            assistant_sid=source.assistant_sid,
            source_sid=source.sid,
            event_name=described.name,
            conversation_id=described.conversation_id,
            identity=described.identity,
            rid=rid,
        ),
        account_sid=source.account_sid,
        assistant_sid=source.assistant_sid,
        source_sid=source.sid,
        platform=source.platform,
        name=described.name,
        type=described.type,
        status=described.status,
        reason=described.reason,
        conversation_id=described.conversation_id,
        occurred_ms=described.occurred_ms,
        received_ms=request.received_ms,
        rid=rid,
        method=request.method,
        content_type=request.headers.get("content-type"),
        payload=request.raw_query.encode("utf-8", "surrogateescape") if request.method == "GET" else request.body,
        hops=hops.given(request.headers),
    )


def keep(event: Event, queue: Callable[[Event], None]) -> None:
    """Make an event durable.

    Raises:
        TooLargeError: It cannot be made to fit.
    """
    try:
        queue(event)
    except codec.PayloadTooLargeError as error:
        raise TooLargeError(
            f"The body is too large: {error}. Allowed: 256 KiB, or up to 4 MiB that deflates to 256 KiB"
        ) from error
