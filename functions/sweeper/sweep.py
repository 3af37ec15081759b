"""Turning due entries into messages. It sends, it does not post, so a minute is enough for many of them.

Safe when two run at once, or one dies midway: an entry is moved on by a conditional update before its message is sent,
so only one of them sends it, and a message that was never sent is found again when the moved time comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.attempts import RETRY
from parley.data_table import keys, undelivered
from parley.messages import RetryMessage
from parley.queues import retries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from parley.data_table.undelivered import Due
    from parley.settings import SweeperSettings

WATCHDOG_SECONDS = 120
PAGE = 100


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside."""

    settings: SweeperSettings
    dynamodb: DynamoDBClient
    sqs: SQSClient
    now_ms: Callable[[], int]


def sweep(ports: Ports, *, deadline_ms: int) -> int:
    """Send what is due, all shards in turn, until the deadline; what is left is the next run's.

    Returns:
        How many messages were sent.
    """
    sent = 0
    # the shard that comes first changes every minute, so that a backlog in one never starves the others
    first = ports.now_ms() // 60_000
    for number in range(keys.DUE_SHARDS):
        shard = (first + number) % keys.DUE_SHARDS
        while ports.now_ms() < deadline_ms:
            entries = undelivered.list_due(
                ports.dynamodb, ports.settings.data_table, shard, now_ms=ports.now_ms(), limit=PAGE
            )
            sent += _send(ports, entries)
            if len(entries) < PAGE:
                break
    return sent


def _send(ports: Ports, entries: list[Due]) -> int:
    later_ms = ports.now_ms() + math.ceil(WATCHDOG_SECONDS * 1000 / ports.settings.time_scale)
    taken = [
        entry
        for entry in entries
        if undelivered.postpone(ports.dynamodb, ports.settings.data_table, entry, due_ms=later_ms)
    ]
    messages = [
        RetryMessage(
            account_sid=entry.account_sid,
            assistant_sid=entry.assistant_sid,
            webhook_sid=entry.webhook_sid,
            event_sid=entry.event_sid,
            received_ms=entry.received_ms,
            attempts=entry.attempts,
            trigger=RETRY,
        )
        for entry in taken
    ]
    retries.send(ports.sqs, ports.settings.retry_queue_url, [(message, 0) for message in messages])
    return len(messages)
