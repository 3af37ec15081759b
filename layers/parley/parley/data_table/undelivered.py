"""Undelivered items: an event × webhook that has not succeeded, from its first failure until it ends.

Every item has a due time or belongs to a webhook that is paused or disabled, so a lost queue message is found by its
due time (invariant 10: the index is rebuilt from these items, and no decision that ends work rests on reading it).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley import retry
from parley.attributes import from_item, to_attribute, to_item
from parley.data_table import events, items, keys
from parley.queries import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

MOST_COUNTED = 1_000
COUNTING_READS = 16  # one of each shard, and as many more where items are large


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
        ended_as: Of a delivery that was over and is sent again: its status then, and so again should that fail.
        ended_reason: The reason then.
        replay_sid: The replay that it was last opened for.
        attempts_before_replay: How many were made then.
        claims: For attempts of which nothing was written since, this one's included: the claimants died, or are at it.
        lease_until_ms: Until when the last of them holds it.
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
    ended_as: str | None = None
    ended_reason: str | None = None
    replay_sid: str | None = None
    attempts_before_replay: int | None = None
    claims: int = 0
    lease_until_ms: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.status in retry.ENDED

    @property
    def key(self) -> keys.Key:
        """Where it is in the table."""
        return keys.undelivered(self.webhook_sid, self.event_sid, self.received_ms)


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
        "was": item.ended_as,
        "was_why": item.ended_reason,
        "rp": item.replay_sid,
        "rp_at": item.attempts_before_replay,
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
        ended_as=values.get("was"),
        ended_reason=values.get("was_why"),
        replay_sid=values.get("rp"),
        attempts_before_replay=values.get("rp_at"),
        claims=values.get("cl", 0),
        lease_until_ms=values.get("lease"),
    )


def _refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def put_new(client: DynamoDBClient, table: str, values: Mapping[str, Any]) -> None:
    """Write it unless an earlier run of the same message did: overwriting would reset its attempts.

    What such a run wrote without an attempt (its webhook was paused then) gives way to what an attempt came to, or that
    attempt would not count.
    """
    try:
        client.put_item(
            TableName=table,
            Item=to_item(values),
            ConditionExpression=(
                "attribute_not_exists(pk) OR (#at < :attempts AND #at = :none AND st IN (:retrying, :waiting)"
                " AND attribute_not_exists(lease) AND attribute_not_exists(rp))"
            ),
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":attempts": to_attribute(values["at"]),
                ":none": to_attribute(0),
                ":retrying": to_attribute(retry.RETRYING),
                ":waiting": to_attribute(retry.WAITING),
            },
        )
    except ClientError as error:
        if not _refused(error):
            raise


def claim(
    client: DynamoDBClient, table: str, key: keys.Key, *, attempts: int, now_ms: int, lease_ms: int
) -> Undelivered | None:
    """Take the item for one attempt.

    The lease outlives the function's time limit, so the holder is gone when it ends; without a claim one duplicate
    message alone would deliver twice (models/model4). The claim is counted; `save` forgets the count.

    Returns:
        The item, or None when the message is stale, or somebody else holds the item.
    """
    try:
        answer = client.update_item(
            TableName=table,
            Key=to_item({"pk": key.pk, "sk": key.sk}),
            UpdateExpression="SET lease = :until ADD cl :one",
            ConditionExpression=(
                "#at = :attempts AND st IN (:retrying, :waiting) AND (attribute_not_exists(lease) OR lease < :now)"
            ),
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":until": to_attribute(now_ms + lease_ms),
                ":one": to_attribute(1),
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


def give_back(client: DynamoDBClient, table: str, item: Undelivered) -> None:
    """Take this claim back, as if it had not been made: no attempt was, or what came of it could not be written."""
    try:
        client.update_item(
            TableName=table,
            Key=to_item({"pk": item.key.pk, "sk": item.key.sk}),
            UpdateExpression="REMOVE lease ADD cl :less",
            ConditionExpression="lease = :until",  # else it was written after all, and may be another's by now
            ExpressionAttributeValues={":less": to_attribute(-1), ":until": to_attribute(item.lease_until_ms)},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def save(client: DynamoDBClient, table: str, before: Undelivered, after: Undelivered) -> bool:
    """Replace what an attempt changed, if nobody else has meanwhile, and give the lease back.

    Returns:
        Whether it was written.
    """
    values = to_values(after)
    names: dict[str, str] = {}
    bound: dict[str, AttributeValueTypeDef] = {":attempts": to_attribute(before.attempts)}
    sets, removes = [], ["lease", "cl"]
    for name in ("at", "st", "why", "nx", "code", "ipk", "isk"):
        names[f"#{name}"] = name
        if values[name] is None:
            removes.append(f"#{name}")
        else:
            sets.append(f"#{name} = :{name}")
            bound[f":{name}"] = to_attribute(values[name])
    if after.log != before.log:
        names["#log"] = "log"
        appended = after.log[: len(before.log)] == before.log
        sets.append("#log = list_append(#log, :log)" if appended else "#log = :log")
        bound[":log"] = to_attribute(list(after.log[len(before.log) :] if appended else after.log))
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
    """Take an item that has ended out of the undelivered partition. Repeating it changes nothing.

    A process that was held up may come late: the delivery may have been sent again since, or its event erased.
    """
    done = keys.finished(item.webhook_sid, item.event_sid, item.received_ms)
    values = to_values(replace(item, due_ms=None, ended_as=None, ended_reason=None)) | {"pk": done.pk, "sk": done.sk}
    try:
        client.put_item(
            TableName=table,
            Item=to_item(values),
            ConditionExpression="attribute_not_exists(pk) OR #at <= :attempts",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":attempts": to_attribute(item.attempts)},
        )
    except ClientError as error:
        if not _refused(error):
            raise
    try:
        client.delete_item(
            TableName=table,
            Key=to_item({"pk": item.key.pk, "sk": item.key.sk}),
            ConditionExpression="#at = :attempts AND st = :status",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":attempts": to_attribute(item.attempts),
                ":status": to_attribute(item.status),
            },
        )
    except ClientError as error:
        if not _refused(error):
            raise
        if events.is_erased(client, table, item.assistant_sid, item.event_sid):
            # the erasure marks the event first and takes this item before the finished one: ours came too late for it
            client.delete_item(TableName=table, Key=to_item({"pk": done.pk, "sk": done.sk}))


def drop(client: DynamoDBClient, table: str, item: Undelivered) -> None:
    """Take away an item whose delivery has ended before; one that somebody opened again since is left alone."""
    try:
        client.delete_item(
            TableName=table,
            Key=to_item({"pk": item.key.pk, "sk": item.key.sk}),
            ConditionExpression="#at = :attempts AND attribute_not_exists(was)",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":attempts": to_attribute(item.attempts)},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def load(client: DynamoDBClient, table: str, key: keys.Key) -> Undelivered | None:
    """One item, read strongly."""
    answer = client.get_item(TableName=table, Key=to_item({"pk": key.pk, "sk": key.sk}), ConsistentRead=True)
    return from_values(from_item(answer["Item"])) if "Item" in answer else None


def count_open(client: DynamoDBClient, table: str, webhook_sid: str) -> int:
    """How many events a webhook has not taken and is still to get: those that wait, and those being tried again.

    Counting costs what the counted items weigh, evidence included, so it ends at `MOST_COUNTED` events and at
    `COUNTING_READS` reads of 1 MB (invariant 9): then more may be there, never less.
    """
    counted, reads = 0, COUNTING_READS
    for partition in keys.undelivered_partitions(webhook_sid):
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "pk = :pk",
            # one that has ended stays here for a moment, on its way to the finished ones
            "FilterExpression": "st IN (:retrying, :waiting)",
            "ExpressionAttributeValues": {
                ":pk": to_attribute(partition),
                ":retrying": to_attribute(retry.RETRYING),
                ":waiting": to_attribute(retry.WAITING),
            },
            "Select": "COUNT",
        }
        while reads and counted < MOST_COUNTED:
            reads -= 1
            answer = client.query(**request, Limit=MOST_COUNTED - counted)
            counted += answer["Count"]
            if not (last := answer.get("LastEvaluatedKey")):
                break
            request["ExclusiveStartKey"] = last
    return counted


def list_waiting(
    client: DynamoDBClient, table: str, webhook_sid: str, *, after: str | None = None, newest: bool = False, limit: int
) -> list[Undelivered]:
    """What waits for a webhook, read strongly and merged from all shards: oldest first, or newest first.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        webhook_sid: For which.
        after: Only what is younger than this sort key.
        newest: Begin at the other end.
        limit: At most so many.
    """
    shards = [
        _shard_waiting(client, table, partition, after=after, newest=newest, limit=limit)
        for partition in keys.undelivered_partitions(webhook_sid)
    ]
    merged = heapq.merge(*shards, key=lambda item: item.key.sk, reverse=newest)
    return list(itertools.islice(merged, limit))


def _shard_waiting(
    client: DynamoDBClient, table: str, partition: str, *, after: str | None, newest: bool, limit: int
) -> Iterator[Undelivered]:
    condition, bound = "pk = :pk", {":pk": to_attribute(partition), ":waiting": to_attribute(retry.WAITING)}
    if after is not None:
        condition, bound = "pk = :pk AND sk > :after", {**bound, ":after": to_attribute(after)}
    found = query_all(
        client,
        TableName=table,
        KeyConditionExpression=condition,
        FilterExpression="st = :waiting",
        ExpressionAttributeValues=bound,
        ScanIndexForward=not newest,
        ConsistentRead=True,
        Limit=max(limit, 25),
    )
    yield from map(from_values, found)


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
    for values in items.load_many(client, table, wanted):
        yield from_values(values)
