"""Events: what came in, what became of it at each webhook; emitting and erasing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.openapi import parameters
from cli.openapi.errors import DocumentError
from cli.openapi.resource import Operation, Resource, Success, View, WholeBody
from cli.openapi.values import (
    BASE_URL,
    CREATED_MS,
    SAMPLE_ASSISTANT,
    date,
    link,
    or_null,
    sample_sid,
    sid,
    text,
)
from functions.history import events, filters, rendering, resources
from functions.ingest.emit import LONGEST_KEY
from parley import retry
from parley.api.parameters import JSON
from parley.api.resources import event as event_resource
from parley.data_table.events import Listed
from parley.errors import UnavailableError
from parley.event import ACCEPTED, UNRECOGNISED
from parley.platforms import PLATFORM_NAMES
from parley.results import Result
from parley.retry import STATUSES
from parley.sids import ASSISTANT, DELIVERY, EVENT, SOURCE, WEBHOOK
from parley.vocabulary import PARLEY, TYPES

if TYPE_CHECKING:
    from collections.abc import Collection

    from cli.openapi.resource import Schema

_CALLBACK = {
    "event": "message_created",
    "id": 1,
    "content": "こんにちは",
    "message_type": "incoming",
    "conversation": {"id": 12},
}
_PAYLOAD = json.dumps(_CALLBACK, ensure_ascii=False).encode()
_RESULTS = (Result(sample_sid(WEBHOOK), retry.DELIVERED, attempts=1, last_status_code=204, duration_ms=41),)
_LISTED = Listed(
    event_sid=sample_sid(EVENT),
    assistant_sid=SAMPLE_ASSISTANT,
    source_sid=sample_sid(SOURCE),
    platform="messagehub",
    name="message_created",
    type="message.received",
    status=ACCEPTED,
    reason=None,
    conversation_id="12",
    occurred_ms=CREATED_MS - 1000,
    received_ms=CREATED_MS,
    size_bytes=len(_PAYLOAD),
    chunks=0,
    results=_RESULTS,
)
_EXAMPLE = event_resource(_LISTED, BASE_URL)
_ROWS = resources.results(_LISTED.event_sid, _RESULTS, ())

_KEYS: dict[str, Schema] = {
    "sid": sid(EVENT, "The event."),
    "assistant_sid": sid(ASSISTANT, "Where it stands."),
    "source_sid": or_null(sid(SOURCE, "Where it came in; null: the team's own bot or Parley said it.")),
    "platform": text("What it came from.", examples=[*PLATFORM_NAMES, PARLEY]),
    "event": text("Its name on that platform."),
    "type": text("Its common name.", examples=["message.received"]),
    "status": text("`unrecognised`: kept raw, because it could not be read.", enum=[ACCEPTED, UNRECOGNISED]),
    "status_reason": or_null(text("Why it could not be read.")),
    "conversation_id": or_null(text("The platform's own.")),
    "occurred_at": or_null(date("When it happened, as the platform says.")),
    "date_created": date("When it was accepted."),
    "size_bytes": {"type": "integer", "minimum": 0, "description": "Of its payload."},
    "url": link("Of the event."),
}
_RESULT = View(
    name="EventResult",
    about="What became of an event at one webhook.",
    keys={
        "webhook_sid": sid(WEBHOOK, "The webhook."),
        "delivery_sid": sid(DELIVERY, "The delivery: `webhook-id` of its callbacks."),
        "status": text("How it stands.", enum=list(STATUSES)),
        "attempts": {"type": "integer", "minimum": 0, "description": "How many were made."},
        "last_status_code": or_null({"type": "integer", "description": "Of the last answer; null: none came."}),
    },
    example=_ROWS[0],
)
_ABOUT = "What came in, newest first, and what became of it."
_LISTED_VIEW = View(name="ListedEvent", about=_ABOUT, keys=_KEYS, example=_EXAMPLE)
_FETCHED_VIEW = View(
    name="Event",
    about=_ABOUT,
    keys={
        **_KEYS,
        "method": text("How it came; with GET the payload is the query.", enum=["GET", "POST"]),
        "content_type": or_null(text("Of the body as it came.")),
        "payload": text("The raw bytes as they came, or in the `Format` that was asked for: text, or base64."),
        "payload_encoding": text("There, when the payload is base64.", enum=["base64"]),
        "results": {
            "type": "array",
            "description": "A row for each webhook that the event matched.",
            "items": {"$ref": f"#/components/schemas/{_RESULT.name}"},
        },
    },
    example={**_EXAMPLE, "method": "POST", "content_type": JSON, **resources.payload(_PAYLOAD), "results": _ROWS},
    optional=frozenset({"payload_encoding"}),
)
_ERASING_VIEW = View(
    name="Erasure",
    about="An erasure that goes on with the same request.",
    keys={"status": text("Not finished.", enum=[events.ERASING]), "url": link("To send the request to again.")},
    example={"status": events.ERASING, "url": f"{BASE_URL}/v1/Assistants/{SAMPLE_ASSISTANT}/Events"},
)

_TIME: Schema = {"type": "string", "minLength": 1, "examples": ["2026-11-20T08:00:00Z", "2026-11-20"]}
_CONVERSATION: Schema = {"type": "string", "minLength": 1, "maxLength": filters.MOST_CHARACTERS}
_FILTERS: dict[str, Schema] = {
    "After": parameters.of_query("After", "Accepted from then on: ISO 8601, UTC or with an offset.", _TIME),
    "Before": parameters.of_query("Before", "Accepted before: ISO 8601, UTC or with an offset.", _TIME),
    "Type": parameters.of_query("Type", "Of that common type.", {"type": "string", "enum": list(TYPES)}),
    "Platform": parameters.of_query(
        "Platform", "From that platform.", {"type": "string", "enum": [*PLATFORM_NAMES, PARLEY]}
    ),
    "ConversationId": parameters.of_query("ConversationId", "Of that conversation.", _CONVERSATION),
    "Status": parameters.of_query("Status", "That stand so.", {"type": "string", "enum": list(STATUSES)}),
}


def narrowed_by(names: Collection[str]) -> tuple[Schema, ...]:
    """What a list takes beside its pages.

    Raises:
        DocumentError: One of them is not described.
    """
    if missing := set(names) - set(_FILTERS):
        raise DocumentError(f"no description of {', '.join(sorted(missing))}")
    return tuple(_FILTERS[name] for name in names)


# Both may stand in the query or in the body.
_WHOSE = "Which platform's event it is, where the event's name does not tell."
_NAME = "The event's name."
_EMITTED = WholeBody(
    form={
        "type": "object",
        "description": "Autopilot's parameters; or in `Payload` the text of a callback that is JSON.",
        "properties": {
            "Platform": text(_WHOSE, enum=list(PLATFORM_NAMES)),
            "Event": text(_NAME, minLength=1),
            "Payload": text("The callback's JSON.", contentMediaType=JSON),
        },
        "additionalProperties": {"type": "string"},
    },
    form_example={
        "Event": "onDialogueStart",
        "UserIdentifier": "+4915112345678",
        "DialogueEntryPoint": "voice",
        "CurrentTask": "greeting",
    },
    json={"type": "object", "description": "The platform's own callback body; `Platform` may stand beside."},
    json_example=_CALLBACK,
)
_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key twice is one event: 200 with the first one's SID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}
_ERASED = {204: Success(about="It is gone."), 202: Success(about="Send it again.", shown=_ERASING_VIEW)}

RESOURCE = Resource(
    name="Event",
    plural="Events",
    about=_ABOUT,
    path=events.LIST,
    views=(_FETCHED_VIEW, _LISTED_VIEW, _RESULT, _ERASING_VIEW),
    operations=(
        Operation(
            name="ListEvents",
            method="GET",
            path=events.LIST,
            parameters=(*parameters.PAGING, *narrowed_by(events.FILTERS)),
            successes={200: Success(about="A page.", shown=_LISTED_VIEW, page=True)},
        ),
        Operation(
            name="EmitEvent",
            method="POST",
            path=events.LIST,
            parameters=(
                parameters.of_query("Platform", _WHOSE, {"type": "string", "enum": list(PLATFORM_NAMES)}),
                parameters.of_query("Event", _NAME, {"type": "string", "minLength": 1}),
                _IDEMPOTENCY_KEY,
            ),
            body=_EMITTED,
            successes={
                201: Success(about="It is kept.", shown=_LISTED_VIEW),
                200: Success(about="It was emitted before.", shown=_LISTED_VIEW),
            },
            refused=(UnavailableError,),
        ),
        Operation(
            name="EraseConversation",
            method="DELETE",
            path=events.LIST,
            parameters=(
                parameters.of_query("ConversationId", "Whose events are erased.", _CONVERSATION, required=True),
            ),
            successes=_ERASED,
        ),
        Operation(
            name="FetchEvent",
            method="GET",
            path=events.ONE,
            parameters=(
                parameters.of_query(
                    events.FORMAT,
                    "Show as `payload` the body that a webhook with that format gets, in place of what came.",
                    {"type": "string", "enum": list(rendering.FORMATS)},
                ),
            ),
            successes={200: Success(about="The event.", shown=_FETCHED_VIEW)},
        ),
        Operation(name="EraseEvent", method="DELETE", path=events.ONE, successes=_ERASED),
    ),
)
