"""What the team's own bots emit: a platform's callback body, checked strictly and completed.

A platform's call is kept whatever it holds; a bot of the team's own is told what is wrong with it instead, field by
field. Each platform's `emitting` says what it needs; nothing on the way of a platform's call imports this or them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import ValidationError

from parley.errors import ParleyError
from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.view import STRICT

if TYPE_CHECKING:
    from parley.platforms.view import View

Problem = tuple[str, str]
_MISSING = "it is missing"
_JSON = "application/json"


class InvalidEventError(ParleyError):
    """Raised when what a bot emitted is not what its platform would have sent; names every field that is wrong."""

    status = 400
    code = 20001

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Args:
        problems: Fields, as they travel, each with what is wrong.
        """
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))


@dataclass(frozen=True, slots=True)
class Emission:
    """One event as a bot says it.

    Attributes:
        body: The callback's members; texts where it came as a form.
        name: The event's name from the query; None where the body says it.
        account_sid: What fills the body's own `AccountSid`; the others likewise.
        new_id: 32 hex digits that identify the event where the bot gives no id: the same for the same
            `Idempotency-Key`.
        now: When it was received, UTC.
    """

    body: dict[str, Any]
    name: str | None
    account_sid: str
    assistant_sid: str
    new_id: str
    now: datetime


class Emitting(Protocol):
    """What each platform's module `emitting` has."""

    def event_name(self, body: Mapping[str, Any]) -> str | None:
        """The event's name where the platform's body has it."""

    def complete(self, emission: Emission) -> tuple[str, bytes]:
        """The callback's content type and body.

        Raises:
            InvalidEventError: It is not what the platform would have sent.
        """


def emitting(platform_name: str) -> Emitting:
    """That platform's part of emitting."""
    return cast("Emitting", import_module(f"parley.platforms.{platform_name}.emitting"))


def platform_of(body: Mapping[str, Any], name: str | None) -> str:
    """The platform whose event this is, by its name: no two platforms have one in common.

    Raises:
        InvalidEventError: None knows it.
    """
    for candidate in PLATFORM_NAMES:
        said = name or emitting(candidate).event_name(body)
        if said is not None and platform(candidate).names.canonical(said) is not None:
            return candidate
    raise InvalidEventError([("Platform", f"it is needed for an unknown event. Allowed: {', '.join(PLATFORM_NAMES)}")])


def canonical_name(platform_name: str, said: str | None, asked: str | None, field: str) -> str:
    """The event's name in the platform's own spelling.

    Args:
        platform_name: Which platform.
        said: The name in the body.
        asked: The name in the query.
        field: Where the platform's body has it.

    Raises:
        InvalidEventError: It is missing, unknown, or the two differ.
    """
    names = platform(platform_name).names
    if said is None and asked is None:
        raise InvalidEventError([(field, _MISSING)])
    found = {name: names.canonical(name) for name in (said, asked) if name is not None}
    for name, known in found.items():
        if known is None:
            raise InvalidEventError([(field, f"{platform_name} has no event {name[:100]!r}")])
    if len(set(found.values())) > 1:
        raise InvalidEventError([(field, f"the query says {asked!r}, the body {said!r}")])
    return next(known for known in found.values() if known is not None)


def missing(body: Mapping[str, Any], paths: Iterable[str], prefix: str = "") -> list[Problem]:
    """A problem for each path (`conversation.id`) where nothing but null stands."""
    return [(f"{prefix}{path}", _MISSING) for path in paths if _at(body, path) is None]


def _at(body: object, path: str) -> object:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, Mapping) else None
    return body


def unreadable(view: type[View], body: Mapping[str, Any], *, prefix: str = "", texts: bool = False) -> list[Problem]:
    """A problem for each member that is not of the documented type.

    Args:
        view: The model that knows the types.
        body: What was given.
        prefix: Of the members' paths.
        texts: Numbers and booleans may be texts, as in a form.
    """
    try:
        view.model_validate(body, strict=not texts, context=STRICT)
    except ValidationError as error:
        return [
            (prefix + ".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_input=False)
        ]
    return []


def json_body(body: Mapping[str, Any]) -> tuple[str, bytes]:
    """A JSON platform's content type and body."""
    return _JSON, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def conversation_of(emission: Emission, user: str) -> uuid.UUID:
    """A conversation's id where the bot gives none: one per assistant and person, the same each time."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{emission.assistant_sid}/{user}")
