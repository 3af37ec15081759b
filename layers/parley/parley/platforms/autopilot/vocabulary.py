"""Autopilot's events in the common vocabulary (seed 000, wire-truth 1.7): the table, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.cloudevents.mapping import Common, From, Row, always, each, rule
from parley.cloudevents.payload import json_text
from parley.platforms import form
from parley.platforms.autopilot.naming import parameters
from parley.platforms.reading import UnreadableError

if TYPE_CHECKING:
    from parley.event import Event

View = dict[str, Any]


def _read(event: Event) -> View:
    if not form.is_form(event.method, event.content_type):
        raise UnreadableError("the body is not a form")
    return dict(parameters(form.parse(event.payload)))


def _original(event: Event, body: View) -> View | None:
    pairs = form.parse(event.payload)
    try:
        texts = [name.decode() + value.decode() for name, value in pairs]
    except UnicodeDecodeError:
        return None
    return body if len({name for name, _ in pairs}) == len(texts) else None


def _phone(view: View) -> object:
    identifier = view.get("UserIdentifier", "")
    return identifier if identifier.startswith("+") else None


def _fields(view: View) -> list[object]:
    # the seed describes an array and shows an object that holds one; its table lost the parameter's name
    found = json_text(view.get("Fields") or view.get("Field"))
    found = found.get("fields") if isinstance(found, dict) else found
    return found if isinstance(found, list) else []


def _valid(view: View) -> bool | None:
    said = view.get("ActionsValidation")
    return said == "valid" if said else None


def _row(event: str, event_type: str, *rules: Any) -> Row:  # noqa: ANN401 — as Row takes them
    return Row(events=event, types=(event_type,), rules=rules)


_ROWS = (
    _row("onDialogueStart", "conversation.started", rule("conversation.entry_point", "DialogueEntryPoint")),
    _row(
        "onDialogueTurn",
        "turn.completed",
        rule("input.text", "CurrentInput"),
        rule("output.text", "AssistantResponse"),
        rule(
            "answers",
            each(
                "JSON(Fields)[] ‖ JSON(Fields).fields[]",
                _fields,
                name="name",
                field_type="type",
                value="value",
            ),
        ),
    ),
    _row("onDialogueEnd", "conversation.ended", rule("conversation.end_reason", "DialogueEndReason")),
    _row("onDialogueTaskStart", "task.started", rule("task.invoked_by", "InvocationMethod")),
    _row("onDialogueTaskEnd", "task.ended", rule("task.end_reason", "TaskEndReason")),
    _row(
        "onCollectAttempt",
        "question.answered",
        rule("input.text", "CurrentInput"),
        rule("collect.id", "CollectSid"),
        rule("collect.name", "CollectName"),
        rule(
            "answers",
            each(
                "one entry",
                lambda view: [view],
                name="CollectFieldName",
                field_type="CollectFieldType",
                value="CollectOutput",
                heard="CurrentInput",
                attempts="CollectAttempt",
                success="CollectSuccess",
                error="CollectErrorMessage",
            ),
        ),
    ),
    _row(
        "onActionsFetch",
        "actions.fetched",
        rule("fetch.url", "ActionsUrl"),
        rule("fetch.method", "ActionsMethod"),
        rule("fetch.status", "ActionsHttpResponse"),
        rule("fetch.valid", From("ActionsValidation=`valid`", _valid)),
        rule("fetch.error", "ActionsError"),
    ),
)
_SHARED = Row(
    events="all seven",
    types=tuple(row.types[0] for row in _ROWS),
    shared=True,
    time="EventDate",
    rules=(
        rule("conversation.id", "DialogueSid"),
        rule("conversation.channel", "Channel"),
        rule("conversation.language", "Language"),
        rule("user.id", "UserIdentifier"),
        rule("user.phone", From("UserIdentifier if it is + and digits", _phone)),
        rule("agent.id", "AssistantSid"),
        rule("agent.type", always("assistant")),
        rule("task.name", "CurrentTask"),
        rule("memory", From("JSON(Memory)", lambda view: json_text(view.get("Memory")))),
    ),
)

COMMON = Common(read=_read, rows=(*_ROWS, _SHARED), original=_original)
