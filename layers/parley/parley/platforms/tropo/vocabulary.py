"""Tropo's session and results in the common vocabulary (seed 001, wire-truth section 3): the table, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.cloudevents.fields import TEXT
from parley.cloudevents.mapping import Common, From, Row, each, rule
from parley.platforms.reading import at
from parley.platforms.tropo import naming
from parley.vocabulary import UNRECOGNISED_TYPE

if TYPE_CHECKING:
    from parley.event import Event

View = dict[str, Any]

_END_REASONS = {"DISCONNECTED": "disconnected", "FAILED": "failed"}


def _read(event: Event) -> View:
    # recognised, so its source allowed the reading that was needed
    return naming.read(event.payload, repair_backslashes=event.type != UNRECOGNISED_TYPE)


def _view(event: Event, body: View) -> View:
    content = body.get(event.name)
    return content if isinstance(content, dict) else {}


def _channel(view: View) -> object:
    channel = at(view, "from", "channel")
    return at(view, "from", "network") if channel == "TEXT" else channel


def _actions(view: View) -> list[View]:
    actions = view.get("actions")
    return [action for action in (actions if isinstance(actions, list) else [actions]) if isinstance(action, dict)]


def _answers(view: View) -> list[View]:
    return [action for action in _actions(view) if "callId" not in action and "connectedDuration" not in action]


def _heard(action: View) -> object:
    utterance = TEXT.convert(action.get("utterance"))
    return TEXT.convert(action.get("interpretation")) if utterance is None else utterance


def _all_heard(view: View) -> str:
    heard = [_heard(action) for action in _answers(view)]
    return "\n".join(str(text) for text in heard if text is not None)


def _success(action: View) -> bool | None:
    disposition = action.get("disposition")
    return disposition == "SUCCESS" if disposition else None


def _transfer(view: View) -> View | None:
    """The seed has a transfer's durations in the result, real results in the action."""
    places = (*_actions(view), view)
    found = next((place for place in places if place.get("connectedDuration") is not None), None)
    if found is None:
        return None
    return {
        "to": None if found is view else _called(found),
        "duration_seconds": found.get("duration"),
        "connected_seconds": found.get("connectedDuration"),
    }


def _called(place: View) -> object:
    return place.get("calledid") or place.get("calledID") or place.get("calledId")


def _end_reason(view: View) -> object:
    state = view.get("state") or view.get("callState")
    return _END_REASONS.get(state) if isinstance(state, str) else None


COMMON = Common(
    read=_read,
    view=_view,
    rows=(
        Row(
            events="session",
            types=("conversation.started",),
            time="timestamp",
            rules=(
                rule("conversation.id", "id"),
                rule("conversation.channel", From("from.channel, of TEXT from.network", _channel)),
                rule("user.id", "from.id"),
                rule("user.name", "from.name"),
                rule("user.phone", "from.e164Id"),
                rule("input.text", "initialText"),
                rule("call.id", "callId"),
                rule("call.to", "to.id"),
                rule("call.answered_by", "userType"),
            ),
        ),
        Row(events="result, state ANSWERED, another or none", types=("turn.completed",), rules=()),
        Row(
            events="result, state DISCONNECTED or FAILED",
            types=("conversation.ended",),
            rules=(rule("conversation.end_reason", From("state ‖ callState in lower case", _end_reason)),),
        ),
        Row(
            events="every result",
            types=("turn.completed", "conversation.ended"),
            shared=True,
            rules=(
                rule("conversation.id", "sessionId"),
                rule("conversation.sequence", "sequence"),
                rule("call.id", "callId"),
                rule("call.to", "calledid", "calledID", "calledId"),
                rule("call.state", "state", "callState"),
                rule("call.duration_seconds", "sessionDuration"),
                rule("call.answered_by", "userType"),
                rule("call.error", "error"),
                rule(
                    "answers",
                    each(
                        "actions (an object or an array) but those with callId or connectedDuration",
                        _answers,
                        name="name",
                        value="value",
                        heard=("utterance", "interpretation"),
                        concept="concept",
                        confidence="confidence",
                        attempts="attempts",
                        disposition="disposition",
                        success=From("disposition=`SUCCESS`", _success),
                        recording_url="url",
                    ),
                ),
                rule("input.text", From("answers[].heard joined by newline", _all_heard)),
                rule(
                    "call.transfer",
                    From(
                        "the action with connectedDuration, else the result itself (to←calledid, "
                        "duration_seconds←duration, connected_seconds←connectedDuration)",
                        _transfer,
                    ),
                ),
            ),
        ),
    ),
)
