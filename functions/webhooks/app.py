"""The webhooks function: configuration, and our own 404 and 405 for whatever no route takes."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from functions.webhooks import assistants, sources, webhooks
from functions.webhooks.deployment import Deployment
from parley import aws
from parley.api.routing import Api
from parley.settings import WebhooksSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb.client import DynamoDBClient

# What other functions serve, so that `$default` can tell 405 from 404. A test compares it with the template.
ELSEWHERE = {
    "/v1/Assistants/{AssistantSid}/Events": ("DELETE", "GET", "POST"),
    "/v1/Assistants/{AssistantSid}/Events/{Sid}": ("DELETE", "GET"),
    "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Deliveries": ("GET",),
    "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Deliveries/{Sid}": ("GET", "POST"),
    "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Replays": ("GET", "POST"),
    "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Replays/{Sid}": ("GET", "POST"),
    "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Test": ("POST",),
    "/console": ("GET",),
    "/console/{asset}": ("GET",),
    "/ingest/{platform}/{source}/{token}": ("GET", "POST"),
    "/schemas/v1/{name}": ("GET",),
}


def build(settings: WebhooksSettings, dynamodb: DynamoDBClient) -> Api:
    """The routes of one deployment."""
    api = Api(public_url=settings.public_url, elsewhere=ELSEWHERE)
    deployment = Deployment(dynamodb, settings)
    for resource in (assistants, webhooks, sources):
        resource.add_routes(api, deployment)
    return api


@functools.cache
def _deployed() -> Api:
    return build(WebhooksSettings.from_environment(os.environ), aws.dynamodb())


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a payload-v2 event of API Gateway."""
    return _deployed().handle(event, context)
