"""Deliveries as people ask for them: an event × a webhook, wherever the table keeps what became of it.

| what became of it | where it stands |
| --- | --- |
| delivered at the first attempt | nowhere but in the event's own results |
| failed at first, on its way or waiting | its undelivered item |
| failed at first, over now | its finished item |
| over, and sent again by hand | as before, and an undelivered item until that ends |

The undelivered item is the truth while it is open. It is read before the finished one, because a delivery that ends is
written there first and taken from here afterwards: read the other way round, one that ends just then would be in
neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from parley import attempts, reasons, results, retry
from parley.data_table import events, items, keys, listing, undelivered
from parley.data_table.events import Listed
from parley.data_table.undelivered import Undelivered

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.data_table.events import Stored
    from parley.results import Result

_LOOK = 250  # events looked at in one read of a shard: most of them may be another webhook's
_MOST_ATTEMPTS_LISTED = 5_000  # an answer of Lambda's is 6 MB at most
_OPEN = (retry.RETRYING, retry.WAITING)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one event at one webhook.

    Attributes:
        reason: Why it waits or ended.
        next_attempt_ms: When the next attempt is planned.
        log: The attempts' evidence, oldest first; of one that succeeded at first, what is known of it.
    """

    event_sid: str
    webhook_sid: str
    received_ms: int
    status: str
    reason: str | None
    next_attempt_ms: int | None
    log: tuple[Mapping[str, Any], ...]


def of_item(item: Undelivered) -> Delivery:
    """A delivery as its item has it."""
    return Delivery(
        event_sid=item.event_sid,
        webhook_sid=item.webhook_sid,
        received_ms=item.received_ms,
        status=item.status,
        reason=item.reason,
        next_attempt_ms=item.next_attempt_ms,
        log=item.log,
    )


def _of_result(listed: Listed, result: Result) -> Delivery:
    return Delivery(
        event_sid=listed.event_sid,
        webhook_sid=result.webhook_sid,
        received_ms=listed.received_ms,
        status=result.status,
        reason=None,
        next_attempt_ms=None,
        log=_first(result),
    )


def _first(result: Result) -> tuple[Mapping[str, Any], ...]:
    """The attempt of a compact result: nothing but how it went and how long it took was kept."""
    if not result.attempts:
        return ()
    known = {
        "number": 1,
        "trigger": attempts.FIRST,
        "duration_ms": result.duration_ms,
        "status_code": result.last_status_code,
    }
    return ({name: value for name, value in known.items() if value is not None},)


def latest(found: Sequence[Undelivered]) -> Undelivered | None:
    """Of the items of one delivery the one that counts: made of more attempts, else the one that is open."""
    return max(found, key=lambda item: (item.attempts, item.status in _OPEN), default=None)


def load(client: DynamoDBClient, table: str, listed: Listed, webhook_sid: str) -> Delivery | None:
    """One delivery with every attempt; None when the event was not for this webhook."""
    found = undelivered.load_many(client, table, listed.event_sid, listed.received_ms, [webhook_sid])
    item = latest(list(found))
    if item:
        return of_item(item)
    result = events.load_result(client, table, listed, webhook_sid)
    return _of_result(listed, result) if result else None


def list_newest(
    client: DynamoDBClient,
    table: str,
    *,
    assistant_sid: str,
    webhook_sid: str,
    shards: int,
    status: str | None,
    between: listing.Between,
    limit: int,
) -> listing.Page[Delivery]:
    """A webhook's deliveries, newest event first.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        assistant_sid: Of the webhook.
        webhook_sid: Whose.
        shards: How many index shards of events there are or have ever been.
        status: Only these; None for all.
        between: Of when, and behind which page.
        limit: At most so many.
    """
    reader = _Reader(client, table, between.low, limit + 1)
    reads: list[listing.Read[Undelivered | Listed]] = [
        partial(reader.late, waiting, finished)
        for waiting, finished in zip(
            keys.undelivered_partitions(webhook_sid), keys.finished_partitions(webhook_sid), strict=True
        )
    ]
    if status in (None, retry.DELIVERED):
        # whatever was not delivered at first has an item
        reads += [partial(reader.at_first, keys.listing_partition(assistant_sid, shard)) for shard in range(shards)]

    def steps() -> Iterator[tuple[list[tuple[str, Delivery]], str | None]]:
        listed = 0
        for step in listing.settle(reads, below=between.below):
            rows = []
            reached = step.reached
            for key, delivery in _settled(client, table, webhook_sid, step.groups):
                if status in (None, delivery.status):
                    rows.append((key, delivery))
                    listed += len(delivery.log)
                    if listed > _MOST_ATTEMPTS_LISTED:
                        reached = key
                        break
            yield rows, reached
            if listed > _MOST_ATTEMPTS_LISTED:
                return

    return listing.page(steps(), limit=limit)


