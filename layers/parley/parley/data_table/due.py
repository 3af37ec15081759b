"""The due index: what the engine must look at, by time. It is a copy: every entry can be rebuilt from its base item.

Three kinds of items stand in it: attempts that are due, webhooks in trouble, and replays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley.attributes import from_item, to_attribute, to_item
from parley.data_table import health, keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DueAttempt:
    """An undelivered item whose time has come, with what a message to the dispatcher needs."""

    key: keys.Key
    sort: str
    account_sid: str
    assistant_sid: str
    webhook_sid: str
    event_sid: str
    received_ms: int
    attempts: int

    def later(self, due_ms: int) -> str:
        """Its place in the index at another time."""
        return keys.due(self.webhook_sid, self.event_sid, due_ms).sk


@dataclass(frozen=True, slots=True)
class DueWebhook:
    """A webhook in trouble that must be looked after."""

    key: keys.Key
    sort: str
    account_sid: str
    assistant_sid: str
    webhook_sid: str

    def later(self, due_ms: int) -> str:
        """Its place in the index at another time."""
        return keys.health_due(self.webhook_sid, due_ms).sk


@dataclass(frozen=True, slots=True)
class DueReplay:
    """A replay that somebody must go on with."""

    key: keys.Key
    sort: str
    account_sid: str
    assistant_sid: str
    webhook_sid: str
    replay_sid: str

    def later(self, due_ms: int) -> str:
        """Its place in the index at another time."""
        return keys.job_due(self.replay_sid, due_ms).sk


Due = DueAttempt | DueWebhook | DueReplay


def due_ms(entry: Due) -> int:
    """Since when an entry is due, Unix milliseconds."""
    return keys.received_ms_of(entry.sort)


def list_due(client: DynamoDBClient, table: str, shard: int, *, now_ms: int, limit: int) -> list[Due]:
    """The entries of one shard whose time has come, oldest first."""
    answer = client.query(
        TableName=table,
        IndexName=keys.INDEX,
        KeyConditionExpression="ipk = :ipk AND isk < :now",
        ExpressionAttributeValues={
            ":ipk": to_attribute(keys.due_partition(shard)),
            ":now": to_attribute(f"{now_ms:013d}"),
        },
        Limit=limit,
    )
    return [_due(from_item(item)) for item in answer["Items"]]


def _due(values: Mapping[str, Any]) -> Due:
    key = keys.Key(values["pk"], values["sk"])
    if keys.is_health(key.pk):
        return DueWebhook(key, values["isk"], values["ac"], values["ua"], keys.webhook_of_health(key.pk))
    if keys.is_job(key.pk):
        return DueReplay(key, values["isk"], values["ac"], values["ua"], keys.webhook_of_job(key.pk), key.sk)
    return DueAttempt(
        key=key,
        sort=values["isk"],
        account_sid=values["ac"],
        assistant_sid=values["ua"],
        webhook_sid=key.pk.split("#")[1],
        event_sid=key.sk.partition("#")[2],
        received_ms=keys.received_ms_of(key.sk),
        attempts=values["at"],
    )


def postpone(client: DynamoDBClient, table: str, entry: Due, *, due_ms: int) -> bool:
    """Move an entry on while a message for it is on its way, so that it is not sent every minute.

    A webhook that is looked after is kept: else one that is out of service for longer than a health item is kept after
    its last change would be forgotten with what waits for it.

    Returns:
        False when the item is not what the (possibly stale) index said: somebody else has it, or it is over.
    """
    expression = "SET isk = :later"
    bound = {":later": to_attribute(entry.later(due_ms)), ":seen": to_attribute(entry.sort)}
    if isinstance(entry, DueWebhook):
        expression += ", expires_at = :kept"
        bound[":kept"] = to_attribute(health.kept_until(due_ms))
    try:
        client.update_item(
            TableName=table,
            Key=to_item({"pk": entry.key.pk, "sk": entry.key.sk}),
            UpdateExpression=expression,
            ConditionExpression="isk = :seen",
            ExpressionAttributeValues=bound,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True
