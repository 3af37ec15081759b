"""Schemas that more than one resource uses, and the sample that every example is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.openapi import patterns
from functions.webhooks import rotation, unique_names
from functions.webhooks.deployment import MASK
from parley.config_table.keys import MOST_NAME_CHARACTERS
from parley.sids import ACCOUNT, ASSISTANT, WEBHOOK

if TYPE_CHECKING:
    from cli.openapi.resource import Schema

BASE_URL = "https://abc123.execute-api.eu-west-1.amazonaws.com"
CREATED_MS = 1_790_000_000_000
_DIGITS = "0123456789abcdef" * 2


def sample_sid(prefix: str) -> str:
    """A SID for examples."""
    return f"{prefix}{_DIGITS}"


SAMPLE_ACCOUNT = sample_sid(ACCOUNT)
SAMPLE_ASSISTANT = sample_sid(ASSISTANT)
SAMPLE_WEBHOOK = sample_sid(WEBHOOK)


def sid(prefix: str, about: str) -> Schema:
    """A SID in an answer."""
    return {"type": "string", "pattern": patterns.sid(prefix), "description": about}


def text(about: str, **rules: object) -> Schema:
    """A text."""
    return {"type": "string", "description": about, **rules}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    allowed: dict[str, Any] = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        allowed["enum"] = [*schema["enum"], None]
    return allowed


def date(about: str) -> Schema:
    """A time as `parley.api.dates` writes it."""
    return text(about, format="date-time", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def link(about: str) -> Schema:
    """An absolute URL."""
    return text(about, format="uri")


UNIQUE_NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MOST_NAME_CHARACTERS,
    "pattern": patterns.unique_name(),
    "not": {"enum": [".", ".."]},
    "description": "Unique here, and usable in paths in place of the SID; a name that looks like a SID is tried as one"
    f" first. {unique_names.ALLOWED[0].upper()}{unique_names.ALLOWED[1:]}",
}

OVERLAP_SECONDS: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": rotation.MOST_OVERLAP_SECONDS,
    "default": rotation.DEFAULT_OVERLAP_SECONDS,
    "description": "Beside a new value, for how many seconds the former one stays live too.",
}
MASKED = f"`{MASK}` where there is one; the value itself only in the answer that made it."
DATES: dict[str, Schema] = {
    "date_created": date("When it was created."),
    "date_updated": date("When it was last changed."),
}
