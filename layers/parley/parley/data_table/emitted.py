"""Which ids the team's own bots have used: what tells the first emission from its repeat.

| item | pk | sk |
| --- | --- | --- |
| emitted | `E#<EV>` | `E` |

Written after the queue has the event, never before: a process that dies in between loses nothing, and the repeat is
taken as a first one and recognised by the dispatcher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from parley.attributes import from_item, to_item
from parley.data_table.events import expires_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def remember(
    client: DynamoDBClient, table: str, *, event_sid: str, received_ms: int, retention_days: int
) -> int | None:
    """Note that an event with this SID was emitted.

    Returns:
        When it was emitted before, Unix milliseconds; None when this is the first time.
    """
    values = {
        "pk": f"E#{event_sid}",
        "sk": "E",
        "at": received_ms,
        "expires_at": expires_at(received_ms, retention_days),
    }
    try:
        client.put_item(
            TableName=table,
            Item=to_item(values),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return int(from_item(error.response["Item"])["at"])  # type: ignore[typeddict-item] # the stubs do not know it
    return None
