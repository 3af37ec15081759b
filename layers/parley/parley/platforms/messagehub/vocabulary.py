"""MessageHub's (Chatwoot's) events in the common vocabulary (seed 003, wire-truth 2.3 and 2.4): the table, row by row.

C is the conversation: `conversation`, `current_conversation`, or the root of an event that is one. Texts are the
event's own: `C.messages` holds the conversation's last public message, which need not be it; only its account's id is
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.cloudevents import payload
from parley.cloudevents.mapping import Common, From, Row, Rule, always, record, rule
from parley.platforms.messagehub import naming
from parley.platforms.reading import at

if TYPE_CHECKING:
    from parley.event import Event

View = dict[str, Any]

_RECEIVED = "message.received"
_SENT = "message.sent"
_PERSON = ("id", "name", "email", "phone←phone_number", "identifier")
_AGENT = ("id", "name", "email", "type")
_NAMED = ("id", "name")
# A contact has another type or none. Captain is Chatwoot's own assistant (enterprise/app/models/captain/assistant.rb).
_AGENT_TYPES = ("user", "agent_bot", "captain_assistant")
_IF_AGENT = f"if its type is {', '.join(_AGENT_TYPES[:-1])} or {_AGENT_TYPES[-1]}"
_CREATED_AT = "created_at"
_CHANGED_AT = "C.updated_at ‖ C.last_activity_at ‖ C.timestamp"


def _read(event: Event) -> View:
    return payload.json_body(event.payload)


def _view(event: Event, body: View) -> View:
    return {**body, "C": naming.conversation(event.name, body)}


def _is_agent(person: object) -> bool:
    return at(person, "type") in _AGENT_TYPES


def _is_contact(person: object) -> bool:
    return not _is_agent(person)


def _attachments(view: View) -> list[object]:
    attachments = view.get("attachments")
    return [at(entry, "data_url") for entry in attachments] if isinstance(attachments, list) else []


def _changes(view: View) -> list[View]:
    """An array of objects with one member each, null, or absent."""
    changed = view.get("changed_attributes")
    return [
        {"attribute": name, "previous": at(change, "previous_value"), "current": at(change, "current_value")}
        for entry in (changed if isinstance(changed, list) else [changed])
        if isinstance(entry, dict)
        for name, change in entry.items()
    ]


def _if(direction: str, source: From, words: str) -> From:
    return From(f"{source.words} {words}", lambda view: source.read(view) if naming.spoken(view) == direction else None)


def _rule_name(view: View) -> object:
    name = str(view.get("event"))
    return name.removeprefix(naming.AUTOMATION) if name.startswith(naming.AUTOMATION) else None


_CONTENT = From("content", lambda view: view.get("content"))
_AS_PERSON = record("C.meta.sender", *_PERSON)
_SENDER_AS_PERSON = record("sender", *_PERSON)
_CHANGES = rule(
    "changes",
    From("changed_attributes[]{attribute: {previous_value, current_value}}", _changes),
)
_MESSAGE = (
    rule("message.id", "id"),
    rule("message.content_type", "content_type"),
    rule("message.attachments", From("attachments[].data_url", _attachments)),
)
_NOTE = (rule("note.text", _CONTENT), rule("agent", record("sender", *_AGENT)), *_MESSAGE)
_BY_SENDER = rule("agent", record("sender", *_AGENT, when=_is_agent, words=_IF_AGENT))


def _row(events: str, event_type: str, *rules: Rule, time: str = "") -> Row:
    return Row(events=events, types=(event_type,), rules=rules, time=time)


_ROWS = (
    _row("conversation_created", "conversation.started", time="C.created_at ‖ C.timestamp"),
    _row(
        "conversation_updated, conversation_opened, conversation_status_changed with a status other than resolved",
        "conversation.updated",
        _CHANGES,
        time=_CHANGED_AT,
    ),
    _row(
        "conversation_status_changed with status resolved, conversation_resolved",
        "conversation.ended",
        rule("conversation.end_reason", always("resolved")),
        _CHANGES,
        time=_CHANGED_AT,
    ),
    _row("message_created, private", "note.added", *_NOTE, time=_CREATED_AT),
    _row(
        "message_created, incoming (0)",
        _RECEIVED,
        rule("input.text", _CONTENT),
        rule("user", _AS_PERSON, _SENDER_AS_PERSON),
        *_MESSAGE,
        time=_CREATED_AT,
    ),
    _row(
        "message_created, outgoing (1) or template (3)",
        _SENT,
        rule("output.text", _CONTENT),
        _BY_SENDER,
        *_MESSAGE,
        time=_CREATED_AT,
    ),
    _row(
        "message_updated, not private",
        "message.updated",
        rule("input.text", _if(_RECEIVED, _CONTENT, "if incoming")),
        rule("output.text", _if(_SENT, _CONTENT, "if outgoing or template")),
        rule("user", _AS_PERSON, _if(_RECEIVED, _SENDER_AS_PERSON, "if incoming")),
        _BY_SENDER,
        *_MESSAGE,
    ),
    _row("message_updated, private", "note.updated", *_NOTE),
    _row(
        "webwidget_triggered",
        "widget.opened",
        rule("user", record("contact", *_PERSON)),
        rule("widget.source_id", "source_id"),
        rule("widget.language", "event_info.widget_language"),
        rule("widget.browser_language", "event_info.browser_language"),
        rule("widget.referer", "event_info.referer"),
        rule("widget.browser", "event_info.browser"),
        time="event_info.initiated_at.timestamp",
    ),
    *(
        _row(event, event_type, rule("user", record("", *_PERSON, called="the root")), _CHANGES)
        for event, event_type in (("contact_created", "contact.created"), ("contact_updated", "contact.updated"))
    ),
    *(
        _row(event, event_type, rule("inbox", record("", *_NAMED, called="the root")), _CHANGES)
        for event, event_type in (("inbox_created", "inbox.created"), ("inbox_updated", "inbox.updated"))
    ),
    *(
        _row(
            event,
            event_type,
            rule("agent", record("user", *_AGENT, when=_is_agent, words=_IF_AGENT)),
            rule("user", record("user", *_PERSON, when=_is_contact, words="if it is of another type or none")),
        )
        for event, event_type in (
            ("conversation_typing_on", "typing.started"),
            ("conversation_typing_off", "typing.stopped"),
        )
    ),
    _row(
        "automation_event.X, macro.executed",
        "automation.triggered",
        rule("automation.kind", From("`rule` or `macro`", lambda view: "rule" if _rule_name(view) else "macro")),
        rule("automation.rule", From("X", _rule_name)),
    ),
)
_TYPES = tuple(dict.fromkeys(row.types[0] for row in _ROWS))
_WITHOUT_CONVERSATION = ("contact.", "inbox.")

COMMON = Common(
    read=_read,
    view=_view,
    rows=(
        *_ROWS,
        Row(
            events="all",
            types=_TYPES,
            shared=True,
            rules=(
                rule("account.id", "account.id", "C.account.id", "C.account_id", "C.messages[0].account_id"),
                rule("account.name", "account.name", "C.account.name"),
            ),
        ),
        Row(
            events="all with a conversation (C)",
            types=tuple(name for name in _TYPES if not name.startswith(_WITHOUT_CONVERSATION)),
            shared=True,
            rules=(
                rule("conversation.id", "C.id"),
                rule("conversation.status", "C.status"),
                rule("conversation.channel", "C.channel"),
                rule("conversation.started_at", "C.created_at"),
                rule("inbox.id", "inbox.id", "C.inbox_id"),
                rule("inbox.name", "inbox.name"),
                rule("user", _AS_PERSON),
                rule("agent", record("C.meta.assignee", *_AGENT)),
            ),
        ),
    ),
)
