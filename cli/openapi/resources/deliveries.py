"""Deliveries: an event at one webhook, attempt by attempt; sending one again; and a sample's, as a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.openapi import parameters
from cli.openapi.resource import Body, Operation, Resource, Success, View
from cli.openapi.resources.events import narrowed_by
from cli.openapi.values import (
    BASE_URL,
    CREATED_MS,
    SAMPLE_ASSISTANT,
    SAMPLE_WEBHOOK,
    date,
    link,
    or_null,
    sample_sid,
    sid,
    text,
)
from functions.history import deliveries, resources, testing
from parley import attempts, codec, retry, samples
from parley.data_table.deliveries import Delivery
from parley.errors import ConflictError, UnavailableError
from parley.sids import DELIVERY, EVENT, WEBHOOK

if TYPE_CHECKING:
    from cli.openapi.resource import Schema

_NUMBER, _PACKED = codec.pack(b"temporarily out of order")
_SAMPLE = Delivery(
    event_sid=sample_sid(EVENT),
    webhook_sid=SAMPLE_WEBHOOK,
    received_ms=CREATED_MS,
    status=retry.RETRYING,
    reason=None,
    next_attempt_ms=CREATED_MS + 5_000,
    log=(
        {
            "number": 1,
            "trigger": attempts.FIRST,
            "started_at": CREATED_MS,
            "duration_ms": 41,
            "reused": False,
            "dns_ms": 3,
            "connect_ms": 9,
            "tls_ms": 14,
            "first_byte_ms": 38,
            "address": "203.0.113.7",
            "status_code": 503,
            "response_headers": {"retry-after": "5"},
            "response_body": _PACKED,
            "response_codec": _NUMBER,
        },
    ),
)
_LISTED = resources.delivery(_SAMPLE, SAMPLE_ASSISTANT, BASE_URL, whole=False)
_FETCHED = resources.delivery(_SAMPLE, SAMPLE_ASSISTANT, BASE_URL, whole=True)


def _milliseconds(about: str) -> Schema:
    return or_null({"type": "integer", "minimum": 0, "description": f"{about}, in milliseconds."})


_ATTEMPT_KEYS: dict[str, Schema] = {
    "number": {"type": "integer", "minimum": 0, "description": "Counted from 1."},
    "trigger": text(
        "Why it was made.", examples=[attempts.FIRST, attempts.RETRY, attempts.PROBE, attempts.RESEND, attempts.REPLAY]
    ),
    "started_at": or_null(date("When it began.")),
    "duration_ms": _milliseconds("From beginning to end"),
    "reused": or_null({"type": "boolean", "description": "Whether the connection was there already."}),
    "dns_ms": _milliseconds("Looking up the host"),
    "connect_ms": _milliseconds("Connecting"),
    "tls_ms": _milliseconds("Agreeing on encryption"),
    "first_byte_ms": _milliseconds("Until the answer began"),
    "address": or_null(text("Which address was called.")),
    "status_code": or_null({"type": "integer", "description": "Of the answer; null: none came."}),
    "error": or_null(text("Why there was no answer.")),
}
_LISTED_ATTEMPT = View(
    name="ListedAttempt",
    about="An attempt; null is what is not known.",
    keys=_ATTEMPT_KEYS,
    example=_LISTED["attempts"][0],
)
_ATTEMPT = View(
    name="Attempt",
    about="An attempt; null is what is not known, or not kept of a success.",
    keys={
        **_ATTEMPT_KEYS,
        "response_headers": {"type": ["object", "null"], "description": "What the receiver answered."},
        "response_body": or_null(text("What the receiver answered: text, or base64; its beginning alone if long.")),
        "response_body_encoding": text("There, when the body is base64.", enum=["base64"]),
    },
    example=_FETCHED["attempts"][0],
    optional=frozenset({"response_body_encoding"}),
)


def _keys(attempt: View) -> dict[str, Schema]:
    return {
        "sid": sid(DELIVERY, "The delivery: `webhook-id` of its callbacks."),
        "event_sid": sid(EVENT, "The event."),
        "webhook_sid": sid(WEBHOOK, "The webhook."),
        "status": text("How it stands.", enum=list(retry.STATUSES)),
        "reason": or_null(text("Why it waits or ended.")),
        "next_attempt_at": or_null(date("When the next attempt is planned.")),
        "date_created": date("When the event was accepted."),
        "attempts": {
            "type": "array",
            "description": "Oldest first.",
            "items": {"$ref": f"#/components/schemas/{attempt.name}"},
        },
        "url": link("Of the delivery."),
    }


_ABOUT = "An event at one webhook, attempt by attempt."
_LISTED_VIEW = View(name="ListedDelivery", about=_ABOUT, keys=_keys(_LISTED_ATTEMPT), example=_LISTED)
_FETCHED_VIEW = View(name="Delivery", about=_ABOUT, keys=_keys(_ATTEMPT), example=_FETCHED)

_TEST = Body(
    writable=testing.WRITABLE,
    read_only=(),
    required=(),
    rules={
        "type": text(
            "Of what a sample is sent: a common type, or a platform's event name; without it, something that the"
            " webhook subscribed to. For a webhook with GET it must be one of Autopilot's.",
            enum=list(samples.names()),
        )
    },
    example={"type": "message.received"},
)

RESOURCE = Resource(
    name="Delivery",
    plural="Deliveries",
    about=_ABOUT,
    path=deliveries.LIST,
    views=(_FETCHED_VIEW, _LISTED_VIEW, _ATTEMPT, _LISTED_ATTEMPT),
    operations=(
        Operation(
            name="ListDeliveries",
            method="GET",
            path=deliveries.LIST,
            parameters=(*parameters.PAGING, *narrowed_by(deliveries.FILTERS)),
            successes={200: Success(about="A page.", shown=_LISTED_VIEW, page=True)},
        ),
        Operation(
            name="FetchDelivery",
            method="GET",
            path=deliveries.ONE,
            successes={200: Success(about="The delivery.", shown=_FETCHED_VIEW)},
        ),
        Operation(
            name="SendDeliveryAgain",
            method="POST",
            path=deliveries.ONE,
            successes={202: Success(about="It is queued; this is how it stood before.", shown=_FETCHED_VIEW)},
            refused=(ConflictError, UnavailableError),
        ),
        Operation(
            name="TestWebhook",
            method="POST",
            path=testing.TEST,
            body=_TEST,
            successes={202: Success(about="The sample's delivery is queued.", shown=_FETCHED_VIEW)},
            refused=(ConflictError, UnavailableError),
        ),
    ),
)
