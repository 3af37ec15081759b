"""EventsQueue: accepted events and their chunks, in fair-queue groups by assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parley.messages import ChunkMessage, EventMessage, encode
from parley.queues.batches import send_batches

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


def send(client: SQSClient, queue_url: str, message: EventMessage) -> None:
    """Accept an event: when this returns it is durable (invariant 1).

    Raises:
        PayloadTooLargeError: When the payload cannot be packed.
    """
    client.send_message(QueueUrl=queue_url, MessageBody=encode(message), MessageGroupId=message.event.assistant_sid)


def send_chunks(client: SQSClient, queue_url: str, messages: Sequence[ChunkMessage]) -> None:
    """Send an event's chunks; ten of them are one billed request.

    Raises:
        PartialAnswerError: When the queue did not take all of them.
    """
    send_batches(client, queue_url, [(encode(message), message.assistant_sid, 0) for message in messages])
