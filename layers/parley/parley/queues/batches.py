"""Sending many messages: at most ten a request and 1 MiB together, and a request may take only some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from parley.aws import PartialAnswerError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_MAX_ENTRIES = 10
_MAX_BYTES = 1024 * 1024

Entry = tuple[str, str, int]  # body, group, delay in seconds


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry[0].encode())
        if batch and (len(batch) == _MAX_ENTRIES or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch


def send_batches(client: SQSClient, queue_url: str, entries: Sequence[Entry]) -> None:
    """Send them all.

    Raises:
        PartialAnswerError: When the queue did not take all of them; those it took are on their way.
    """
    refused = 0
    for batch in _batches(entries):
        answer = client.send_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(number), "MessageBody": body, "MessageGroupId": group, "DelaySeconds": delay}
                for number, (body, group, delay) in enumerate(batch)
            ],
        )
        refused += len(answer.get("Failed", ()))
    if refused:
        raise PartialAnswerError(f"{refused} of {len(entries)} messages were refused")
