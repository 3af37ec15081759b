"""Undelivered items: an event × webhook that has not succeeded, from its first failure until it ends.

Every item has a due time or belongs to a webhook that is paused or disabled, so a lost queue message is found by its
due time (invariant 10: the index is rebuilt from these items, and no decision that ends work rests on reading it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley import retry
from parley.attributes import from_item, to_attribute, to_item
from parley.data_table import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One event's way to one webhook after its first failure.

    Attributes:
        attempts: Made so far.
        status: `retrying`, `waiting`, or how it ended.
        reason: Why it waits or ended.
        next_attempt_ms: When the next attempt is planned.
        due_ms: When the sweeper looks at it: the next attempt, later when a message is on its way; None while parked.
        last_status_code: Of the last attempt; None when no answer came.
        log: The attempts' evidence, oldest first.
        expires_at: Unix seconds, the event's own.
    """

    webhook_sid: str
    event_sid: str
    assistant_sid: str
    account_sid: str
    received_ms: int
    attempts: int
    status: str
    reason: str | None
    next_attempt_ms: int | None
    due_ms: int | None
    last_status_code: int | None
    log: tuple[Mapping[str, Any], ...]
    expires_at: int

    @property
    def key(self) -> keys.Key:
        """Where it is in the table."""
        return keys.undelivered(self.webhook_sid, self.event_sid, self.received_ms)


@dataclass(frozen=True, slots=True)
class Due:
    """An entry of the due index, with what a message to the dispatcher needs."""

    account_sid: str
    assistant_sid: str
    webhook_sid: str
    event_sid: str
    received_ms: int
    attempts: int
    due_ms: int


def to_values(item: Undelivered) -> dict[str, Any]:
    """The item as the table holds it."""
    due = keys.due(item.webhook_sid, item.event_sid, item.due_ms) if item.due_ms is not None else None
    return {
        "pk": item.key.pk,
        "sk": item.key.sk,
        "ipk": due.pk if due else None,
        "isk": due.sk if due else None,
        "ua": item.assistant_sid,
        "ac": item.account_sid,
        "at": item.attempts,
        "st": item.status,
        "why": item.reason,
        "nx": item.next_attempt_ms,
        "code": item.last_status_code,
        "log": list(item.log),
        "expires_at": item.expires_at,
    }


def from_values(values: Mapping[str, Any]) -> Undelivered:
    """The item as Python has it."""
    return Undelivered(
        webhook_sid=values["pk"].split("#")[1],
        event_sid=values["sk"].partition("#")[2],
        assistant_sid=values["ua"],
        account_sid=values["ac"],
        received_ms=keys.received_ms_of(values["sk"]),
        attempts=values["at"],
        status=values["st"],
        reason=values.get("why"),
        next_attempt_ms=values.get("nx"),
        due_ms=keys.received_ms_of(values["isk"]) if values.get("isk") else None,
        last_status_code=values.get("code"),
        log=tuple(values.get("log", ())),
        expires_at=values["expires_at"],
    )


