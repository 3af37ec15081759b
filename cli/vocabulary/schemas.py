"""The JSON Schema of each type's `data`: the fields that some row gives it, and those that every event has."""

from __future__ import annotations

from typing import Any

from cli.vocabulary.tables import fields_of
from parley.cloudevents.fields import DATA, Record, kind_of
from parley.vocabulary import PARLEY_TYPES, UNRECOGNISED_TYPE

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ORIGINAL = {
    "original": "The platform's payload: a form as an object of strings, JSON as it is, without credentials.",
    "original_base64": "The platform's payload where it is no object.",
    "original_omitted": "The payload is left out: the event would exceed 64 KiB, or cannot be shown. The API has it.",
}


def schema(event_type: str) -> dict[str, Any]:
    """The schema of a type. Members that it does not name pass: what is added later keeps its URI."""
    targets = set(fields_of(event_type)) | {"received_at"}
    own = event_type in PARLEY_TYPES
    if event_type == UNRECOGNISED_TYPE:
        targets.add("reason")
    if not own:
        targets |= set(_ORIGINAL)
    return {
        "$schema": _DIALECT,
        "title": event_type,
        "description": "`data` of a CloudEvent of this type. A field that is unknown is absent, never null or empty.",
        "type": "object",
        "required": ["received_at"],
        "properties": _properties(DATA, "", targets),
    }


def _properties(record: Record, prefix: str, targets: set[str]) -> dict[str, Any]:
    """The named fields alone, in the vocabulary's order."""
    properties: dict[str, Any] = {}
    for name, kind in record.fields.items():
        target = f"{prefix}{name}"
        if target in targets:
            about = {"description": _ORIGINAL[target]} if target in _ORIGINAL else {}
            properties[name] = {**kind_of(target).schema, **about}
        elif isinstance(kind, Record) and any(each.startswith(f"{target}.") for each in targets):
            properties[name] = {
                "type": "object",
                "minProperties": 1,
                "properties": _properties(kind, f"{target}.", targets),
            }
    return properties
