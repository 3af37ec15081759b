"""Webhooks: Parley calls you. The first ten keys are those of Twilio's Autopilot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.openapi import conventional, patterns
from cli.openapi.resource import Body, Resource, View
from cli.openapi.values import (
    BASE_URL,
    CREATED_MS,
    DATES,
    MASKED,
    OVERLAP_SECONDS,
    SAMPLE_ACCOUNT,
    SAMPLE_ASSISTANT,
    SAMPLE_WEBHOOK,
    UNIQUE_NAME,
    date,
    link,
    or_null,
    sid,
    text,
)
from functions.webhooks import header_sets, rotation, shapes, webhook_values, webhooks
from functions.webhooks.activity import MOST_COUNTED_WEBHOOKS
from functions.webhooks.deployment import MASK
from parley.config_table.webhooks import WebhookRecord
from parley.data_table.undelivered import COUNTING_READS, MOST_COUNTED
from parley.matching import ALL
from parley.platforms import PLATFORM_NAMES, platform
from parley.retry import DEFAULT_SCHEDULE, MAX_ENTRIES, MAX_SECONDS, MIN_SECONDS
from parley.sids import ACCOUNT, ASSISTANT, WEBHOOK
from parley.vocabulary import TYPES
from parley.webhook import ACTIVE, BY_USER, DISABLED, FAILING, GONE, NATIVE, PAUSED, Webhook

if TYPE_CHECKING:
    from cli.openapi.resource import Schema

_SAMPLE = Webhook(
    sid=SAMPLE_WEBHOOK,
    account_sid=SAMPLE_ACCOUNT,
    assistant_sid=SAMPLE_ASSISTANT,
    unique_name="crm",
    events="message.received conversation_created",
    url="https://crm.example.com/hooks/parley",
    method="POST",
    format=NATIVE,
    jwt="auto",
    retry_schedule=DEFAULT_SCHEDULE,
    header_names=("X-Team",),
    enabled=True,
    status=ACTIVE,
    status_reason=None,
    status_since_ms=None,
    version=1,
    created_ms=CREATED_MS,
    updated_ms=CREATED_MS,
)
_EXAMPLE = shapes.webhook(WebhookRecord(_SAMPLE), BASE_URL, now_ms=CREATED_MS)


def _event_name() -> str:
    """One word of `Events`."""
    names = [platform(name).names for name in PLATFORM_NAMES]
    return patterns.one_of(
        [
            patterns.literal(ALL),
            *map(patterns.literal, TYPES),
            *(
                (patterns.any_case if each.fold_case else patterns.literal)(known)
                for each in names
                for known in each.known
            ),
            *(rf"{patterns.literal(prefix)}\S+" for each in names for prefix in each.open_prefixes),
        ]
    )


def _header_name() -> Schema:
    """The name of one of the team's own headers."""
    refused = [
        *(f"{patterns.any_case(name)}$" for name in (*header_sets.HOP_BY_HOP, *header_sets.FRAMING)),
        *(patterns.any_case(prefix) for prefix in header_sets.SIGNATURES),
    ]
    return {
        "pattern": "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$",
        "maxLength": header_sets.MOST_NAME_CHARACTERS,
        "not": {"pattern": f"^{patterns.one_of(refused)}"},
    }


