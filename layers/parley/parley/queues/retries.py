"""RetryQueue: attempts that are due, webhooks to look after and replays, in fair-queue groups by webhook.

It only makes them prompt: what is lost here is found by its due time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parley.messages import ReplayMessage, RetryMessage, TendMessage, encode
from parley.queues.batches import send_batches

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

MAX_DELAY_SECONDS = 900  # SQS takes no more; later attempts are the sweeper's


def send(client: SQSClient, queue_url: str, messages: Sequence[tuple[RetryMessage, int]]) -> None:
    """Send attempts with their delays in seconds.

    Raises:
        PartialAnswerError: When the queue did not take all of them.
    """
    send_batches(client, queue_url, [(encode(message), message.webhook_sid, delay) for message, delay in messages])


def send_tends(client: SQSClient, queue_url: str, messages: Sequence[tuple[TendMessage, int]]) -> None:
    """Ask for webhooks to be looked after, with delays in seconds.

    Raises:
        PartialAnswerError: When the queue did not take all of them.
    """
    send_batches(client, queue_url, [(encode(message), message.webhook_sid, delay) for message, delay in messages])


def send_replays(client: SQSClient, queue_url: str, messages: Sequence[ReplayMessage]) -> None:
    """Ask for replays to be gone on with.

    Raises:
        PartialAnswerError: When the queue did not take all of them.
    """
    send_batches(client, queue_url, [(encode(message), message.webhook_sid, 0) for message in messages])
