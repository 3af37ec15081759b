"""A walk along an assistant's events, oldest first, and how each stands at one webhook: what a replay goes by.

The walk is along the index, which shows an event a moment after its commit; how a delivery stands is read strongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley import results
from parley.attributes import from_item, to_attribute
from parley.data_table import events, items, keys, undelivered
from parley.data_table.deliveries import latest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.data_table.event_lists import Wanted
    from parley.data_table.events import Listed
    from parley.data_table.listing import Between
    from parley.data_table.undelivered import Undelivered
    from parley.results import Result

_LOOK = 100  # entries in one read of a shard
_FILTERED_LOOK = 1000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the walk.

    Attributes:
        reached: Every event up to this sort key was looked at; None at the end.
    """

    events: list[Listed]
    reached: str | None


def onward(
    client: DynamoDBClient,
    table: str,
    assistant_sid: str,
    *,
    shards: int,
    wanted: Wanted,
    between: Between,
    after: str | None,
) -> Stretch:
    """The next stretch behind the sort key `after`: one read of each shard, as far as all of them were read."""
    found: list[Listed] = []
    reached: list[str] = []
    for shard in range(shards):
        request: dict[str, Any] = {
            "TableName": table,
            "IndexName": keys.INDEX,
            # BETWEEN takes both bounds in; what stands there is left out below
            "KeyConditionExpression": "ipk = :ipk AND isk BETWEEN :low AND :below",
            "ExpressionAttributeValues": {
                ":ipk": to_attribute(keys.listing_partition(assistant_sid, shard)),
                ":low": to_attribute(after or between.low),
                ":below": to_attribute(between.below),
                **{f":{name}": to_attribute(value) for name, value in wanted.attributes.items()},
            },
            "Limit": _FILTERED_LOOK if wanted.attributes else _LOOK,
        }
        if wanted.attributes:
            request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted.attributes)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted.attributes}
        answer = client.query(**request)
        found += [events.listed(from_item(item)) for item in answer["Items"]]
        if last := answer.get("LastEvaluatedKey"):
            reached.append(from_item(last)["isk"])
    least = min(reached, default=None)
    kept = [row for row in found if row.sort != after and row.sort < between.below]
    kept = [row for row in kept if least is None or row.sort <= least]
    return Stretch(sorted(kept, key=lambda row: row.sort), least)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an event stands at a webhook.

    Attributes:
        first: What the first attempt came to; None when there was none.
        item: What became of it since; None when nothing was kept.
        committed: False while the part of the event that serves the webhook is on its way: it looks after itself.
        ending: It has ended, and is not yet where finished ones are kept.
    """

    first: Result | None
    item: Undelivered | None
    committed: bool
    ending: bool

    @property
    def status(self) -> str | None:
        """The delivery's; None when there is none."""
        known = self.item or self.first
        return known.status if known else None


def standings(client: DynamoDBClient, table: str, webhook_sid: str, listed: Sequence[Listed]) -> dict[str, Standing]:
    """How these events stand at a webhook, by event SID."""
    waits = [keys.undelivered(webhook_sid, row.event_sid, row.received_ms) for row in listed]
    over = [keys.finished(webhook_sid, row.event_sid, row.received_ms) for row in listed]
    chunks = {
        row.event_sid: keys.chunk(row.assistant_sid, row.event_sid, keys.chunk_of(webhook_sid, row.chunks))
        for row in listed
        if row.chunks
    }
    # in this order: what ends just now is written as finished before it is taken from where it waited
    found: dict[str, list[Undelivered]] = {}
    ending: set[str] = set()
    for values in items.load_many(client, table, waits):
        item = undelivered.from_values(values)
        found.setdefault(item.event_sid, []).append(item)
        if item.has_ended:
            ending.add(item.event_sid)
    for values in items.load_many(client, table, over):
        item = undelivered.from_values(values)
        found.setdefault(item.event_sid, []).append(item)
    first = {row.event_sid: row.results for row in listed if not row.chunks}
    for values in items.load_many(client, table, list(chunks.values())):
        first[values["sk"].partition("#")[0]] = tuple(results.unpack(values.get("res", b"")))
    return {
        row.event_sid: Standing(
            first=next((result for result in first.get(row.event_sid, ()) if result.webhook_sid == webhook_sid), None),
            item=latest(found.get(row.event_sid, [])),
            committed=row.event_sid in first,
            ending=row.event_sid in ending,
        )
        for row in listed
    }
