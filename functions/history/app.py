"""The history function: wiring only."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.history import deliveries, events, replays, schemas, testing
from functions.history.deployment import Deployment
from parley import aws
from parley.api.routing import Api
from parley.settings import HistorySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient


def build(settings: HistorySettings, dynamodb: DynamoDBClient, sqs: SQSClient) -> Api:
    """The function, given its settings and clients."""
    api = Api(public_url=settings.public_url)
    deployment = Deployment(settings, dynamodb, sqs)
    for resource in (events, deliveries, replays, testing):
        resource.add_routes(api, deployment)
    return api


@cache
def _api() -> Api:
    return build(HistorySettings.from_environment(os.environ), aws.dynamodb(), aws.sqs())


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Payload format 2.0 in and out."""
    if event["routeKey"] == schemas.ROUTE:
        return schemas.answer(event)
    return _api().handle(event, context)