def _refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def put_new(client: DynamoDBClient, table: str, values: Mapping[str, Any]) -> None:
    """Write it unless an earlier run of the same message did: overwriting would reset its attempts."""
    try:
        client.put_item(TableName=table, Item=to_item(values), ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if not _refused(error):
            raise


def claim(
    client: DynamoDBClient, table: str, key: keys.Key, *, attempts: int, now_ms: int, lease_ms: int
) -> Undelivered | None:
    """Take the item for one attempt.

    The lease outlives the function's time limit, so the holder is gone when it ends; without a claim one duplicate
    message alone would deliver twice (models/model4).

    Returns:
        The item, or None when the message is stale, or somebody else holds the item.
    """
    try:
        answer = client.update_item(
            TableName=table,
            Key=to_item({"pk": key.pk, "sk": key.sk}),
            UpdateExpression="SET lease = :until",
            ConditionExpression=(
                "#at = :attempts AND st IN (:retrying, :waiting) AND (attribute_not_exists(lease) OR lease < :now)"
            ),
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":until": to_attribute(now_ms + lease_ms),
                ":now": to_attribute(now_ms),
                ":attempts": to_attribute(attempts),
                ":retrying": to_attribute(retry.RETRYING),
                ":waiting": to_attribute(retry.WAITING),
            },
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if _refused(error):
            return None
        raise
    return from_values(from_item(answer["Attributes"]))


def save(client: DynamoDBClient, table: str, before: Undelivered, after: Undelivered) -> bool:
    """Replace what an attempt changed, if nobody else has meanwhile, and give the lease back.

    Returns:
        Whether it was written.
    """
    values = to_values(after)
    names: dict[str, str] = {}
    bound: dict[str, AttributeValueTypeDef] = {":attempts": to_attribute(before.attempts)}
    sets, removes = [], ["lease"]
    for name in ("at", "st", "why", "nx", "code", "ipk", "isk"):
        names[f"#{name}"] = name
        if values[name] is None:
            removes.append(f"#{name}")
        else:
            sets.append(f"#{name} = :{name}")
            bound[f":{name}"] = to_attribute(values[name])
    added = list(after.log[len(before.log) :])
    if added:
        names["#log"] = "log"
        sets.append("#log = list_append(#log, :added)")
        bound[":added"] = to_attribute(added)
    try:
        client.update_item(
            TableName=table,
            Key=to_item({"pk": before.key.pk, "sk": before.key.sk}),
            UpdateExpression=f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
            ConditionExpression="#at = :attempts AND st IN (:retrying, :waiting)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={
                **bound,
                ":retrying": to_attribute(retry.RETRYING),
                ":waiting": to_attribute(retry.WAITING),
            },
        )
    except ClientError as error:
        if _refused(error):
            return False
        raise
    return True


def move_to_finished(client: DynamoDBClient, table: str, item: Undelivered) -> None:
    """Take an item that has ended out of the undelivered partition. Repeating it changes nothing."""
    done = keys.finished(item.webhook_sid, item.event_sid, item.received_ms)
    values = to_values(replace(item, due_ms=None)) | {"pk": done.pk, "sk": done.sk}
    client.put_item(TableName=table, Item=to_item(values))
    client.delete_item(TableName=table, Key=to_item({"pk": item.key.pk, "sk": item.key.sk}))


def postpone(client: DynamoDBClient, table: str, entry: Due, *, due_ms: int) -> bool:
    """Move an entry of the due index on while a message for it is on its way, so that it is not sent every minute.

    Returns:
        False when the item is not what the (possibly stale) index said.
    """
    key = keys.undelivered(entry.webhook_sid, entry.event_sid, entry.received_ms)
    seen = keys.due(entry.webhook_sid, entry.event_sid, entry.due_ms)
    later = keys.due(entry.webhook_sid, entry.event_sid, due_ms)
    try:
        client.update_item(
            TableName=table,
            Key=to_item({"pk": key.pk, "sk": key.sk}),
            UpdateExpression="SET isk = :later",
            ConditionExpression="isk = :seen",
            ExpressionAttributeValues={":later": to_attribute(later.sk), ":seen": to_attribute(seen.sk)},
        )
    except ClientError as error:
        if _refused(error):
            return False
        raise
    return True


def list_due(client: DynamoDBClient, table: str, shard: int, *, now_ms: int, limit: int) -> list[Due]:
    """The entries of one shard of the due index whose time has come, oldest first."""
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
    return Due(
        account_sid=values["ac"],
        assistant_sid=values["ua"],
        webhook_sid=values["pk"].split("#")[1],
        event_sid=values["sk"].partition("#")[2],
        received_ms=keys.received_ms_of(values["sk"]),
        attempts=values["at"],
        due_ms=keys.received_ms_of(values["isk"]),
    )


def load_many(
    client: DynamoDBClient, table: str, event_sid: str, received_ms: int, webhook_sids: Sequence[str]
) -> Iterator[Undelivered]:
    """What has become of an event at those webhooks where it failed at first: waiting or finished."""
    wanted = [
        key
        for webhook_sid in webhook_sids
        for key in (
            keys.undelivered(webhook_sid, event_sid, received_ms),
            keys.finished(webhook_sid, event_sid, received_ms),
        )
    ]
    for start in range(0, len(wanted), 100):
        request: Any = {
            table: {
                "Keys": [to_item({"pk": key.pk, "sk": key.sk}) for key in wanted[start : start + 100]],
                "ConsistentRead": True,
            }
        }
        while request:
            answer = client.batch_get_item(RequestItems=request)
            for item in answer["Responses"].get(table, []):
                yield from_values(from_item(item))
            request = answer.get("UnprocessedKeys")
