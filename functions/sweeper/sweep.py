"""Turning due entries into messages. It sends, it does not post, so a minute is enough for many of them.

Safe when two run at once, or one dies midway: an entry is moved on by a conditional update before its message is sent,
so only one of them sends it, and a message that was never sent is found again when the moved time comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley import telemetry
from parley.attempts import RETRY
from parley.data_table import due, keys
from parley.health import LOOK_EVERY_MS
from parley.messages import ReplayMessage, RetryMessage, TendMessage
from parley.queues import retries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from parley.settings import SweeperSettings

WATCHDOG_SECONDS = 120
PAGE = 100
_MARGIN_MS = 10_000


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
    began_ms = ports.now_ms()
    sent, lag_ms = 0, 0
    # the shard that comes first changes every minute, so that a backlog in one never starves the others
    first = ports.now_ms() // 60_000
    for number in range(keys.DUE_SHARDS):
        shard = (first + number) % keys.DUE_SHARDS
        while ports.now_ms() < deadline_ms:
            entries = due.list_due(ports.dynamodb, ports.settings.data_table, shard, now_ms=ports.now_ms(), limit=PAGE)
            # its first is the shard's oldest; later pages are younger
            lag_ms = max([lag_ms, *(began_ms - due.due_ms(entry) for entry in entries[:1])])
            sent += _send(ports, entries)
            if len(entries) < PAGE:
                break
    # every minute, nothing due included: an alarm takes silence for a sweeper that does not run
    telemetry.tell("swept", {"SweepLag": lag_ms / 1000}, sent=sent, ms=ports.now_ms() - began_ms)
    return sent


def _send(ports: Ports, entries: list[due.Due]) -> int:
    now_ms, scale = ports.now_ms(), ports.settings.time_scale
    lost_ms = now_ms + math.ceil(WATCHDOG_SECONDS * 1000 / scale)
    # a little less than the minute until the next run, which else would come just too early for it
    look_ms = now_ms + math.ceil((LOOK_EVERY_MS - _MARGIN_MS) / scale)
    attempts: list[tuple[RetryMessage, int]] = []
    tends: list[tuple[TendMessage, int]] = []
    replays: list[ReplayMessage] = []
    for entry in entries:
        again_ms = lost_ms if isinstance(entry, due.DueAttempt) else look_ms
        if not due.postpone(ports.dynamodb, ports.settings.data_table, entry, due_ms=again_ms):
            continue
        match entry:
            case due.DueWebhook():
                tends.append((TendMessage(entry.account_sid, entry.assistant_sid, entry.webhook_sid), 0))
            case due.DueReplay():
                replays.append(
                    ReplayMessage(entry.account_sid, entry.assistant_sid, entry.webhook_sid, entry.replay_sid)
                )
            case due.DueAttempt():
                attempts.append((_attempt(entry), 0))
    retries.send(ports.sqs, ports.settings.retry_queue_url, attempts)
    retries.send_tends(ports.sqs, ports.settings.retry_queue_url, tends)
    retries.send_replays(ports.sqs, ports.settings.retry_queue_url, replays)
    return len(attempts) + len(tends) + len(replays)


def _attempt(entry: due.DueAttempt) -> RetryMessage:
    return RetryMessage(
        account_sid=entry.account_sid,
        assistant_sid=entry.assistant_sid,
        webhook_sid=entry.webhook_sid,
        event_sid=entry.event_sid,
        received_ms=entry.received_ms,
        attempts=entry.attempts,
        trigger=RETRY,
    )