_RULES: dict[str, Schema] = {
    "unique_name": UNIQUE_NAME,
    "events": text(
        f"Event names separated by white space: the platforms' own, common types, `{ALL}` for all that platforms send."
        " Autopilot's compare without case. Echoed as given.",
        minLength=1,
        maxLength=webhook_values.MOST_EVENTS_CHARACTERS,
        pattern=patterns.words(_event_name()),
    ),
    "webhook_url": text(
        "Where callbacks go: https (http where the deployment allows it), public addresses, no userinfo."
        " Kept and shown as it will be sent.",
        minLength=1,
        maxLength=webhook_values.MOST_URL_CHARACTERS,
        pattern=rf"^{patterns.any_case('http')}[sS]?:\/\/[^\s]+$",
        examples=["https://crm.example.com/hooks/parley"],
    ),
    "webhook_method": text(
        "GET carries Autopilot's events alone, in the native format.",
        enum=list(webhook_values.METHODS),
        default="POST",
    ),
    "enabled": {
        "type": "boolean",
        "default": True,
        "description": "Off, nothing is sent and nothing piles up. True on a webhook that was switched off by Parley"
        " starts it again.",
    },
    "secret": text(
        f"What callbacks are signed with; generated when absent. The mask `{MASK}` keeps the present one, and is"
        " refused on creation.",
        minLength=1,
        maxLength=rotation.MOST_CHARACTERS,
    ),
    "headers": {
        "type": "object",
        "description": f"Your own headers on every callback: the whole set. The mask `{MASK}` as a value keeps that"
        " header's present value. `Authorization` takes the place of the JWT.",
        "maxProperties": header_sets.MOST_HEADERS,
        "propertyNames": _header_name(),
        "additionalProperties": {
            "type": "string",
            "minLength": 1,
            "maxLength": header_sets.MOST_VALUE_CHARACTERS,
            "description": "On one line, without white space at its ends.",
        },
    },
    "format": text("How an event is written in callbacks.", enum=list(webhook_values.FORMATS), default=NATIVE),
    "jwt": text(
        "Whether a signed token goes with callbacks; `auto`: with watsonx's own.",
        enum=list(webhook_values.JWT_MODES),
        default="auto",
    ),
    "retry_schedule": text(
        f"Seconds before each further attempt, separated by spaces: 1 to {MAX_ENTRIES}, each {MIN_SECONDS} to"
        f" {MAX_SECONDS:,}. Their sum and {webhook_values.MARGIN_DAYS} days must fit into the days of retention.",
        minLength=1,
        maxLength=MAX_ENTRIES * 8,
        pattern=patterns.words("[0-9]{1,5}", most=MAX_ENTRIES),
        default=" ".join(map(str, DEFAULT_SCHEDULE)),
    ),
    "rotate_secret": {"type": "boolean", "default": False, "description": "Generate a new secret; not with `Secret`."},
    "overlap_seconds": OVERLAP_SECONDS,
}

_ABOUT = "Parley calls you: where, for which events, and how it is signed and tried again."
_VIEW = View(
    name="Webhook",
    about=_ABOUT,
    keys={
        "sid": sid(WEBHOOK, "The webhook."),
        "account_sid": sid(ACCOUNT, "Whose it is."),
        "assistant_sid": sid(ASSISTANT, "Where it stands."),
        "unique_name": UNIQUE_NAME,
        "events": text("As it was given."),
        "webhook_url": link("As it is sent and signed."),
        "webhook_method": text("As it was given.", enum=list(webhook_values.METHODS)),
        "enabled": {"type": "boolean", "description": "False while it is disabled, by you or by Parley."},
        "status": text("`paused` is temporary: its receiver failed, its events wait.", enum=[ACTIVE, PAUSED, DISABLED]),
        "status_reason": or_null(text("Why.", enum=[BY_USER, GONE, FAILING])),
        "status_since": or_null(date("Since when.")),
        "waiting": or_null(
            {
                "type": "integer",
                "minimum": 0,
                "maximum": MOST_COUNTED,
                "description": "Events that it is still to get: those that wait while it is paused or off, and those"
                f" that are being tried again. Counted up to {MOST_COUNTED:,}, and to fewer where their answers fill"
                f" {COUNTING_READS} MB; more may be there then. Null: not known just now, or in a list where"
                f" {MOST_COUNTED_WEBHOOKS} others have been counted.",
            }
        ),
        "secret": text(MASKED),
        "previous_secret_expires_at": or_null(date("Until when the former secret signs too.")),
        "headers": {
            "type": "object",
            "description": "Your own headers, their values masked.",
            "additionalProperties": {"const": MASK},
        },
        "format": text("As it was given.", enum=list(webhook_values.FORMATS)),
        "jwt": text("As it was given.", enum=list(webhook_values.JWT_MODES)),
        "retry_schedule": text("Seconds before each further attempt."),
        "version": {"type": "integer", "minimum": 1, "description": "Counts changes; also in the `ETag`."},
        **DATES,
        "url": link("Of the webhook."),
    },
    example=_EXAMPLE,
)

_CREATE = Body(
    writable=webhook_values.WRITABLE,
    read_only=webhook_values.READ_ONLY,
    required=webhook_values.REQUIRED,
    rules=_RULES,
    example={
        "unique_name": "crm",
        "events": "message.received conversation_created",
        "webhook_url": "https://crm.example.com/hooks/parley",
        "headers": {"X-Team": "blue"},
    },
)
_UPDATE = Body(
    writable=(*webhook_values.WRITABLE, *rotation.ROTATIONS),
    read_only=webhook_values.READ_ONLY,
    required=(),
    rules=_RULES,
    example={"events": ALL, "rotate_secret": True, "overlap_seconds": 3600},
)

RESOURCE = Resource(
    name="Webhook",
    plural="Webhooks",
    about=_ABOUT,
    path=webhooks.LIST,
    views=(_VIEW,),
    operations=conventional.operations(_VIEW, "Webhooks", webhooks.LIST, create=_CREATE, update=_UPDATE),
)
