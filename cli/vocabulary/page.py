"""docs/vocabulary.md: the envelope, the objects, and the table, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli.vocabulary.tables import rows
from parley.cloudevents.envelope import CONTENT_TYPE, LARGEST_BYTES, TYPE_PREFIX
from parley.cloudevents.fields import DATA, Each, Kind, Record
from parley.vocabulary import TYPES, UNRECOGNISED_TYPE

if TYPE_CHECKING:
    from parley.cloudevents.mapping import Rule

_BEFORE = f"""\
<!-- Made by `make vocabulary` from the code that renders; do not edit. -->
# The common vocabulary: what happened, whatever the platform

The `cloudevents` format of a callback, and the type names that a webhook may subscribe to whatever its format.
A type says what happened, decided by the platform's event name and at most one field. No event is invented, none is
split: one event in, one CloudEvent out.

## Envelope

| attribute | value |
| --- | --- |
| `specversion` | `1.0` |
| `id` | the event's SID `EV…`; the same for every webhook, retry and replay (`webhook-id` is the delivery's) |
| `source` | `{{PublicUrl}}/v1/Assistants/UA…/Sources/SR…`; events of own bots and Parley's own: `{{PublicUrl}}/v1/Assistants/UA…`. Without the parameter `PublicUrl` the same as a relative reference, `/v1/Assistants/…` |
| `type` | `{TYPE_PREFIX}` and the name of the table below |
| `subject` | `data.conversation.id`; of Parley's own events the webhook's SID; left out when there is none |
| `time` | when it happened by the payload, else when it was accepted; RFC 3339, UTC |
| `datacontenttype` | `application/json` |
| `dataschema` | `{{PublicUrl}}/schemas/v1/{{name}}.json`, served without a token; left out without `PublicUrl`, as it must be absolute. What is added keeps `v1` |
| `platform`, `platformevent` | extensions: the platform's name, and its own event name as it came |

Structured mode: `Content-Type: {CONTENT_TYPE}`, POST only (`Format=cloudevents`
with `WebhookMethod=GET` is refused). Express's `json()` does not parse this type unless it is told to; the signature
covers the raw body: `express.raw({{type: "application/cloudevents+json"}})`.

## `data`

Absent when unknown, never null or empty. Ids are strings of at most 256 characters, times RFC 3339 in UTC, units stand
in names. `"true"` becomes true, `"3"` becomes 3; what does not convert is left out (it is in `original`).
In every type `input.text` is what the person said and `output.text` what the bot or agent said.

| object | fields |
| --- | --- |
"""  # noqa: E501 — a row of a table is one line
_ORIGINAL = f"""
`channel` is lower case and normalised: voice sms whatsapp web api email telegram facebook …; unknown ones pass. `phone`
is there only if it is a number. `user` is the person, `agent` who serves (`type` is assistant, user, agent_bot or
captain_assistant); where nobody else is named, the conversation's assignee.

`original` is the payload: a form as an object of strings, JSON as it is. `pubsub_token`, a visitor's credential, is
taken out at any depth, also of JSON inside a text such as `Memory`; a text that is no JSON is masked from there on.
What is no such object (no JSON, a form with a repeated name) stands in `original_base64`. Where the CloudEvent would
exceed {LARGEST_BYTES // 1024} KiB, up to which CloudEvents promises transport, and where a credential could not be
taken out, `original_omitted` is true instead; the API's event has the payload.

## The table

`‖` = the first that is present. A row's own fields come before those of the rows that say "all" or "every"; an object
that is taken whole is taken from one place. Where no `time` stands, it is when Parley accepted the event.

MessageHub: C is the conversation: `conversation` ‖ `current_conversation` ‖ the root (of `conversation_*`,
`automation_event.*` and `macro.executed`; typing events nest it). `C.messages[]` is the conversation's last public
message and not the event's: only its account's id is read. A private note is never `message.sent`. A conversation that
ended may be opened again: a later `conversation.updated` with the status open.

Tropo: paths begin in `result` or `session`; the person's number is in the session alone, and results have no time of
their own. watsonx leaves `channel.private.user` out of its logs, so a phone number is in the call's record alone.

"""
_AFTER = f"""
Every platform: an unknown event name, a body that cannot be read, a message of unknown `message_type`, and watsonx's
`message_received` and `message_processed` (the URL of a pre- or post-message webhook) are `{UNRECOGNISED_TYPE}`, with
`reason` and the original. `received_at` is in every event.

## Subscribing

`Events` takes platforms' names, these {len(TYPES)} names without the prefix, and `*`: all platform events; Parley's
own four must be named. One event that matches by two names is delivered once.
"""


def page() -> str:
    """The whole page."""
    objects = "".join(f"| {name} | {words} |\n" for name, words in _objects())
    return f"{_BEFORE}{objects}{_ORIGINAL}{_table()}{_AFTER}"


def _objects() -> Iterable[tuple[str, str]]:
    for name, kind in DATA.fields.items():
        inner = kind.of if isinstance(kind, Each) else kind
        array = "[]" if isinstance(kind, Each) else ""
        yield f"`{name}{array}`", _fields(inner) if isinstance(inner, Record) else _kind(inner)


def _fields(record: Record) -> str:
    return ", ".join(f"`{name}` {_kind(kind)}" for name, kind in record.fields.items())


def _kind(kind: Kind) -> str:
    match kind:
        case Record():
            return f"{{{_fields(kind)}}}"
        case Each():
            return f"array of {_kind(kind.of)}"
    schema = kind.schema
    return "time" if schema.get("format") == "date-time" else str(schema.get("type", "anything"))


def _table() -> str:
    lines = ["| platform | event | type | data ← source |", "| --- | --- | --- | --- |"]
    for platform, row in rows():
        event_type = "" if row.shared else ", ".join(f"`{name}`" for name in row.types)
        events = f"*{row.events}*" if row.shared else row.events
        sources = "; ".join(filter(None, (row.time and f"time←{row.time}", _rules(row.rules))))
        lines.append(f"| {platform} | {events} | {event_type} | {sources} |")
    return "\n".join([*lines, ""])


def _rules(rules: Iterable[Rule]) -> str:
    """Fields of one object stand together: `conversation.id←…; .channel←…`."""
    words: list[str] = []
    before = ""
    for rule in rules:
        parent, dot, name = rule.target.rpartition(".")
        words.append(f"{dot}{name}←{rule.words}" if parent == before and parent else f"{rule.target}←{rule.words}")
        before = parent
    return "; ".join(words)
