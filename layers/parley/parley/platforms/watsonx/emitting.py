"""watsonx log events of the team's own bots: the envelope of seed 002, what is missing filled in.

Needed: a message's `request.input`, `response.output` and a `user_id`; a call's start and stop. Filled: a message's
`log_id`, `session_id` (one per person), `assistant_id` and times; a call's `global_session_id`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from parley.platforms.emission import (
    Emission,
    InvalidEventError,
    canonical_name,
    conversation_of,
    json_body,
    missing,
    unreadable,
)
from parley.platforms.reading import at, identity
from parley.platforms.watsonx.models import EVENTS

_USERS = (("request", "user_id"), ("response", "user_id"), ("request", "context", "global", "system", "user_id"))
_REQUIRED = {
    "message_logged": ("request.input", "response.output"),
    "cdr_logged": ("call.start_timestamp", "call.stop_timestamp"),
}


def event_name(body: Mapping[str, Any]) -> str | None:
    """The member `event.name`."""
    name = at(body.get("event"), "name")
    return name if isinstance(name, str) else None


def _filled(event: str, payload: dict[str, Any], emission: Emission) -> dict[str, Any]:
    new_id = str(uuid.UUID(emission.new_id))
    if event == "cdr_logged":
        return {"global_session_id": new_id}
    user = identity(*(at(payload, *path) for path in _USERS))
    if user is None:
        raise InvalidEventError([("payload.request.user_id", "it is missing")])
    moment = emission.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "log_id": new_id,
        "session_id": str(conversation_of(emission, user)),
        "assistant_id": emission.assistant_sid,
        "request_timestamp": moment,
        "response_timestamp": moment,
    }


def complete(emission: Emission) -> tuple[str, bytes]:
    """The envelope.

    Raises:
        InvalidEventError: A member is missing, or not of the type that the seed shows.
    """
    event = canonical_name("watsonx", event_name(emission.body), emission.name, "event.name")
    payload = emission.body.get("payload")
    if not isinstance(payload, dict):
        raise InvalidEventError([("payload", "it is missing" if payload is None else "it is not an object")])
    problems = missing(payload, _REQUIRED[event], "payload.") or unreadable(EVENTS[event], payload, prefix="payload.")
    if problems:
        raise InvalidEventError(problems)
    filled = {name: value for name, value in _filled(event, payload, emission).items() if payload.get(name) is None}
    return json_body({**emission.body, "event": {"name": event}, "payload": payload | filled})
