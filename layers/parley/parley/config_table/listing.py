"""Lists of the config table, in pages by SID.

The order is the key's, and a position is a SID and not a number: an item that is there from the first page to the last
is seen exactly once, one that comes or goes meanwhile at most once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley.attributes import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# A query call reads at most 1 MB; three are well below the 6 MB that a function may answer. A page that is cut short
# so has a next one all the same.
MAX_QUERY_CALLS = 3


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: behind a SID, or before it when paging backwards. The SID itself may be gone."""

    sid: str
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """A page's items in the order of their SIDs, and whether there are more in the direction of travel."""

    items: list[dict[str, Any]]
    more: bool


def read_slice(
    client: DynamoDBClient, table: str, *, pk: str, prefix: str, limit: int, position: Position | None = None
) -> Slice:
    """At most `limit` items of a partition whose sort keys are SIDs of one kind.

    Args:
        client: DynamoDB.
        table: The config table.
        pk: The partition.
        prefix: The SIDs' two letters.
        limit: At least 1.
        position: None for the first page.
    """
    # Every SID is two letters and 32 digits of 0-9a-f, so texts just beside one stand between it and its neighbour.
    # Bounds do what ExclusiveStartKey would, also for an item that was deleted meanwhile.
    low, high = f"{prefix}0", f"{prefix}g"
    backwards = position is not None and position.backwards
    if position is not None and position.backwards:
        high = f"{position.sid[:-1]}{chr(ord(position.sid[-1]) - 1)}~"
    elif position is not None:
        low = f"{position.sid}!"
    if low > high:
        return Slice([], more=False)
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": to_item({":pk": pk, ":low": low, ":high": high}),
        "ScanIndexForward": not backwards,
        "ConsistentRead": True,
    }
    found: list[Mapping[str, Any]] = []
    more = True
    for _ in range(MAX_QUERY_CALLS):
        answer = client.query(**request, Limit=limit + 1 - len(found))
        found.extend(answer["Items"])
        if len(found) > limit:
            break
        if not (last := answer.get("LastEvaluatedKey")):
            more = False
            break
        request["ExclusiveStartKey"] = last
    items = [from_item(item) for item in found[:limit]]
    return Slice(items[::-1] if backwards else items, more)
