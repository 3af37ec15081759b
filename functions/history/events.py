"""The routes of events: what came in, newest first, each with what became of it; and erasing it.

What an erasure does not reach, because nothing can take it out there: point-in-time recovery keeps the table as it was
for 35 days; an event that could not even be recorded lies among the dead letters for 14 days at most, one that waits in
EventsQueue for 7; a callback that is under way is finished. Logs hold SIDs and types and no payload.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from functions.history import filters, rendering, resources
from parley.api import links, paging
from parley.api.parameters import read_query
from parley.api.resources import event as event_resource
from parley.api.routing import Answer, Api, Call
from parley.config_table import webhooks
from parley.data_table import event_lists, events, undelivered
from parley.data_table.erasure import Erasure
from parley.errors import InvalidParameterError, NotFoundError
from parley.platforms import PLATFORM_NAMES
from parley.sids import EVENT, is_sid
from parley.vocabulary import PARLEY, TYPES

if TYPE_CHECKING:
    from functions.history.deployment import Deployment

LIST = "/v1/Assistants/{AssistantSid}/Events"
ONE = "/v1/Assistants/{AssistantSid}/Events/{Sid}"

FORMAT = "Format"
FILTERS = (*filters.TIMES, "Type", "Platform", "ConversationId")
CURSORS = re.compile(r"[0-9]{13}#EV[0-9a-f]{32}")
_LATER_WEBHOOKS = 100  # of an assistant are asked what a replay sent them: two keys each, and a fetch stays cheap
_RESERVE_SECONDS = 4.0  # a step of an erasure, and the answer
ERASING = "erasing"


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve events."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.delete(LIST)(functools.partial(erase_conversation, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.delete(ONE)(functools.partial(erase, deployment))


def list_all(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """A page of an assistant's events, newest first, narrowed by time, type, platform or conversation.

    The page may be short, even empty, and have a next one: the work for it is bounded, and no event is skipped.
    """
    settings = deployment.settings
    page = paging.read(call.request.raw_query, cursors=CURSORS, filters=FILTERS)
    between = filters.between(page.filters).before(page.cursor)
    wanted = event_lists.Wanted(
        type=filters.choice(page.filters, "Type", TYPES),
        platform=filters.choice(page.filters, "Platform", (*PLATFORM_NAMES, PARLEY)),
        conversation_id=filters.text(page.filters, "ConversationId"),
    )
    assistant_sid = deployment.assistant_sid(call, assistant)
    listed = event_lists.list_newest(
        deployment.dynamodb,
        settings.data_table,
        assistant_sid,
        shards=settings.event_shards,
        wanted=wanted,
        between=between,
        limit=page.size,
    )
    url = links.resource(call.base_url, "Assistants", assistant_sid, "Events")
    return Answer(
        200,
        {
            "meta": paging.block(url, "events", page, before=None, after=listed.cursor),
            "events": [event_resource(entry, call.base_url) for entry in listed.rows],
        },
    )


def fetch(deployment: Deployment, call: Call, assistant: str, sid: str) -> Answer:
    """One event, with its payload, how that came, and what became of it at each webhook.

    With `Format` the payload is the body of a callback in that format, in place of what came.
    """
    wanted = filters.choice(read_query(call.request.raw_query, allowed=(FORMAT,)), FORMAT, rendering.FORMATS)
    dynamodb, table = deployment.dynamodb, deployment.settings.data_table
    assistant_sid = deployment.assistant_sid(call, assistant)
    stored = events.load(dynamodb, table, assistant_sid, sid) if is_sid(sid, EVENT) else None
    if stored is None:
        raise NotFoundError(call.path)
    first = events.load_results(dynamodb, table, stored.listed)
    # a replay may have sent it to a webhook for which it was not at first
    present, _ = webhooks.list_some(dynamodb, deployment.settings.config_table, assistant_sid, limit=_LATER_WEBHOOKS)
    asked = {result.webhook_sid for result in first} | {record.webhook.sid for record in present}
    since = undelivered.load_many(dynamodb, table, stored.event.sid, stored.event.received_ms, sorted(asked))
    raw = stored.event.payload
    if wanted is not None:
        raw = rendering.body(stored.event, wanted, public_url=deployment.settings.public_url)
    return Answer(
        200,
        {
            **event_resource(stored.listed, call.base_url),
            "method": stored.event.method,
            "content_type": stored.event.content_type,
            **resources.payload(raw),
            "results": resources.results(stored.event.sid, first, since),
        },
    )


def _erasure(deployment: Deployment, call: Call, assistant_sid: str) -> Erasure:
    _, present = webhooks.load_all(deployment.dynamodb, deployment.settings.config_table, assistant_sid)
    return Erasure(
        client=deployment.dynamodb,
        table=deployment.settings.data_table,
        assistant_sid=assistant_sid,
        webhook_sids=[webhook.sid for webhook in present],
        now_ms=call.now_ms,
        time_left=lambda: call.seconds_left() > _RESERVE_SECONDS,
    )


def _erased(call: Call, *, done: bool) -> Answer:
    """204, or 202 when the same request must be sent again to go on."""
    return Answer(204) if done else Answer(202, {"status": ERASING, "url": f"{call.base_url}/v1{call.path}"})


def erase(deployment: Deployment, call: Call, assistant: str, sid: str) -> Answer:
    """Erase one event: its payload, its results, its deliveries; what waits is cancelled with it.

    A platform's repeat of it is recognised until its retention would have ended, and not sent. 202 means that it took
    too long: send the same request again.
    """
    read_query(call.request.raw_query, allowed=())
    assistant_sid = deployment.assistant_sid(call, assistant)
    done = _erasure(deployment, call, assistant_sid).erase(sid) if is_sid(sid, EVENT) else None
    if done is None:
        raise NotFoundError(call.path)
    return _erased(call, done=done)


def erase_conversation(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """Erase all events of one conversation, `ConversationId`, that are in the list by now.

    202 means that there are more: send the same request again until it answers 204.
    """
    query = read_query(call.request.raw_query, allowed=("ConversationId",))
    conversation_id = filters.text(query, "ConversationId")
    if conversation_id is None:
        raise InvalidParameterError("ConversationId", "it is required", "the conversation_id of the events to erase")
    assistant_sid = deployment.assistant_sid(call, assistant)
    return _erased(call, done=_erasure(deployment, call, assistant_sid).erase_conversation(conversation_id))
