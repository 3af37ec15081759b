"""What moving a queue's messages is told and tells, whoever moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

    from cli.redrive.places import DeadLetters

COMPLETED = "completed"
CANCELLED = "cancelled"
FAILED = "failed"

Report = Callable[[int, int], None]
"""Told how many messages were moved, of how many."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What lies in a dead-letter queue.

    Attributes:
        visible: What can be moved now.
        held: What somebody has received and neither deleted nor let go, such as another redrive that was killed.
    """

    visible: int
    held: int


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move ended.

    Attributes:
        status: `completed`, `cancelled` or `failed`.
        reason: Why it failed.
    """

    moved: int
    status: str
    reason: str | None = None


def count(sqs: SQSClient, queue: DeadLetters) -> Counted:
    """What lies there, approximately in AWS (SQS counts no better), exactly on this machine."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue.url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return Counted(
        visible=int(attributes["ApproximateNumberOfMessages"]),
        held=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )
