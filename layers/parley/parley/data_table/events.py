"""Events in the data table: the conditional put that commits one, the reads that recognise and show it.

An event item is written once and never updated; what happened later to a delivery stands in the webhook's own items.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley import codec, results
from parley.attributes import from_item, to_attribute, to_item
from parley.aws import PartialAnswerError
from parley.data_table import keys
from parley.event import ACCEPTED, Event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_BATCH_GET_KEYS = 100
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Listed:
    """An event as the index has it: without its payload.

    Attributes:
        results: Of the first attempts; empty when they stand in chunk items.
        chunks: How many there are; 0 = none.
    """

    event_sid: str
    assistant_sid: str
    source_sid: str | None
    platform: str
    name: str
    type: str
    status: str
    reason: str | None
    conversation_id: str | None
    occurred_ms: int | None
    received_ms: int
    size_bytes: int
    chunks: int
    results: tuple[results.Result, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the table has it."""

    event: Event
    listed: Listed


def expires_at(received_ms: int, retention_days: int) -> int:
    """When retention ends, Unix seconds."""
    return received_ms // 1000 + retention_days * _DAY_SECONDS


def to_values(
    event: Event, *, packed_results: bytes, chunks: int, shards: int, retention_days: int
) -> dict[str, object]:
    """The item of an event; names are short because a write unit is 1 KB (design 7)."""
    key = keys.event(event.assistant_sid, event.sid)
    listing = keys.listing(event.assistant_sid, event.sid, event.received_ms, shards=shards)
    number, packed = codec.pack(event.payload)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "ipk": listing.pk,
        "isk": listing.sk,
        "ac": event.account_sid,
        "src": event.source_sid,
        "p": event.platform,
        "n": event.name,
        "t": event.type,
        "st": None if event.status == ACCEPTED else event.status,
        "why": event.reason,
        "cv": event.conversation_id,
        "oc": event.occurred_ms,
        "rid": event.rid,
        "m": None if event.method == "POST" else event.method,
        "ct": event.content_type,
        "sz": len(event.payload),
        "zc": number,
        "z": packed,
        "res": packed_results or None,
        "nc": chunks or None,
        "expires_at": expires_at(event.received_ms, retention_days),
    }


def _listed(values: Mapping[str, Any]) -> Listed:
    return Listed(
        event_sid=values["sk"],
        assistant_sid=values["pk"].partition("#")[0],
        source_sid=values.get("src"),
        platform=values["p"],
        name=values["n"],
        type=values["t"],
        status=values.get("st", ACCEPTED),
        reason=values.get("why"),
        conversation_id=values.get("cv"),
        occurred_ms=values.get("oc"),
        received_ms=keys.received_ms_of(values["isk"]),
        size_bytes=values["sz"],
        chunks=values.get("nc", 0),
        results=tuple(results.unpack(values.get("res", b""))),
    )


def _stored(values: Mapping[str, Any]) -> Stored:
    listed = _listed(values)
    event = Event(
        sid=listed.event_sid,
        account_sid=values["ac"],
        assistant_sid=listed.assistant_sid,
        source_sid=listed.source_sid,
        platform=listed.platform,
        name=listed.name,
        type=listed.type,
        status=listed.status,
        reason=listed.reason,
        conversation_id=listed.conversation_id,
        occurred_ms=listed.occurred_ms,
        received_ms=listed.received_ms,
        rid=values["rid"],
        method=values.get("m", "POST"),
        content_type=values.get("ct"),
        payload=codec.unpack(values["zc"], values["z"]),
    )
    return Stored(event, listed)


def put(client: DynamoDBClient, table: str, values: Mapping[str, object]) -> bool:
    """Commit an event, or one chunk's results, unless it is there already.

    Returns:
        Whether this call wrote it; False means that another copy of the message won.
    """
    try:
        client.put_item(TableName=table, Item=to_item(values), ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def chunk_values(event: Event, index: int, *, packed_results: bytes, retention_days: int) -> dict[str, object]:
    """The item that holds one chunk's results."""
    key = keys.chunk(event.assistant_sid, event.sid, index)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "res": packed_results or None,
        "expires_at": expires_at(event.received_ms, retention_days),
    }


