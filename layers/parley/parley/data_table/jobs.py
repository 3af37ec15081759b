"""Replay jobs: what each is to send, how far it has come, and who works at it.

| item | pk | sk | index |
| --- | --- | --- | --- |
| replay | `J#<UM>` | `<RP>` | the due index while it is open |

A webhook's are one partition, and their SIDs begin with the time, so a list of them is one query. A job is worked at by
the holder of its lease alone. Where it stands is one conditional update, made when a step's deliveries have come to
their ends; each delivery of a step says for which job it was opened, so a worker that takes a step over counts what the
dead one had sent and does not send it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley.attributes import from_item, to_attribute, to_item
from parley.data_table import items, keys
from parley.queries import query_all
from parley.replays import BY_USER, CANCELLED, OPEN
from parley.sids import REPLAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_KEPT_SECONDS = 90 * 86_400
_TIME_DIGITS = 12  # hexadecimal milliseconds until the year 10889

# Replay's fields and their attributes.
_ATTRIBUTES = {
    "assistant_sid": "ua",
    "account_sid": "ac",
    "mode": "md",
    "from_ms": "fr",
    "to_ms": "to",
    "type": "ty",
    "platform": "pf",
    "conversation_id": "cn",
    "dry_run": "dr",
    "rate": "ra",
    "created_ms": "cr",
    "status": "sta",
    "reason": "why",
    "counted": "ct",
    "cursor": "cu",
    "total": "tl",
    "done": "dn",
    "delivered": "ok",
    "failed": "ko",
}
_PROGRESS = ("status", "reason", "counted", "cursor", "total", "done", "delivered", "failed")
_RUNS = "tr"  # those that were begun since progress was last written


@dataclass(frozen=True, slots=True)
class Replay:
    """One job.

    Attributes:
        from_ms: Of the events' receipt; None for all there are.
        to_ms: Without itself.
        counted: Whether `total` is whole.
        cursor: The sort key of the last event that was dealt with, while counting and again while sending.
        done: Deliveries dealt with; those neither delivered nor failed wait with their webhook.
        failed: Those whose attempt failed.
        reason: Why it waits, or ended before its time.
        runs: How many were begun since one last wrote how far it had come, the present one included.
    """

    sid: str
    webhook_sid: str
    assistant_sid: str
    account_sid: str
    mode: str
    from_ms: int | None
    to_ms: int
    type: str | None
    platform: str | None
    conversation_id: str | None
    dry_run: bool
    rate: int
    created_ms: int
    status: str
    counted: bool = False
    cursor: str | None = None
    total: int = 0
    done: int = 0
    delivered: int = 0
    failed: int = 0
    reason: str | None = None
    runs: int = 0


def new_sid(now_ms: int) -> str:
    """A SID that sorts by its time."""
    return f"{REPLAY}{now_ms:0{_TIME_DIGITS}x}{uuid.uuid4().hex[_TIME_DIGITS:]}"


def _from_values(values: Mapping[str, Any]) -> Replay:
    known: dict[str, Any] = {field: values.get(name) for field, name in _ATTRIBUTES.items()}
    runs = values.get(_RUNS, 0)
    return Replay(sid=values["sk"], webhook_sid=keys.webhook_of_job(values["pk"]), runs=runs, **known)


def create(client: DynamoDBClient, table: str, replay: Replay, *, due_ms: int) -> None:
    """Write a new job; should the message that starts it be lost, the sweeper finds it."""
    key, due = keys.job(replay.webhook_sid, replay.sid), keys.job_due(replay.sid, due_ms)
    values = {name: getattr(replay, field) for field, name in _ATTRIBUTES.items()}
    values |= {"pk": key.pk, "sk": key.sk, "ipk": due.pk, "isk": due.sk}
    values["expires_at"] = replay.created_ms // 1000 + _KEPT_SECONDS
    client.put_item(TableName=table, Item=to_item(values))


def load(client: DynamoDBClient, table: str, webhook_sid: str, sid: str) -> Replay | None:
    """One job, read strongly."""
    values = items.load(client, table, keys.job(webhook_sid, sid))
    return _from_values(values) if values else None


def list_newest(client: DynamoDBClient, table: str, webhook_sid: str, *, below: str | None, limit: int) -> list[Replay]:
    """A webhook's jobs, newest first: those before the SID `below`, at most so many."""
    answer = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND sk < :below",
        ExpressionAttributeValues={
            ":pk": to_attribute(keys.job(webhook_sid, "").pk),
            ":below": to_attribute(below or f"{REPLAY}~"),
        },
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=limit,
    )
    return [_from_values(from_item(item)) for item in answer["Items"]]


