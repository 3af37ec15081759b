"""The routes of deliveries: what became of each event at one webhook, attempt by attempt; and sending one again.

Sending again, now, uses the delivery's own `webhook-id`, so a receiver knows what it has had already:

- one that is on its way (`retrying`, `waiting`) has its next attempt now, out of turn. If that fails, its schedule goes
  on from there; while its webhook is paused, it waits on as it was, as after a probe;
- one that is over (`delivered`, `exhausted`, `cancelled`, `expired`) has one attempt. If that fails, the delivery is
  over again as it was: its schedule does not start anew;
- an attempt that is under way already is the one that was asked for;
- a disabled webhook is not called: 409.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from functions.history import filters, resources, sending
from functions.history.events import CURSORS
from parley import retry
from parley.api import links, paging
from parley.api.caller import REPLAY
from parley.api.parameters import read_body, read_query
from parley.api.routing import Answer, Api, Call
from parley.attempts import RESEND
from parley.data_table import deliveries, events
from parley.errors import ConflictError, NotFoundError
from parley.sids import DELIVERY, event_sid_of, is_sid
from parley.webhook import DISABLED

if TYPE_CHECKING:
    from functions.history.deployment import Deployment
    from parley.data_table.events import Stored
    from parley.webhook import Webhook

LIST = "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Deliveries"
ONE = "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Deliveries/{Sid}"

FILTERS = (*filters.TIMES, "Status")


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve deliveries."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.post(ONE, REPLAY)(functools.partial(send_again, deployment))


def list_all(deployment: Deployment, call: Call, assistant: str, webhook: str) -> Answer:
    """A page of a webhook's deliveries, newest event first, narrowed by status or by the time of the event.

    The page may be short, even empty, and have a next one: the work for it is bounded, and no delivery is skipped. What
    receivers answered stands in the fetch alone.
    """
    settings = deployment.settings
    page = paging.read(call.request.raw_query, cursors=CURSORS, filters=FILTERS)
    between = filters.between(page.filters).before(page.cursor)
    status = filters.choice(page.filters, "Status", retry.STATUSES)
    owner = deployment.webhook(call, assistant, webhook)
    listed = deliveries.list_newest(
        deployment.dynamodb,
        settings.data_table,
        assistant_sid=owner.assistant_sid,
        webhook_sid=owner.sid,
        shards=settings.event_shards,
        status=status,
        between=between,
        limit=page.size,
    )
    url = links.resource(call.base_url, "Assistants", owner.assistant_sid, "Webhooks", owner.sid, "Deliveries")
    return Answer(
        200,
        {
            "meta": paging.block(url, "deliveries", page, before=None, after=listed.cursor),
            "deliveries": [
                resources.delivery(entry, owner.assistant_sid, call.base_url, whole=False) for entry in listed.rows
            ],
        },
    )


def _event(deployment: Deployment, call: Call, webhook: Webhook, sid: str) -> Stored:
    """The event that a delivery to this webhook is about."""
    found = None
    if is_sid(sid, DELIVERY):
        event_sid = event_sid_of(sid, webhook.sid)
        found = events.load(deployment.dynamodb, deployment.settings.data_table, webhook.assistant_sid, event_sid)
    if found is None:
        raise NotFoundError(call.path)
    return found


def fetch(deployment: Deployment, call: Call, assistant: str, webhook: str, sid: str) -> Answer:
    """One delivery, with every attempt and what the receiver answered to those that failed."""
    read_query(call.request.raw_query, allowed=())
    owner = deployment.webhook(call, assistant, webhook)
    stored = _event(deployment, call, owner, sid)
    found = deliveries.load(deployment.dynamodb, deployment.settings.data_table, stored.listed, owner.sid)
    if found is None:
        raise NotFoundError(call.path)
    return Answer(200, resources.delivery(found, owner.assistant_sid, call.base_url, whole=True))


def send_again(deployment: Deployment, call: Call, assistant: str, webhook: str, sid: str) -> Answer:
    """Send one delivery again now, whatever became of it; 202 with the delivery as it is before the attempt."""
    read_query(call.request.raw_query, allowed=())
    read_body(call.request, writable=())
    dynamodb, settings = deployment.dynamodb, deployment.settings
    owner = deployment.webhook(call, assistant, webhook)
    stored = _event(deployment, call, owner, sid)
    if owner.status == DISABLED:
        raise ConflictError(f"The webhook is disabled ({owner.status_reason}). Enable it, then send again")
    try:
        item = deliveries.reopen(
            dynamodb,
            settings.data_table,
            stored,
            owner.sid,
            now_ms=call.now_ms,
            due_ms=sending.due_ms(deployment, call),
        )
    except deliveries.EndingError:
        raise ConflictError("An attempt ends this delivery just now. See what came of it, then send again") from None
    if item is None:
        raise NotFoundError(call.path)
    sending.ask(deployment, item, RESEND, otherwise="send it again")
    shown = resources.delivery(deliveries.of_item(item), owner.assistant_sid, call.base_url, whole=True)
    return Answer(202, shown)
