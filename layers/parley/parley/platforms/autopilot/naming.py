"""What happened, by an Autopilot event's parameters (seed 000, wire-truth 1.6 and 1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.matching import Names
from parley.platforms import form, reading
from parley.platforms.interface import Described, unrecognised

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source

_TYPES = {
    "onDialogueStart": "conversation.started",
    "onDialogueTurn": "turn.completed",
    "onDialogueEnd": "conversation.ended",
    "onDialogueTaskStart": "task.started",
    "onDialogueTaskEnd": "task.ended",
    "onActionsFetch": "actions.fetched",
    "onCollectAttempt": "question.answered",
}
# The real API compares event names without case (wire-truth 1.6).
NAMES = Names(known=tuple(_TYPES), fold_case=True)


def parameters(pairs: form.Pairs) -> dict[str, str]:
    """The parameters as text, the first of each name."""
    texts: dict[str, str] = {}
    for name, value in pairs:
        texts.setdefault(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return texts


def describe(request: Request, _source: Source) -> Described:
    """Name the event. `Event` may have been called `EventType`: the seed's table lost its name in translation."""
    if not form.is_form(request.method, request.headers.get("content-type")):
        return unrecognised("the body is not a form")
    content = request.raw_query.encode("utf-8", "surrogateescape") if request.method == "GET" else request.body
    params = parameters(form.parse(content))
    name = reading.name(params.get("Event") or params.get("EventType"))
    identity = reading.identity(params.get("Sid"))
    conversation_id = reading.conversation_id(params.get("DialogueSid"))
    occurred_ms = reading.occurred_ms(params.get("EventDate"))
    known = NAMES.canonical(name)
    if known is None:
        return unrecognised(
            "unknown event name" if name else "no parameter Event",
            name=name,
            identity=identity,
            conversation_id=conversation_id,
            occurred_ms=occurred_ms,
        )
    return Described(
        name=name,
        type=_TYPES[known],
        identity=identity,
        conversation_id=conversation_id,
        occurred_ms=occurred_ms,
    )
