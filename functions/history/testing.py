"""The route that tests a webhook: a sample event, sent to it alone, on the way that all deliveries go.

The sample is an event of its own, without a place in the list of events, so no replay and no other webhook ever takes
it; it and its delivery can be fetched for a day. Its callback has one attempt and the header `Parley-Test: true`. A
paused webhook is called too, a disabled one is not: 409.
"""

from __future__ import annotations

import functools
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from functions.history import resources, sending
from parley import reasons, results, retry, samples, sids
from parley.api.parameters import MAX_BODY_BYTES, quoted, read_body, read_query, text_of
from parley.api.routing import Answer, Api, Call
from parley.attempts import FIRST
from parley.data_table import deliveries, events, undelivered
from parley.data_table.undelivered import Undelivered
from parley.errors import ConflictError, InvalidParameterError
from parley.subscriptions import takes
from parley.webhook import DISABLED

if TYPE_CHECKING:
    from functions.history.deployment import Deployment
    from parley.event import Event
    from parley.webhook import Webhook

TEST = "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Test"

WRITABLE = ("type",)
_KEPT_DAYS = 1


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve tests."""
    api.post(TEST)(functools.partial(send, deployment))


def _sample(webhook: Webhook, asked: str | None) -> Event:
    """The sample that was asked for, or one that the webhook subscribed to.

    Raises:
        InvalidParameterError: There is none.
    """
    if asked is not None and asked not in samples.names():
        raise InvalidParameterError("Type", quoted(asked), "a common type, or a platform's event name")
    # a GET carries the parameters of a form
    known = [event for event in samples.events() if webhook.method != "GET" or event.platform == "autopilot"]
    named = [event for event in known if asked in (None, event.type, event.name)]
    subscribed = [event for event in named if takes(webhook, event)]
    if asked is None and not subscribed:
        raise InvalidParameterError("Type", "there is no sample of what the webhook's Events take", "say which")
    if not named:
        raise InvalidParameterError("Type", quoted(asked), "for a webhook with GET an event of autopilot")
    return (subscribed or named)[0]


def send(deployment: Deployment, call: Call, assistant: str, webhook: str) -> Answer:
    """Send a sample event to a webhook, once; 202 with the delivery, which says later what came of it."""
    read_query(call.request.raw_query, allowed=())
    values = read_body(call.request, writable=WRITABLE)
    asked = text_of(values, "type", most=MAX_BODY_BYTES)
    dynamodb, settings = deployment.dynamodb, deployment.settings
    owner = deployment.webhook(call, assistant, webhook)
    sample = _sample(owner, asked)
    if owner.status == DISABLED:
        raise ConflictError(f"The webhook is disabled ({owner.status_reason}). Enable it, then test it")
    event = _event(sample, owner, call.now_ms)
    item = _item(event, owner, due_ms=sending.due_ms(deployment, call))
    first = results.Result(owner.sid, retry.RETRYING, attempts=0, last_status_code=None, duration_ms=0)
    kept = events.to_values(
        event, packed_results=results.pack([first]), chunks=0, shards=settings.event_shards, retention_days=_KEPT_DAYS
    )
    # nobody else is owed anything, so the event comes first; without `ipk` it is in no list
    events.put(dynamodb, settings.data_table, {**kept, "ipk": None})
    undelivered.put_new(dynamodb, settings.data_table, undelivered.to_values(item))
    sending.ask(deployment, item, FIRST, otherwise="it is sent in two minutes")
    shown = resources.delivery(deliveries.of_item(item), owner.assistant_sid, call.base_url, whole=True)
    return Answer(202, shown)


def _event(sample: Event, webhook: Webhook, now_ms: int) -> Event:
    rid = uuid.uuid4().hex
    sid = sids.event_sid(
        assistant_sid=webhook.assistant_sid,
        source_sid=webhook.assistant_sid,
        event_name=sample.name,
        conversation_id=None,  # not in the partition of a conversation of that name, if there is one
        identity=None,
        rid=rid,
    )
    return replace(
        sample,
        sid=sid,
        account_sid=webhook.account_sid,
        assistant_sid=webhook.assistant_sid,
        received_ms=now_ms,
        rid=rid,
    )


def _item(event: Event, webhook: Webhook, *, due_ms: int) -> Undelivered:
    """Its delivery: over after one attempt, whatever comes of that."""
    return Undelivered(
        webhook_sid=webhook.sid,
        event_sid=event.sid,
        assistant_sid=event.assistant_sid,
        account_sid=event.account_sid,
        received_ms=event.received_ms,
        attempts=0,
        status=retry.RETRYING,
        reason=reasons.TEST,
        next_attempt_ms=event.received_ms,
        due_ms=due_ms,
        last_status_code=None,
        log=(),
        expires_at=events.expires_at(event.received_ms, _KEPT_DAYS),
        ended_as=retry.EXHAUSTED,
        ended_reason=reasons.TEST,
    )
