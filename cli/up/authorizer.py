"""The gateway's side of a Lambda authorizer: identity source, cache, decision.

The cache is keyed by the identity source alone, so one decision holds for every route that uses the authorizer,
a denial too: the functions decide by route, and refuse a token that expired meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.up.channel import Json
    from cli.up.template import Authorizer


@dataclass(frozen=True, slots=True)
class Decision:
    """What an authorizer answered; the context goes to the function."""

    allowed: bool
    context: Mapping[str, object]


class MalformedAnswerError(Exception):
    """The authorizer's answer is no simple response: the gateway answers 500."""


def identity_source(authorizer: Authorizer, headers: Sequence[tuple[str, str]]) -> tuple[str, ...] | None:
    """The identity source's values, or None when one is missing or empty: 401 without a call."""
    values = []
    for wanted in authorizer.identity_headers:
        value = ",".join(value for name, value in headers if name.lower() == wanted)
        if not value:
            return None
        values.append(value)
    return tuple(values)


def decision(answer: object) -> Decision:
    """An authorizer's simple response.

    Raises:
        MalformedAnswerError: It is none.
    """
    match answer:
        case {"isAuthorized": bool(allowed), **rest}:
            context = rest.get("context") or {}
            if isinstance(context, dict):
                return Decision(allowed, context)
    raise MalformedAnswerError


class Decisions:
    """Decisions of one authorizer, each kept for the seconds that the template says."""

    def __init__(self, cache_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """0 seconds keeps none."""
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[float, Decision]] = {}

    async def decide(self, identity: tuple[str, ...], ask: Callable[[], Awaitable[Json]]) -> Decision:
        """The decision for an identity, from the cache or by asking the function.

        Raises:
            MalformedAnswerError: The function's answer is no simple response.
        """
        now = self._clock()
        kept = self._kept.get(identity)
        if kept and now < kept[0]:
            return kept[1]
        made = decision(await ask())
        if self._cache_seconds:
            self._kept = {key: entry for key, entry in self._kept.items() if now < entry[0]}
            self._kept[identity] = (self._clock() + self._cache_seconds, made)
        return made
