"""What Lambda's poller decides about a batch: how it is cut, and what is deleted after an invocation.

Source: the Lambda developer guide's "Using Lambda with Amazon SQS", "Reporting batch item failures".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.up.pool import MAX_EVENT_BYTES

_RECORD_OVERHEAD_BYTES = 2048  # receipt handle, attributes and names around a record's body


class MalformedFailuresError(Exception):
    """The partial batch response is not in the form that Lambda takes: the whole batch counts as failed."""


def cut(messages: Sequence[Mapping[str, Any]], limit_bytes: int = MAX_EVENT_BYTES) -> Iterator[list[Mapping[str, Any]]]:
    """The messages in batches that each fit into one event."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for message in messages:
        own = len(json.dumps(message["Body"])) + _RECORD_OVERHEAD_BYTES
        if batch and size + own > limit_bytes:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += own
    if batch:
        yield batch


def failed_ids(result: object, message_ids: Sequence[str]) -> frozenset[str]:
    """The messages that a `ReportBatchItemFailures` answer keeps in the queue.

    Null, `{}`, and null or no `batchItemFailures` are a success of the whole batch.

    Raises:
        MalformedFailuresError: A bad key, an empty or null identifier, or one that is not in the batch.
    """
    if result is None or result == {}:
        return frozenset()
    if not isinstance(result, dict) or not isinstance(failures := result.get("batchItemFailures") or [], list):
        raise MalformedFailuresError(f"not a batch response: {result!r:.200}")
    failed = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not identifier or identifier not in message_ids:
            raise MalformedFailuresError(f"no message of this batch: {failure!r:.200}")
        failed.add(identifier)
    return frozenset(failed)
