"""Replays: a job that sends many deliveries again, or for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.openapi import parameters
from cli.openapi.resource import Body, Operation, Resource, Success, View
from cli.openapi.values import (
    BASE_URL,
    CREATED_MS,
    SAMPLE_ACCOUNT,
    SAMPLE_ASSISTANT,
    SAMPLE_WEBHOOK,
    date,
    link,
    or_null,
    sample_sid,
    sid,
    text,
)
from functions.history import filters, replays
from parley.data_table.jobs import Replay
from parley.errors import ConflictError
from parley.replays import ALL, CANCELLED, DEFAULT_RATE, FAILED, MAX_RATE, MISSING, MODES, REASONS, RUNNING, STATUSES
from parley.sids import REPLAY, WEBHOOK
from parley.vocabulary import TYPES

if TYPE_CHECKING:
    from cli.openapi.resource import Schema

_EXAMPLE = replays.shown(
    Replay(
        sid=sample_sid(REPLAY),
        webhook_sid=SAMPLE_WEBHOOK,
        assistant_sid=SAMPLE_ASSISTANT,
        account_sid=SAMPLE_ACCOUNT,
        mode=FAILED,
        from_ms=CREATED_MS - 86_400_000,
        to_ms=CREATED_MS,
        type="message.received",
        platform=None,
        conversation_id=None,
        dry_run=False,
        rate=DEFAULT_RATE,
        created_ms=CREATED_MS,
        status=RUNNING,
        counted=True,
        total=120,
        done=40,
        delivered=39,
        failed=1,
    ),
    BASE_URL,
)
_MODE = (
    f"`{FAILED}`: deliveries that ended without success. `{MISSING}`: events that the webhook's `Events` take as they"
    f" are now, and that never were for it. `{ALL}`: both, and the delivered ones."
)


def _count(about: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": about}


_ABOUT = "A job that sends many of a webhook's deliveries again, or for the first time, oldest event first."
_VIEW = View(
    name="Replay",
    about=_ABOUT,
    keys={
        "sid": sid(REPLAY, "The replay."),
        "webhook_sid": sid(WEBHOOK, "The webhook."),
        "mode": text(_MODE, enum=list(MODES)),
        "from": or_null(date("Events received from then on.")),
        "to": date("Events received before."),
        "type": or_null(text("Only events of this common type.")),
        "platform": or_null(text("Only events from this platform.")),
        "conversation_id": or_null(text("Only this conversation's events.")),
        "dry_run": {"type": "boolean", "description": "It counts, and sends nothing."},
        "rate": {"type": "integer", "description": "Never more a second."},
        "status": text(
            "`waiting`: its webhook is not in order, or an older replay sends to it; it goes on by itself.",
            enum=list(STATUSES),
        ),
        "reason": or_null(
            text(
                "Why it waits, was cancelled, or failed.",
                enum=[reason for reasons in REASONS.values() for reason in reasons],
            )
        ),
        "total": _count("What there is to send; grows while `counting`."),
        "done": _count("Dealt with."),
        "delivered": _count("Of those: succeeded."),
        "failed": _count("Of those: failed. The others wait with their webhook."),
        "date_created": date("When it was created."),
        "url": link("Of the replay."),
    },
    example=_EXAMPLE,
)

_TIME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": filters.MOST_CHARACTERS,
    "examples": ["2026-11-20T08:00:00Z", "2026-11-20"],
}
_CREATE = Body(
    writable=replays.WRITABLE,
    read_only=replays.READ_ONLY,
    required=("mode",),
    rules={
        "mode": text(_MODE, enum=list(MODES)),
        "from": {**_TIME, "description": "Events received from then on: ISO 8601, UTC or with an offset."},
        "to": {**_TIME, "description": "Events received before; at most, and without it, until now."},
        "type": text("Only events of this common type.", enum=list(TYPES)),
        "platform": text("Only events from this platform.", enum=list(replays.PLATFORMS)),
        "conversation_id": text("Only this conversation's events.", minLength=1, maxLength=filters.MOST_CHARACTERS),
        "dry_run": {"type": "boolean", "default": False, "description": "Count, and send nothing."},
        "rate": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_RATE,
            "default": DEFAULT_RATE,
            "description": "Never more a second.",
        },
    },
    example={"mode": FAILED, "from": "2026-11-20T08:00:00Z", "rate": DEFAULT_RATE},
)
_CANCEL = Body(
    writable=("status",),
    read_only=tuple(key for key in (*replays.WRITABLE, *replays.READ_ONLY) if key != "status"),
    required=("status",),
    rules={"status": text("The one change there is.", enum=[CANCELLED])},
    example={"status": CANCELLED},
)

RESOURCE = Resource(
    name="Replay",
    plural="Replays",
    about=_ABOUT,
    path=replays.LIST,
    views=(_VIEW,),
    operations=(
        Operation(
            name="ListReplays",
            method="GET",
            path=replays.LIST,
            parameters=parameters.PAGING,
            successes={200: Success(about="A page.", shown=_VIEW, page=True)},
        ),
        Operation(
            name="CreateReplay",
            method="POST",
            path=replays.LIST,
            body=_CREATE,
            successes={201: Success(about="It has begun.", shown=_VIEW)},
        ),
        Operation(
            name="FetchReplay",
            method="GET",
            path=replays.ONE,
            successes={200: Success(about="The replay.", shown=_VIEW)},
        ),
        Operation(
            name="CancelReplay",
            method="POST",
            path=replays.ONE,
            body=_CANCEL,
            successes={200: Success(about="It is cancelled.", shown=_VIEW)},
            refused=(ConflictError,),
        ),
    ),
)