def known(client: DynamoDBClient, table: str, wanted: Sequence[keys.Key]) -> dict[keys.Key, dict[str, Any]]:
    """Which of these items exist, read strongly: with `rid` and `nc`, without payloads.

    Raises:
        PartialAnswerError: When the table did not answer for all of them: nothing may be decided from the rest.
    """
    found: dict[keys.Key, dict[str, Any]] = {}
    unique = list(dict.fromkeys(wanted))
    for start in range(0, len(unique), _BATCH_GET_KEYS):
        batch = unique[start : start + _BATCH_GET_KEYS]
        answer = client.batch_get_item(
            RequestItems={
                table: {
                    "Keys": [to_item({"pk": key.pk, "sk": key.sk}) for key in batch],
                    "ConsistentRead": True,
                    "ProjectionExpression": "pk, sk, rid, nc",
                }
            }
        )
        if answer.get("UnprocessedKeys"):
            raise PartialAnswerError("keys of the data table were left unread")
        for item in answer["Responses"].get(table, []):
            values = from_item(item)
            found[keys.Key(values["pk"], values["sk"])] = values
    return found


def load(client: DynamoDBClient, table: str, assistant_sid: str, event_sid: str) -> Stored | None:
    """One event, read strongly."""
    key = keys.event(assistant_sid, event_sid)
    answer = client.get_item(TableName=table, Key=to_item({"pk": key.pk, "sk": key.sk}), ConsistentRead=True)
    item = answer.get("Item")
    return _stored(from_item(item)) if item else None


def load_results(client: DynamoDBClient, table: str, listed: Listed) -> list[results.Result]:
    """The first attempts' results, from the chunk items where there are chunks."""
    if not listed.chunks:
        return list(listed.results)
    key = keys.event(listed.assistant_sid, listed.event_sid)
    found: list[results.Result] = []
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": to_attribute(key.pk), ":prefix": to_attribute(f"{key.sk}#")},
    )
    for page in pages:
        for item in page["Items"]:
            found += results.unpack(from_item(item).get("res", b""))
    return found


def list_newest(
    client: DynamoDBClient, table: str, assistant_sid: str, *, shards: int, before: str | None, limit: int
) -> tuple[list[Listed], bool]:
    """An assistant's events, newest first, merged from all shards.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        assistant_sid: Whose.
        shards: How many index shards there are or have ever been.
        before: The sort key of the last event of the page before; None for the first page.
        limit: At most so many.

    Returns:
        The page, and whether there may be another.
    """
    streams = [
        _shard_newest(client, table, keys.listing_partition(assistant_sid, shard), before=before, limit=limit)
        for shard in range(shards)
    ]
    merged: Iterable[Mapping[str, Any]] = heapq.merge(*streams, key=lambda values: values["isk"], reverse=True)
    page: list[Listed] = []
    for values in merged:
        if len(page) == limit:
            return page, True
        page.append(_listed(values))
    return page, False


def _shard_newest(
    client: DynamoDBClient, table: str, partition: str, *, before: str | None, limit: int
) -> Iterator[Mapping[str, Any]]:
    condition, bound = "ipk = :ipk", {":ipk": to_attribute(partition)}
    if before is not None:
        condition, bound = "ipk = :ipk AND isk < :before", {**bound, ":before": to_attribute(before)}
    pages = client.get_paginator("query").paginate(
        TableName=table,
        IndexName=keys.INDEX,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=bound,
        ScanIndexForward=False,
        PaginationConfig={"PageSize": limit + 1},
    )
    for page in pages:
        for item in page["Items"]:
            yield from_item(item)
