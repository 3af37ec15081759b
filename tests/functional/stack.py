"""The stack's tables and queues, from the template itself, in an in-process fake: tests have no second schema."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import boto3
from moto import mock_aws

from cli.up import resources
from cli.up.partiql import teach_moto
from cli.up.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Test",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """What a deployment of the template would have."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    config_table: str
    data_table: str
    events_queue_url: str
    retry_queue_url: str


@contextmanager
def environment() -> Iterator[None]:
    """The variables that AWS's clients and Powertools read."""
    with mock.patch.dict(os.environ, _ENVIRONMENT):
        yield


@contextmanager
def stack() -> Iterator[Stack]:
    """A new, empty stack."""
    teach_moto()
    with environment(), mock_aws():
        dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
        template = Template(ROOT / "template.yaml", {})
        made = resources.create(template, dynamodb, sqs, prefix="test", time_scale=1)
        yield Stack(
            dynamodb,
            sqs,
            config_table=made["ConfigTable"][""],
            data_table=made["DataTable"][""],
            events_queue_url=made["EventsQueue"][""],
            retry_queue_url=made["RetryQueue"][""],
        )
