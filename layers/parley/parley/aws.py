"""The AWS clients, with limits short enough for a platform that waits five seconds and sends once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

# Connect 1 s + read 2 s, twice, is 6 s at worst and 3 s in the case that happens (one dead connection); botocore's
# defaults of 60 s and legacy retries would outlast Chatwoot's only attempt (engine.md 6).
_LIMITS = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,
    tcp_keepalive=True,
)


class PartialAnswerError(Exception):
    """Raised when a batch was answered in part: DynamoDB left keys unread, or SQS refused messages."""


# What a table or queue that cannot serve just now raises: trying again later is right.
UNAVAILABLE = (BotoCoreError, ClientError, PartialAnswerError)


def dynamodb() -> DynamoDBClient:
    """A DynamoDB client; the endpoint may be `AWS_ENDPOINT_URL_DYNAMODB`."""
    return boto3.client("dynamodb", config=_LIMITS)


def sqs() -> SQSClient:
    """An SQS client; the endpoint may be `AWS_ENDPOINT_URL_SQS`."""
    return boto3.client("sqs", config=_LIMITS)
