"""The objects of `data`, one set for all types: which fields there are, what converts to each, and its JSON Schema.

A field is absent when it is unknown, never null or empty; what does not convert is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from parley.platforms import reading

_LARGEST_NUMBER = 2**53 - 1  # what every JSON library reads exactly
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{2,20}", re.ASCII)

# Platforms' names for one channel, in lower case and without separators. An unknown one passes.
_CHANNELS = {
    "facebookmessenger": "facebook",
    "facebookpage": "facebook",
    "messagingwhatsapp": "whatsapp",
    "messenger": "facebook",
    "phone": "voice",
    "smswithtwilio": "sms",
    "textmessaging": "sms",
    "twiliosms": "sms",
    "twitterprofile": "twitter",
    "voicetelephony": "voice",
    "webchat": "web",
    "webwidget": "web",
    "whatsappwithtwilio": "whatsapp",
}


class Kind(Protocol):
    """What a field may be."""

    @property
    def schema(self) -> dict[str, object]:
        """As JSON Schema."""

    def convert(self, value: object) -> object:
        """The value in this form; None = absent."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value."""

    schema: dict[str, object]
    convert: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Record:
    """An object with named fields."""

    fields: Mapping[str, Kind]

    @property
    def schema(self) -> dict[str, object]:
        """Fields that are not named pass: later versions may have more."""
        properties = {name: kind.schema for name, kind in self.fields.items()}
        return {"type": "object", "minProperties": 1, "properties": properties}

    def convert(self, value: object) -> object:
        """The fields that convert; None when none does."""
        if not isinstance(value, Mapping):
            return None
        found = {name: kind.convert(value.get(name)) for name, kind in self.fields.items()}
        return {name: entry for name, entry in found.items() if entry is not None} or None


@dataclass(frozen=True, slots=True)
class Each:
    """An array."""

    of: Kind

    @property
    def schema(self) -> dict[str, object]:
        """Never empty."""
        return {"type": "array", "minItems": 1, "items": self.of.schema}

    def convert(self, value: object) -> object:
        """The entries that convert; None when none does."""
        if not isinstance(value, list | tuple):
            return None
        found = [self.of.convert(entry) for entry in value]
        return [entry for entry in found if entry is not None] or None


