"""EventsQueue: accepted events, their chunks, and commits that could not be written, in groups by assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parley.messages import ChunkMessage, CommitMessage, EventMessage, encode
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


def send_commit(client: SQSClient, queue_url: str, message: CommitMessage) -> None:
    """Send what was posted and could not be written.

    Here and not in RetryQueue: this message is the only holder of what it says, and this is the queue whose messages
    come a hundred times before they are dead letters.
    """
    client.send_message(QueueUrl=queue_url, MessageBody=encode(message), MessageGroupId=message.event.assistant_sid)
