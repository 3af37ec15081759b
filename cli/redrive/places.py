"""Which dead-letter queues there are: those of a stack, or those of the run of `parley up` in this folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from cli.up.deployment import Engine
from cli.up.files import QUEUES
from cli.up.resources import sqs_client

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# Events first: they are what is missing. Their order and names are the template's.
_OF_A_STACK = {"EventsDeadLetterQueue": "EventsQueue", "RetryDeadLetterQueue": "RetryQueue"}


UNREACHABLE = (BotoCoreError, ClientError, ResponseParserError)
"""What a client raises when it is refused, nobody answers, or somebody else does: a proxy with a page."""

# Behind a firewall that swallows what is sent, the SDK's own settings wait for minutes.
_PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2, "mode": "standard"})


class NoPlaceError(Exception):
    """Raised when no deployment was named, or what was named is none; says how to name one."""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A dead-letter queue.

    Attributes:
        name: Its logical id in the template.
        source_url: Of the queue that its messages came from.
    """

    name: str
    url: str
    arn: str
    source_url: str


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment's dead-letter queues, and a client for them.

    Attributes:
        has_move_tasks: Whether its SQS moves messages by itself, as AWS's does; the engines of this machine do not.
    """

    sqs: SQSClient
    queues: tuple[DeadLetters, ...]
    has_move_tasks: bool

    def named(self, name: str | None) -> list[DeadLetters]:
        """The queue of that name; all of them for None.

        Raises:
            NoPlaceError: There is none of that name.
        """
        found = [queue for queue in self.queues if name in (None, queue.name)]
        if not found:
            raise NoPlaceError(f"no dead-letter queue {name!r}: {', '.join(queue.name for queue in self.queues)}")
        return found


def session(*, region: str | None, profile: str | None) -> boto3.Session:
    """Asks AWS with its own credentials (environment, profile, role), and not for long.

    Raises:
        BotoCoreError: There is no such profile.
    """
    core = botocore.session.Session(profile=profile)
    core.set_default_client_config(_PATIENCE)
    return boto3.Session(botocore_session=core, region_name=region)


def of_stack(asking: boto3.Session, stack: str) -> Place:
    """A deployment in AWS, found by its stack.

    Raises:
        NoPlaceError: There is no such stack, or it is not Parley's.
        ClientError: AWS refuses; it needs `cloudformation:ListStackResources` and `sqs:GetQueueAttributes`.
        BotoCoreError: There are no credentials or no region, or AWS cannot be reached.
    """
    urls = _queue_urls(asking, stack)
    sqs = asking.client("sqs")
    return Place(
        sqs,
        tuple(
            DeadLetters(name, urls[name], _arn(sqs, urls[name]), urls[source]) for name, source in _OF_A_STACK.items()
        ),
        has_move_tasks=True,
    )


def _queue_urls(asking: boto3.Session, stack: str) -> dict[str, str]:
    cloudformation: Any = asking.client("cloudformation")
    try:
        pages = list(cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise NoPlaceError(error.response["Error"]["Message"]) from error
        raise
    urls = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::SQS::Queue"
    }
    if not {*_OF_A_STACK, *_OF_A_STACK.values()} <= set(urls):
        raise NoPlaceError(f"the stack {stack} has not Parley's queues")
    return urls


def _arn(sqs: SQSClient, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def of_run(environ: Mapping[str, str], state_dir: Path = Path(".parley")) -> Place:
    """The run of `parley up` in this folder, by what it left there.

    Raises:
        NoPlaceError: There is none.
    """
    try:
        left = json.loads((state_dir / QUEUES).read_text("utf-8"))
    except OSError as error:
        raise NoPlaceError("which deployment? --stack-name NAME, or `parley up` in this folder") from error
    # an engine of ours takes any credentials; those of a foreign one are not ours to write into a file
    known = {} if left["own"] else environ
    engine = Engine(
        dynamodb_url="",
        sqs_url=left["sqs_url"],
        region=left["region"],
        access_key=known.get("AWS_ACCESS_KEY_ID", "local"),
        secret_key=known.get("AWS_SECRET_ACCESS_KEY", "local"),
        own=left["own"],
    )
    queues = tuple(DeadLetters(name, **urls) for name, urls in left["dead_letters"].items())
    return Place(sqs_client(engine), queues, has_move_tasks=False)
