"""Tropo objects of the team's own bots: `{"result":{…}}` or `{"session":{…}}` of seed 001.

Nothing is filled in: the body's hash is part of the event's identity, and the seed's defaults say what an absent member
means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.platforms.emission import Emission, InvalidEventError, canonical_name, json_body, missing, unreadable
from parley.platforms.tropo.models import Body

_REQUIRED = {"result": ("result.sessionId", "result.state"), "session": ("session.id",)}


def event_name(body: Mapping[str, Any]) -> str | None:
    """The member that is there."""
    return next((name for name in _REQUIRED if body.get(name) is not None), None)


def complete(emission: Emission) -> tuple[str, bytes]:
    """The body.

    Raises:
        InvalidEventError: A member is missing, or not of the type that the seed says.
    """
    event = canonical_name("tropo", event_name(emission.body), emission.name, "result")
    problems = missing(emission.body, _REQUIRED[event]) or unreadable(Body, emission.body)
    if problems:
        raise InvalidEventError(problems)
    return json_body(emission.body)
