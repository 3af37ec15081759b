"""Lists of an assistant's events: newest first, narrowed, and when each of its sources was last heard of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from parley.attributes import from_item, to_attribute
from parley.data_table import keys, listing
from parley.data_table.events import Listed, listed, source_of
from parley.sids import SOURCE, conversation_partition, to_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_FILTERED_LOOK = 1000  # looked at in one read of a shard; the table stops at 1 MB, some 2,000
_SOURCES_LOOK = 100
_SOURCES_SOUGHT = 5  # each by reads of its own
_CONVERSATION_READS = 10  # of 1 MB each: thousands of events of ordinary size


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a list shows; None asks for all."""

    type: str | None = None
    platform: str | None = None
    conversation_id: str | None = None
    source_sid: str | None = None

    @property
    def attributes(self) -> dict[str, str | bytes]:
        """The attributes that an item must have."""
        source = to_bytes(self.source_sid, SOURCE) if self.source_sid else None
        named = {"t": self.type, "p": self.platform, "cv": self.conversation_id, "src": source}
        return {name: value for name, value in named.items() if value is not None}


def list_newest(
    client: DynamoDBClient,
    table: str,
    assistant_sid: str,
    *,
    shards: int,
    wanted: Wanted,
    between: listing.Between,
    limit: int,
) -> listing.Page[Listed]:
    """An assistant's events, newest first, merged from all shards.

    A conversation's are one partition of the table, sorted here; one that is too large for that is picked out of the
    index like everything else.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        assistant_sid: Whose.
        shards: How many index shards there are or have ever been.
        wanted: Which.
        between: Of when, and behind which page.
        limit: At most so many.
    """
    if wanted.conversation_id is not None:
        found = _conversation(client, table, assistant_sid, wanted)
        if found is not None:
            rows = [row for row in found if between.low <= row.sort < between.below]
            return listing.page([([(row.sort, row) for row in rows], None)], limit=limit)
    reads: list[listing.Read[dict[str, Any]]] = [
        partial(
            listing.Query(
                partition=keys.listing_partition(assistant_sid, shard),
                low=between.low,
                limit=_FILTERED_LOOK if wanted.attributes else limit + 1,
                by_time=True,
                wanted=wanted.attributes,
            ).read,
            client,
            table,
        )
        for shard in range(shards)
    ]
    return listing.page(
        (
            ([(key, listed(values)) for key, group in step.groups for values in group], step.reached)
            for step in listing.settle(reads, below=between.below)
        ),
        limit=limit,
    )


def last_received(
    client: DynamoDBClient, table: str, assistant_sid: str, source_sids: Collection[str], *, shards: int
) -> dict[str, int]:
    """When each source's newest event was received, Unix milliseconds, by source; read from the index.

    Nothing is written for this when an event comes: that would cost each event of a quiet source a write unit more. So
    one that is not found within the bounds (invariant 9) is left out: it has no events, or some thousands of others'
    have come since.
    """
    missing, found = set(source_sids), {}
    reads: list[listing.Read[dict[str, Any]]] = [
        partial(
            listing.Query(
                partition=keys.listing_partition(assistant_sid, shard),
                low=listing.OLDEST,
                limit=_SOURCES_LOOK,
                by_time=True,
                wanted={},
            ).read,
            client,
            table,
        )
        for shard in range(shards)
    ]
    reached: str | None = None
    for step in listing.settle(reads, below=listing.NEWEST):
        reached = step.reached
        for values in (values for _, group in step.groups for values in group):
            if (source_sid := source_of(values)) in missing:
                missing.discard(source_sid)
                found[source_sid] = keys.received_ms_of(values["isk"])
        if not missing or reached is None:
            return found
    for source_sid in sorted(missing)[:_SOURCES_SOUGHT]:
        page = list_newest(
            client,
            table,
            assistant_sid,
            shards=shards,
            wanted=Wanted(source_sid=source_sid),
            between=listing.Between().before(reached),
            limit=1,
        )
        if page.rows:
            found[source_sid] = page.rows[0].received_ms
    return found


def _conversation(client: DynamoDBClient, table: str, assistant_sid: str, wanted: Wanted) -> list[Listed] | None:
    """All events of a conversation that are wanted, newest first; None when there are too many to sort them here."""
    partition = conversation_partition(assistant_sid, wanted.conversation_id or "")
    names = ("pk", "sk", "isk", "src", "p", "n", "t", "st", "why", "cv", "oc", "sz", "nc", "res")
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "FilterExpression": " AND ".join(f"#{name} = :{name}" for name in wanted.attributes),
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {
            ":pk": to_attribute(f"{assistant_sid}#{partition}"),
            **{f":{name}": to_attribute(value) for name, value in wanted.attributes.items()},
        },
    }
    found: list[Listed] = []
    for _ in range(_CONVERSATION_READS):
        answer = client.query(**request)
        found += [listed(from_item(item)) for item in answer["Items"]]
        if not (last := answer.get("LastEvaluatedKey")):
            return sorted(found, key=lambda row: row.sort, reverse=True)
        request["ExclusiveStartKey"] = last
    return None
