"""Writing what came of an event's posts, in the one order that loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.data_table import events, undelivered

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.messages import CommitMessage


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
    if message.chunk is None:
        item = events.to_values(
            message.event,
            packed_results=message.results,
            chunks=0,
            shards=settings.event_shards,
            retention_days=settings.retention_days,
        )
    else:
        item = events.chunk_values(
            message.event,
            message.chunk[0],
            packed_results=message.results,
            retention_days=settings.retention_days,
        )
    # False: another copy of this message won, and had written all it owed before
    events.put(ports.dynamodb, settings.data_table, item)
