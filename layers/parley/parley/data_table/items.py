"""Items of the data table by their keys, read strongly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from parley.attributes import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.data_table.keys import Key

_BATCH_GET_KEYS = 100


def load(client: DynamoDBClient, table: str, key: Key) -> dict[str, Any] | None:
    """One item, or None."""
    answer = client.get_item(TableName=table, Key=to_item({"pk": key.pk, "sk": key.sk}), ConsistentRead=True)
    return from_item(answer["Item"]) if "Item" in answer else None


def load_many(
    client: DynamoDBClient, table: str, wanted: Sequence[Key], *, only: str | None = None
) -> Iterator[dict[str, Any]]:
    """Those of these items that exist.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        wanted: Their keys, each once.
        only: A projection; None for whole items.
    """
    for start in range(0, len(wanted), _BATCH_GET_KEYS):
        batch = wanted[start : start + _BATCH_GET_KEYS]
        request: Any = {
            table: {
                "Keys": [to_item({"pk": key.pk, "sk": key.sk}) for key in batch],
                "ConsistentRead": True,
                **({"ProjectionExpression": only} if only else {}),
            }
        }
        while request:
            answer = client.batch_get_item(RequestItems=request)
            for item in answer["Responses"].get(table, []):
                yield from_item(item)
            request = answer.get("UnprocessedKeys")