def rfc3339(milliseconds: int) -> str:
    """A time in UTC, as CloudEvents writes it."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{milliseconds % 1000:03d}Z"


def _id(value: object) -> str | None:
    return reading.conversation_id(value)


def _text(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:  # not a number is neither
        return None
    return int(value) if value == math.trunc(value) else value


def _whole(value: object) -> int | None:
    number = _number(value)
    return number if isinstance(number, int) else None


def _flag(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _time(value: object) -> str | None:
    milliseconds = reading.occurred_ms(value)
    return None if milliseconds is None else rfc3339(milliseconds)


def _phone(value: object) -> str | None:
    return value if isinstance(value, str) and _PHONE.fullmatch(value) else None


def _channel(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = value.strip().lower().removeprefix("channel::")
    return _CHANNELS.get(re.sub(r"[\W_]", "", name), name) or None


def _object(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) and value else None


def _anything(value: object) -> object:
    return None if value in ("", [], {}) else value


def _texts(value: object) -> object:
    if not isinstance(value, Mapping):
        return None
    return {str(name): text for name, each in value.items() if (text := _text(each)) is not None} or None


ID = Leaf({"type": "string", "minLength": 1, "maxLength": 256}, _id)
TEXT = Leaf({"type": "string", "minLength": 1}, _text)
NUMBER = Leaf({"type": "number"}, _number)
WHOLE = Leaf({"type": "integer"}, _whole)
FLAG = Leaf({"type": "boolean"}, _flag)
TIME = Leaf({"type": "string", "format": "date-time"}, _time)
PHONE = Leaf({"type": "string", "pattern": r"^\+?[0-9]{2,20}$"}, _phone)
CHANNEL = Leaf({"type": "string", "minLength": 1}, _channel)
OBJECT = Leaf({"type": "object", "minProperties": 1}, _object)
ANYTHING = Leaf({"not": {"enum": [None, "", [], {}]}}, _anything)
TEXTS = Leaf({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}, _texts)

_SPOKEN = Record({"text": TEXT})
_NAMED = Record({"id": ID, "name": TEXT})

DATA = Record({
    "conversation": Record({
        "id": ID, "channel": CHANNEL, "language": TEXT, "status": TEXT, "sequence": WHOLE, "started_at": TIME,
        "end_reason": TEXT, "entry_point": TEXT,
    }),
    "user": Record({"id": ID, "name": TEXT, "email": TEXT, "phone": PHONE, "identifier": ID}),
    "agent": Record({"id": ID, "name": TEXT, "email": TEXT, "type": TEXT}),
    "account": _NAMED,
    "inbox": _NAMED,
    "input": _SPOKEN,
    "output": _SPOKEN,
    "note": _SPOKEN,
    "message": Record({"id": ID, "content_type": TEXT, "attachments": Each(TEXT)}),
    "answers": Each(Record({
        "name": TEXT, "value": TEXT, "heard": TEXT, "field_type": TEXT, "concept": TEXT, "confidence": NUMBER,
        "attempts": WHOLE, "success": FLAG, "error": TEXT, "disposition": TEXT, "recording_url": TEXT,
    })),
    "task": Record({"name": TEXT, "invoked_by": TEXT, "end_reason": TEXT}),
    "collect": Record({"id": ID, "name": TEXT}),
    "fetch": Record({"url": TEXT, "method": TEXT, "status": WHOLE, "valid": FLAG, "error": TEXT}),
    "call": Record({
        "id": ID, "number": TEXT, "to": TEXT, "direction": TEXT, "state": TEXT, "started_at": TIME, "ended_at": TIME,
        "duration_seconds": NUMBER, "answered_by": TEXT, "failed": FLAG, "transferred": FLAG, "error": TEXT,
        "transfer": Record({"to": TEXT, "duration_seconds": NUMBER, "connected_seconds": NUMBER}),
        "warnings": Each(Record({"code": TEXT, "message": TEXT})),
        "message_ids": Each(ID),
    }),
    "changes": Each(Record({"attribute": TEXT, "previous": ANYTHING, "current": ANYTHING})),
    "widget": Record({
        "source_id": ID, "language": TEXT, "browser_language": TEXT, "referer": TEXT, "browser": TEXTS,
    }),
    "automation": Record({"kind": TEXT, "rule": TEXT}),
    "webhook": Record({"sid": ID, "unique_name": TEXT}),
    "delivery": Record({"sid": ID, "event_sid": ID, "attempts": WHOLE, "last_status_code": WHOLE}),
    "since": TIME,
    "waiting": WHOLE,
    "memory": OBJECT,
    "reason": TEXT,
    "received_at": TIME,
    "original": OBJECT,
    "original_base64": TEXT,
    "original_omitted": FLAG,
})  # fmt: skip


def in_order(data: dict[str, Any]) -> dict[str, Any]:
    """The same in the order of the vocabulary, as rules of several rows filled it."""
    ordered = {name: data[name] for name in DATA.fields if name in data}
    for name, kind in DATA.fields.items():
        if isinstance(kind, Record) and name in ordered:
            ordered[name] = {each: ordered[name][each] for each in kind.fields if each in ordered[name]}
    return ordered


def kind_of(target: str) -> Kind:
    """The kind of a field by its name with dots: `user.phone`.

    Raises:
        KeyError: The vocabulary has no such field.
    """
    kind: Kind = DATA
    for name in target.split("."):
        if not isinstance(kind, Record):
            raise KeyError(target)
        kind = kind.fields[name]
    return kind
