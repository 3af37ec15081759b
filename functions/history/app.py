"""The history function: wiring only."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from functions.history import resources
from parley import aws, sids
from parley.api import links, paging
from parley.api.routing import Answer, Api, Call
from parley.config_table import assistants
from parley.data_table import events, keys, undelivered
from parley.errors import NotFoundError
from parley.retry import DELIVERED
from parley.settings import HistorySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb.client import DynamoDBClient

_CURSORS = re.compile(r"[0-9]{13}#EV[0-9a-f]{32}")

logger = Logger()


def build(settings: HistorySettings, dynamodb: DynamoDBClient) -> Api:
    """The function, given its settings and clients."""
    api = Api(public_url=settings.public_url)

    @api.get("/v1/Assistants/{AssistantSid}/Events")
    def list_events(call: Call, assistant: str) -> Answer:
        assistant_sid = assistants.resolve(dynamodb, settings.config_table, call.caller.account_sid, assistant)
        page = paging.read(call.request.raw_query, cursors=_CURSORS)
        listed, more = events.list_newest(
            dynamodb,
            settings.data_table,
            assistant_sid,
            shards=settings.event_shards,
            before=page.cursor,
            limit=page.size,
        )
        after = keys.listing_sort(listed[-1].received_ms, listed[-1].event_sid) if more else None
        url = links.resource(call.base_url, "Assistants", assistant_sid, "Events")
        return Answer(
            200,
            {
                "meta": paging.block(url, "events", page, before=None, after=after),
                "events": [resources.event(entry, call.base_url) for entry in listed],
            },
        )

    @api.get("/v1/Assistants/{AssistantSid}/Events/{Sid}")
    def fetch_event(call: Call, assistant: str, sid: str) -> Answer:
        assistant_sid = assistants.resolve(dynamodb, settings.config_table, call.caller.account_sid, assistant)
        stored = (
            events.load(dynamodb, settings.data_table, assistant_sid, sid) if sids.is_sid(sid, sids.EVENT) else None
        )
        if stored is None:
            raise NotFoundError(call.path)
        first = events.load_results(dynamodb, settings.data_table, stored.listed)
        later = undelivered.load_many(
            dynamodb,
            settings.data_table,
            stored.event.sid,
            stored.event.received_ms,
            [result.webhook_sid for result in first if result.status != DELIVERED],
        )
        return Answer(
            200,
            {
                **resources.event(stored.listed, call.base_url),
                **resources.payload(stored.event.payload),
                "results": resources.results(stored.event.sid, first, later),
            },
        )

    return api


@cache
def _api() -> Api:
    return build(HistorySettings.from_environment(os.environ), aws.dynamodb())


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Payload format 2.0 in and out."""
    return _api().handle(event, context)
