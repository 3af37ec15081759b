"""Sources: a platform calls Parley."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.openapi import conventional
from cli.openapi.resource import Body, Resource, View
from cli.openapi.values import (
    BASE_URL,
    CREATED_MS,
    DATES,
    MASKED,
    OVERLAP_SECONDS,
    SAMPLE_ACCOUNT,
    SAMPLE_ASSISTANT,
    UNIQUE_NAME,
    date,
    link,
    or_null,
    sample_sid,
    sid,
    text,
)
from functions.webhooks import rotation, shapes, source_values, sources
from functions.webhooks.deployment import MASK
from parley.config_table.sources import SourceRecord
from parley.platforms import PLATFORM_NAMES, platform
from parley.sids import ACCOUNT, ASSISTANT, SOURCE

if TYPE_CHECKING:
    from cli.openapi.resource import Schema

_SAMPLE = SourceRecord(
    sid=sample_sid(SOURCE),
    account_sid=SAMPLE_ACCOUNT,
    assistant_sid=SAMPLE_ASSISTANT,
    unique_name="chat",
    platform="messagehub",
    has_secret=True,
    has_static_header=False,
    reply=None,
    repair_backslashes=False,
    version=1,
    created_ms=CREATED_MS,
    updated_ms=CREATED_MS,
)
_EXAMPLE = shapes.source(_SAMPLE, BASE_URL, ingest_base=BASE_URL)

_OPTION_RULES: dict[str, Schema] = {
    "static_header": text(
        f"`Name: value` that a call may carry in place of its JWT. `{MASK}` keeps the present one, null takes it away.",
    ),
    "reply": text(
        "The text of a JSON object with which the platform is answered; null takes it away.",
        minLength=2,
        maxLength=source_values.MOST_REPLY_CHARACTERS,
    ),
    "repair_backslashes": {
        "type": "boolean",
        "default": False,
        "description": "Read bodies whose backslashes were multiplied by four.",
    },
}


def _by_platform() -> str:
    known = (f"{name}: {', '.join(options)}" for name, options in sorted(source_values.OPTIONS_OF.items()))
    return f"What each platform knows: {'; '.join(known)}. One that is left out stays as it is."


def _secret_rules() -> str:
    return ", ".join(f"{name}: {platform(name).secret_rule}" for name in PLATFORM_NAMES)


_RULES: dict[str, Schema] = {
    "unique_name": UNIQUE_NAME,
    "platform": text("Which platform calls. It stays as it is.", enum=list(PLATFORM_NAMES)),
    "secret": text(
        f"What the platform proves its calls with ({_secret_rules()}). The mask `{MASK}` keeps the present one, and is"
        " refused on creation.",
        minLength=1,
        maxLength=rotation.MOST_CHARACTERS,
    ),
    "options": {
        "type": "object",
        "description": _by_platform(),
        "properties": {
            name: or_null(_OPTION_RULES[name]) if name != "repair_backslashes" else _OPTION_RULES[name]
            for name in source_values.OPTIONS
        },
        "additionalProperties": False,
    },
    "rotate_secret": {
        "type": "boolean",
        "default": False,
        "description": "Generate a new secret, on a platform for which Parley generates it; not with `Secret`.",
    },
    "rotate_token": {"type": "boolean", "default": False, "description": "Make a new token for `ingest_url`."},
    "overlap_seconds": OVERLAP_SECONDS,
}

_ABOUT = "A platform calls Parley: at its `ingest_url`, with proof by its secret."
_VIEW = View(
    name="Source",
    about=_ABOUT,
    keys={
        "sid": sid(SOURCE, "The source."),
        "account_sid": sid(ACCOUNT, "Whose it is."),
        "assistant_sid": sid(ASSISTANT, "Where it stands."),
        "unique_name": UNIQUE_NAME,
        "platform": text("Which platform calls.", enum=list(PLATFORM_NAMES)),
        "secret": or_null(text(f"{MASKED} Null: there is none.")),
        "options": {
            "type": "object",
            "description": "What was chosen about its platform's calls.",
            "required": list(source_values.OPTIONS),
            "properties": {
                "static_header": {"type": ["string", "null"], "enum": [MASK, None], "description": "Masked."},
                "reply": or_null(text("As it was given.")),
                "repair_backslashes": {"type": "boolean", "description": "As it was given."},
            },
        },
        "ingest_url": link(
            f"To paste into the platform's console. It ends with a token, shown once and then `{MASK}`."
        ),
        "setup_steps": {"type": "array", "items": {"type": "string"}, "description": "How to paste it."},
        "last_event_at": or_null(
            date(
                "When its newest event came, some seconds late. Null: none came within retention, or so many of other"
                " sources' since (thousands) that it is not looked for; or not known just now."
            )
        ),
        **DATES,
        "url": link("Of the source."),
    },
    example=_EXAMPLE,
)

_CREATE = Body(
    writable=source_values.WRITABLE,
    read_only=source_values.READ_ONLY,
    required=("unique_name", "platform"),
    rules=_RULES,
    example={"unique_name": "chat", "platform": "messagehub", "secret": "a secret of the platform's"},
)
_UPDATE = Body(
    writable=(*source_values.WRITABLE, *rotation.ROTATIONS, "rotate_token"),
    read_only=source_values.READ_ONLY,
    required=(),
    rules=_RULES,
    example={"rotate_token": True, "overlap_seconds": 3600},
)

RESOURCE = Resource(
    name="Source",
    plural="Sources",
    about=_ABOUT,
    path=sources.LIST,
    views=(_VIEW,),
    operations=conventional.operations(_VIEW, "Sources", sources.LIST, create=_CREATE, update=_UPDATE),
)
