"""The AWS clients, with limits short enough for a platform that waits five seconds and sends once.

Made by botocore, which boto3 is a cover of: boto3's import alone costs a cold start a fifth more, most of it for S3
(docs/performance.md).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

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
    # Of 900 µs of CPU that a call takes, checking what the service checks too is 50, and putting botocore's own
    # User-Agent together, twice, another 70.
    parameter_validation=False,
    user_agent=f"Botocore/{botocore.__version__} Parley/1",
)


class PartialAnswerError(Exception):
    """Raised when a batch was answered in part: DynamoDB left keys unread, or SQS refused messages."""


# What a table or queue that cannot serve just now raises: trying again later is right.
UNAVAILABLE = (BotoCoreError, ClientError, PartialAnswerError)


class _OwnServices(Loader):
    """Finds two services' models without looking, at each cold start, through the folders of four hundred.

    Lambda's credentials come from the environment, or by HTTP (SnapStart); such as want a third service (`sts`, `sso`)
    have no place here.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 — clients ask for kinds that both have
        return ["dynamodb", "sqs"]


@cache
def session() -> Session:
    """The one that this environment's clients come from, so that they share what it has read."""
    made = Session()
    made.register_component("data_loader", _OwnServices())
    return made


def dynamodb() -> DynamoDBClient:
    """A DynamoDB client; the endpoint may be `AWS_ENDPOINT_URL_DYNAMODB`."""
    client: Any = session().create_client("dynamodb", config=_LIMITS)
    made: DynamoDBClient = client
    return made


def sqs() -> SQSClient:
    """An SQS client; the endpoint may be `AWS_ENDPOINT_URL_SQS`."""
    client: Any = session().create_client("sqs", config=_LIMITS)
    made: SQSClient = client
    return made
