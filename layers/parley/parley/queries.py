"""Queries of either table that go on until there is no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parley.attributes import from_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_LARGEST_PAGE = 2_000  # the table stops at 1 MB


def query_all(client: DynamoDBClient, **request: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 — the client's own
    """All that a query finds, read on page by page as far as it is asked for.

    By hand: for its paginator botocore looks through the folders of all services at a cold start (docs/performance.md).

    Args:
        client: A DynamoDB client.
        request: What `query` takes; `Limit` is the size of the first page. Each further one is twice as large: what is
            sought stands near the beginning, or behind thousands that a filter leaves out.
    """
    while True:
        answer = client.query(**request)
        yield from map(from_item, answer["Items"])
        if not (last := answer.get("LastEvaluatedKey")):
            return
        request["ExclusiveStartKey"] = last
        if "Limit" in request:
            request["Limit"] = min(2 * request["Limit"], _LARGEST_PAGE)