def has_older(client: DynamoDBClient, table: str, replay: Replay) -> bool:
    """Whether an older job of the same webhook is open and sends: SIDs begin with the time, so their order is total."""
    key = keys.job(replay.webhook_sid, replay.sid)
    found = query_all(
        client,
        TableName=table,
        KeyConditionExpression="pk = :pk AND sk < :sk",
        FilterExpression=f"{_IS_OPEN} AND dr = :sends",
        ExpressionAttributeValues={
            name: to_attribute(value)
            for name, value in {":pk": key.pk, ":sk": key.sk, ":sends": False, **_OPEN_STATUSES}.items()
        },
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    return next(found, None) is not None


def take(
    client: DynamoDBClient, table: str, webhook_sid: str, sid: str, *, holder: str, now_ms: int, lease_ms: int
) -> Replay | None:
    """Become the one who works at a job; None when it is over, gone, or another's.

    It is due when the lease is over: that is how a worker's death is found. The run is counted; `save` forgets the
    count, so it is what a job has of runs that died.
    """
    due = keys.job_due(sid, now_ms + lease_ms)
    return _update(
        client,
        table,
        keys.job(webhook_sid, sid),
        f"SET ls = :until, lh = :holder, ipk = :ipk, isk = :isk ADD {_RUNS} :one",
        condition=f"{_IS_OPEN} AND (attribute_not_exists(ls) OR ls < :now)",
        values={
            ":until": now_ms + lease_ms,
            ":now": now_ms,
            ":holder": holder,
            ":one": 1,
            ":ipk": due.pk,
            ":isk": due.sk,
        },
    )


def save(
    client: DynamoDBClient, table: str, replay: Replay, *, holder: str, now_ms: int, lease_ms: int | None, due_ms: int
) -> bool:
    """Write how far it has come.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        replay: As it stands now; with a status that is an end, the job is over.
        holder: Who works at it.
        now_ms: Unix milliseconds.
        lease_ms: The lease goes on for so long; None gives it back.
        due_ms: When the sweeper looks.

    Returns:
        False when it was cancelled, or somebody else works at it.
    """
    values: dict[str, Any] = {f":{_ATTRIBUTES[field]}": getattr(replay, field) for field in _PROGRESS}
    sets, removes = [], [_RUNS]
    for field in _PROGRESS:
        name = _ATTRIBUTES[field]
        if getattr(replay, field) is None:
            removes.append(name)
            del values[f":{name}"]
        else:
            sets.append(f"{name} = :{name}")
    if lease_ms is None:
        removes += ["ls", "lh"]
    else:
        sets.append("ls = :until")
        values[":until"] = now_ms + lease_ms
    if replay.status in OPEN:
        sets.append("isk = :isk")
        values[":isk"] = keys.job_due(replay.sid, due_ms).sk
    else:
        removes += ["ipk", "isk"]
    expression = f"SET {', '.join(sets)} REMOVE {', '.join(removes)}"
    key = keys.job(replay.webhook_sid, replay.sid)
    condition, values = f"{_IS_OPEN} AND lh = :holder", {**values, ":holder": holder}
    return _update(client, table, key, expression, condition=condition, values=values) is not None


def cancel(client: DynamoDBClient, table: str, webhook_sid: str, sid: str) -> Replay | None:
    """End a job: what it has sent is sent, its worker stops after the step it is at; None when it is over or gone."""
    return _update(
        client,
        table,
        keys.job(webhook_sid, sid),
        "SET sta = :cancelled, why = :by_user REMOVE ipk, isk, ls, lh",
        condition=_IS_OPEN,
        values={":cancelled": CANCELLED, ":by_user": BY_USER},
    )


_OPEN_STATUSES = {f":open{number}": status for number, status in enumerate(OPEN)}
_IS_OPEN = f"sta IN ({', '.join(_OPEN_STATUSES)})"  # of an item that is not there it is false


def _update(
    client: DynamoDBClient, table: str, key: keys.Key, expression: str, *, condition: str, values: Mapping[str, Any]
) -> Replay | None:
    try:
        answer = client.update_item(
            TableName=table,
            Key=to_item({"pk": key.pk, "sk": key.sk}),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues={
                name: to_attribute(value) for name, value in {**values, **_OPEN_STATUSES}.items()
            },
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return None
        raise
    return _from_values(from_item(answer["Attributes"]))
