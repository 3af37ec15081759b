"""Writing what came of an event's posts, in the one order that loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley import telemetry
from parley.aws import UNAVAILABLE
from parley.data_table import events, undelivered

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.messages import CommitMessage

_REFUSED_MS = 60_000
_MOST_BYTES = 32_768  # of a payload: no document bounds the request, and a large one gains nothing in company

logger = telemetry.logger()


@dataclass(slots=True)
class Together:
    """Whether several commits may share a request.

    Not for a minute after one was refused: a throttled table is not asked for everything twice, and a stand-in for
    DynamoDB that does not know the operation not for each batch.
    """

    not_before_ms: int = 0


def write(ports: Ports, message: CommitMessage) -> None:
    """Failures first, event last. Repeating it changes nothing.

    Raises:
        ClientError: When a write is refused.
        BotoCoreError: When the table cannot be reached.
    """
    settings = ports.settings
    for values in message.undelivered:
        if values["isk"] is None:
            # parked: it has no due time of its own, so its webhook must be looked after before it is written
            ports.vitals.watch(values)
        undelivered.put_new(ports.dynamodb, settings.data_table, values)
    # False: another copy of this message won, and had written all it owed before
    events.put(ports.dynamodb, settings.data_table, _values(ports, message))


def write_together(ports: Ports, messages: Sequence[CommitMessage]) -> list[bool]:
    """Commit several that owe nothing, ten in the time and for the CPU of one.

    Returns:
        Of each, whether this committed it. False says nothing about the table: `write` finds out, and repeats nothing.
    """
    assert not any(message.undelivered for message in messages)
    written = [False] * len(messages)
    small = [number for number, message in enumerate(messages) if len(message.event.payload) <= _MOST_BYTES]
    if len(small) <= 1 or ports.now_ms() < ports.together.not_before_ms:
        return written
    for start in range(0, len(small), events.MOST_TOGETHER):
        numbers = small[start : start + events.MOST_TOGETHER]
        rows = [_values(ports, messages[number]) for number in numbers]
        try:
            answers = events.insert_together(ports.dynamodb, ports.settings.data_table, rows)
        except UNAVAILABLE as error:
            ports.together.not_before_ms = ports.now_ms() + _REFUSED_MS
            logger.warning("not committed together", extra={"error": type(error).__name__})
            break
        for number, is_written in zip(numbers, answers, strict=True):
            written[number] = is_written
    return written


def _values(ports: Ports, message: CommitMessage) -> dict[str, object]:
    """The item that commits: the event's, or one chunk's results."""
    settings = ports.settings
    if message.chunk is None:
        return events.to_values(
            message.event,
            packed_results=message.results,
            chunks=0,
            shards=settings.event_shards,
            retention_days=settings.retention_days,
        )
    return events.chunk_values(
        message.event,
        message.chunk[0],
        packed_results=message.results,
        retention_days=settings.retention_days,
    )
