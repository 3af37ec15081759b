"""The tables and queues of a template, made in whatever engine serves this run.

Names carry the run, so that several runs can share an engine; ARNs and URLs are the engine's own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from cli.up.deployment import Engine
    from cli.up.template import Queue, Table, Template

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
    proxies={},  # a proxy in our environment has no business between us and an engine beside us
)


def dynamodb_client(engine: Engine) -> DynamoDBClient:
    """A client for the engine's tables."""
    return boto3.client("dynamodb", endpoint_url=engine.dynamodb_url, config=_CONFIG, **_identity(engine))


def sqs_client(engine: Engine) -> SQSClient:
    """A client for the engine's queues."""
    return boto3.client("sqs", endpoint_url=engine.sqs_url, config=_CONFIG, **_identity(engine))


def _identity(engine: Engine) -> dict[str, Any]:
    return {
        "region_name": engine.region,
        "aws_access_key_id": engine.access_key,
        "aws_secret_access_key": engine.secret_key,
    }


def scaled_seconds(seconds: float, time_scale: float) -> int:
    """Whole seconds for SQS, never 0: a visibility of 0 would hand a message out twice at once."""
    return max(1, math.ceil(seconds / time_scale))


def create(
    template: Template, dynamodb: DynamoDBClient, sqs: SQSClient, *, prefix: str, time_scale: float
) -> dict[str, dict[str, str]]:
    """Creates everything, or leaves nothing: the tables' engine may be fine where the queues' is not.

    Args:
        template: What to create.
        dynamodb: Client of the engine's tables.
        sqs: Client of the engine's queues.
        prefix: Stands before each logical id in a name that the template leaves open.
        time_scale: Divides the queues' visibility timeouts and delays.

    Returns:
        By logical id, the values of `Ref` (under "") and of the attributes.

    Raises:
        ClientError: An engine refuses.
        BotoCoreError: It cannot be reached.
    """
    made: dict[str, dict[str, str]] = {}
    try:
        for table in template.tables:
            name = table.name or f"{prefix}-{table.logical_id}"
            made[table.logical_id] = {"": name, "Arn": _create_table(dynamodb, table, name)}
            _await_table(dynamodb, name)
        # a queue with a redrive policy names its dead-letter queue by ARN, so that one comes first
        for queue in sorted(template.queues, key=lambda queue: queue.redrive is not None):
            dead_letters = made[queue.redrive[0]]["Arn"] if queue.redrive else None
            name = queue.name or f"{prefix}-{queue.logical_id}"
            made[queue.logical_id] = _create_queue(sqs, queue, name, dead_letters, time_scale)
    except (BotoCoreError, ClientError):
        delete(template, dynamodb, sqs, made)
        raise
    return made


def delete(template: Template, dynamodb: DynamoDBClient, sqs: SQSClient, made: Mapping[str, Mapping[str, str]]) -> None:
    """Deletes what `create` made: an engine that is not ours outlives the run. What is gone hinders no other."""
    with suppress(BotoCoreError):  # an engine that does not answer has nothing left to delete
        for table in template.tables:
            if table.logical_id in made:
                with suppress(ClientError):
                    dynamodb.delete_table(TableName=made[table.logical_id][""])
    with suppress(BotoCoreError):
        for queue in template.queues:
            if queue.logical_id in made:
                with suppress(ClientError):
                    sqs.delete_queue(QueueUrl=made[queue.logical_id][""])


def _create_table(client: DynamoDBClient, table: Table, name: str) -> str:
    """Its ARN. TTL is not the engine's: `cli.up.clock` deletes what has expired, whether an engine knows TTL or not."""
    request: dict[str, Any] = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **table.schema}
    return client.create_table(**request)["TableDescription"]["TableArn"]


def _await_table(client: DynamoDBClient, name: str) -> None:
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def _create_queue(
    client: SQSClient, queue: Queue, name: str, dead_letters: str | None, time_scale: float
) -> dict[str, str]:
    attributes: dict[Any, str] = {
        **queue.attributes,
        "VisibilityTimeout": str(scaled_seconds(queue.visibility_seconds, time_scale)),
    }
    if "DelaySeconds" in attributes:
        attributes["DelaySeconds"] = str(round(int(attributes["DelaySeconds"]) / time_scale))
    if queue.redrive and dead_letters:
        attributes["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": dead_letters, "maxReceiveCount": str(queue.redrive[1])}
        )
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"": url, "Arn": arn, "QueueName": name, "QueueUrl": url}