@dataclass(frozen=True, slots=True)
class _Reader:
    client: DynamoDBClient
    table: str
    low: str
    limit: int

    def late(self, waiting: str, finished: str, below: str) -> listing.Stretch[Undelivered | Listed]:
        """One shard of what failed at first: first what is open, then, as far as that was read, what is over."""

        def read(partition: str, low: str) -> listing.Stretch[dict[str, Any]]:
            query = listing.Query(partition, low, self.limit, by_time=False, wanted={})
            return query.read(self.client, self.table, below)

        unfinished = read(waiting, self.low)
        over = read(finished, unfinished.reached or self.low)
        reached = over.reached or unfinished.reached
        return listing.Stretch(
            [
                (key, undelivered.from_values(values))
                for key, values in (*unfinished.found, *over.found)
                if reached is None or key >= reached
            ],
            reached,
        )

    def at_first(self, partition: str, below: str) -> listing.Stretch[Undelivered | Listed]:
        """One shard of the assistant's events."""
        query = listing.Query(partition, self.low, _LOOK, by_time=True, wanted={})
        stretch = query.read(self.client, self.table, below)
        return listing.Stretch([(key, events.listed(values)) for key, values in stretch.found], stretch.reached)


def _settled(
    client: DynamoDBClient, table: str, webhook_sid: str, groups: list[tuple[str, list[Undelivered | Listed]]]
) -> Iterator[tuple[str, Delivery]]:
    """What stands under each key, as one delivery."""
    late = {key: latest([entry for entry in group if isinstance(entry, Undelivered)]) for key, group in groups}
    seen = [entry for key, group in groups if not late[key] for entry in group if isinstance(entry, Listed)]
    first = _results(client, table, webhook_sid, seen)
    failed = [listed for listed in seen if listed.sort in first and first[listed.sort].status != retry.DELIVERED]
    # its item was written after its partition was read
    since = _items(client, table, webhook_sid, failed)
    by_key = {listed.sort: listed for listed in seen}
    for key, _ in groups:
        if item := late[key] or since.get(key):
            yield key, of_item(item)
        elif key in first:
            yield key, _of_result(by_key[key], first[key])


def _results(client: DynamoDBClient, table: str, webhook_sid: str, seen: Sequence[Listed]) -> dict[str, results.Result]:
    """The first attempts' results at a webhook by sort key, from the chunk items where there are chunks."""
    packed = {listed.sort: listed.results for listed in seen}
    chunks = {
        keys.chunk(listed.assistant_sid, listed.event_sid, keys.chunk_of(webhook_sid, listed.chunks)): listed.sort
        for listed in seen
        if listed.chunks
    }
    for values in items.load_many(client, table, list(chunks)):
        packed[chunks[keys.Key(values["pk"], values["sk"])]] = tuple(results.unpack(values.get("res", b"")))
    return {sort: result for sort, found in packed.items() for result in found if result.webhook_sid == webhook_sid}


def _items(client: DynamoDBClient, table: str, webhook_sid: str, wanted: Sequence[Listed]) -> dict[str, Undelivered]:
    found: dict[str, list[Undelivered]] = {}
    both = [
        key
        for listed in wanted
        for key in (
            keys.undelivered(webhook_sid, listed.event_sid, listed.received_ms),
            keys.finished(webhook_sid, listed.event_sid, listed.received_ms),
        )
    ]
    for values in items.load_many(client, table, both):
        found.setdefault(values["sk"], []).append(undelivered.from_values(values))
    return {sort: item for sort, both_items in found.items() if (item := latest(both_items))}


class EndingError(Exception):
    """Raised when a delivery has ended and is on its way to where finished ones are kept: a moment, or two minutes."""


def reopen(
    client: DynamoDBClient, table: str, stored: Stored, webhook_sid: str, *, now_ms: int, due_ms: int
) -> Undelivered | None:
    """Make sure that a delivery has an open item, which a message can claim.

    One that is over gets one with all its attempts, which remembers how it had ended: should the attempt fail, it ends
    so again, and no schedule starts anew.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        stored: Its event.
        webhook_sid: Its webhook.
        now_ms: Unix milliseconds.
        due_ms: When the sweeper looks, should the message be lost.

    Returns:
        The open item; None when the event was not for this webhook.

    Raises:
        EndingError: It ends just now.
    """
    event, listed = stored.event, stored.listed
    key = keys.undelivered(webhook_sid, event.sid, event.received_ms)
    # in this order: what ends just now is written as finished before it is taken from here
    present = undelivered.load(client, table, key)
    finished = items.load(client, table, keys.finished(webhook_sid, event.sid, event.received_ms))
    if present:
        if present.status in retry.ENDED:
            raise EndingError
        return present
    if finished:
        over = undelivered.from_values(finished)
    elif result := events.load_result(client, table, listed, webhook_sid):
        over = as_item(
            listed, result, webhook_sid=webhook_sid, account_sid=event.account_sid, expires_at=stored.expires_at
        )
    else:
        return None
    again = replace(
        over,
        status=retry.RETRYING,
        reason=reasons.RESEND,
        next_attempt_ms=now_ms,
        due_ms=due_ms,
        ended_as=over.status,
        ended_reason=over.reason,
    )
    undelivered.put_new(client, table, undelivered.to_values(again))
    return again


def as_item(
    listed: Listed, result: Result | None, *, webhook_sid: str, account_sid: str, expires_at: int
) -> Undelivered:
    """What was delivered at first, as it would be kept had it failed before; or what was never sent to the webhook."""
    return Undelivered(
        webhook_sid=webhook_sid,
        event_sid=listed.event_sid,
        assistant_sid=listed.assistant_sid,
        account_sid=account_sid,
        received_ms=listed.received_ms,
        attempts=result.attempts if result else 0,
        status=result.status if result else retry.RETRYING,
        reason=None,
        next_attempt_ms=None,
        due_ms=None,
        last_status_code=result.last_status_code if result else None,
        log=_first(result) if result else (),
        expires_at=expires_at,
    )
