"""Which routes the management functions register: the `Api` objects that answer, over clients that nobody calls.

Ingest serves one of them, emitting an event, without such an object: its route and scope are named there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from functions.history import app as history
from functions.ingest import app as ingest
from functions.ingest.emit import emit
from functions.webhooks import app as webhooks
from parley.api.caller import EMIT
from parley.api.routing import Registered
from parley.settings import HistorySettings, WebhooksSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

# What settings are read from: none of it matters here, but that it is there.
_ENVIRONMENT = {
    "CONFIG_TABLE": "config",
    "DATA_TABLE": "data",
    "RETRY_QUEUE_URL": "https://queue",
    "PUBLIC_URL": "",
    "RETENTION_DAYS": "30",
    "EVENT_SHARDS": "1",
    "ALLOW_HTTP_TARGETS": "false",
    "ALLOWED_PRIVATE_CIDRS": "",
    "MAX_WEBHOOKS_PER_ACCOUNT": "0",
    "INGEST_URL": "",
}


def registered() -> list[Registered]:
    """Every route behind the authorizer, by path and method."""
    dynamodb, sqs = cast("DynamoDBClient", None), cast("SQSClient", None)
    apis = (
        webhooks.build(WebhooksSettings.from_environment(_ENVIRONMENT), dynamodb),
        history.build(HistorySettings.from_environment(_ENVIRONMENT), dynamodb, sqs),
    )
    method, _, path = ingest.EMIT.partition(" ")
    routes = [Registered(method, path, EMIT, emit), *(route for api in apis for route in api.routes)]
    return sorted(routes, key=lambda route: (route.path, route.method))
