"""Events in the data table: the conditional put that commits one, the reads that recognise and show it.

An event item is written once and never updated; what happened later to a delivery stands in the webhook's own items.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley import codec, results
from parley.attributes import from_item, to_attribute, to_item
from parley.aws import PartialAnswerError
from parley.data_table import items, keys, listing
from parley.event import ACCEPTED, Event
from parley.sids import conversation_partition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, BatchStatementRequestTypeDef

ERASED = "gone"  # the attribute that makes an item a tombstone: when it was erased, Unix milliseconds

MOST_TOGETHER = 25  # BatchExecuteStatement's limit

_BATCH_GET_KEYS = 100
_DAY_SECONDS = 86_400
_FILTERED_LOOK = 1000  # looked at in one read of a shard; the table stops at 1 MB, some 2,000
_SOURCES_LOOK = 100
_SOURCES_SOUGHT = 5  # each by reads of its own
_CONVERSATION_READS = 10  # of 1 MB each: thousands of events of ordinary size


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

    @property
    def sort(self) -> str:
        """Its place in the order of time."""
        return keys.listing_sort(self.received_ms, self.event_sid)


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the table has it.

    Attributes:
        expires_at: When its retention ends, Unix seconds.
    """

    event: Event
    listed: Listed
    expires_at: int


def expires_at(received_ms: int, retention_days: int) -> int:
    """When retention ends, Unix seconds."""
    return received_ms // 1000 + retention_days * _DAY_SECONDS


def to_values(
    event: Event, *, packed_results: bytes, chunks: int, shards: int, retention_days: int
) -> dict[str, object]:
    """The item of an event; names are short because a write unit is 1 KB (design 7)."""
    key = keys.event(event.assistant_sid, event.sid)
    listing = keys.listing(event.assistant_sid, event.sid, event.received_ms, shards=shards)
    number, packed = codec.pack(event.payload, event.platform)
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
        "hp": event.hops or None,
        "te": event.test or None,
        "sz": len(event.payload),
        "zc": number,
        "z": packed,
        "res": packed_results or None,
        "nc": chunks or None,
        "expires_at": expires_at(event.received_ms, retention_days),
    }


def listed(values: Mapping[str, Any]) -> Listed:
    """An entry of the index."""
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
    summary = listed(values)
    event = Event(
        sid=summary.event_sid,
        account_sid=values["ac"],
        assistant_sid=summary.assistant_sid,
        source_sid=summary.source_sid,
        platform=summary.platform,
        name=summary.name,
        type=summary.type,
        status=summary.status,
        reason=summary.reason,
        conversation_id=summary.conversation_id,
        occurred_ms=summary.occurred_ms,
        received_ms=summary.received_ms,
        rid=values["rid"],
        method=values.get("m", "POST"),
        content_type=values.get("ct"),
        payload=codec.unpack(values["zc"], values["z"]),
        hops=values.get("hp", 0),
        test=values.get("te", False),
    )
    return Stored(event, summary, values["expires_at"])


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


def insert_together(client: DynamoDBClient, table: str, rows: Sequence[Mapping[str, object]]) -> list[bool]:
    """Commit several events or chunks' results in one request; an `INSERT` refuses what is there, as `put` does.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        rows: Their items, `MOST_TOGETHER` at the most, each of another key.

    Returns:
        Of each, whether this request wrote it. False says nothing about the table: another copy may have won, or the
        statement was throttled. `put` finds out.

    Raises:
        ClientError: When the whole request is refused; any of them may be written all the same if it ran into an error.
        BotoCoreError: When the table cannot be reached; any of them may be written.
    """
    answer = client.batch_execute_statement(Statements=[_insert(table, to_item(values)) for values in rows])
    return ["Error" not in response for response in answer["Responses"]]


def _insert(table: str, item: Mapping[str, AttributeValueTypeDef]) -> BatchStatementRequestTypeDef:
    names = ", ".join(f"'{name}': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{names}}}', "Parameters": list(item.values())}


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
    """One event, read strongly; None when it is not there, or was erased."""
    values = items.load(client, table, keys.event(assistant_sid, event_sid))
    return _stored(values) if values and ERASED not in values else None


def is_erased(client: DynamoDBClient, table: str, assistant_sid: str, event_sid: str) -> bool:
    """Whether an event that is not there was erased, read strongly: it will not come."""
    values = items.load(client, table, keys.event(assistant_sid, event_sid))
    return values is not None and ERASED in values


def load_result(client: DynamoDBClient, table: str, listed: Listed, webhook_sid: str) -> results.Result | None:
    """What the first attempt at one webhook came to; None when the event was not for it, or is not committed there."""
    found: Sequence[results.Result] = listed.results
    if listed.chunks:
        key = keys.chunk(listed.assistant_sid, listed.event_sid, keys.chunk_of(webhook_sid, listed.chunks))
        values = items.load(client, table, key) or {}
        found = results.unpack(values.get("res", b""))
    return next((result for result in found if result.webhook_sid == webhook_sid), None)


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a list shows; None asks for all."""

    type: str | None = None
    platform: str | None = None
    conversation_id: str | None = None
    source_sid: str | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes that an item must have."""
        named = {"t": self.type, "p": self.platform, "cv": self.conversation_id, "src": self.source_sid}
        return {name: value for name, value in named.items() if value is not None}


def list_newest(
    client: DynamoDBClient,
    table: str,
    assistant_sid: str,
    *,
    shards: int,
    wanted: Wanted,
    between: listing.Between,
    limit: int,
) -> listing.Page[Listed]:
    """An assistant's events, newest first, merged from all shards.

    A conversation's are one partition of the table, sorted here; one that is too large for that is picked out of the
    index like everything else.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        assistant_sid: Whose.
        shards: How many index shards there are or have ever been.
        wanted: Which.
        between: Of when, and behind which page.
        limit: At most so many.
    """
    if wanted.conversation_id is not None:
        found = _conversation(client, table, assistant_sid, wanted)
        if found is not None:
            rows = [row for row in found if between.low <= row.sort < between.below]
            return listing.page([([(row.sort, row) for row in rows], None)], limit=limit)
    reads: list[listing.Read[dict[str, Any]]] = [
        partial(
            listing.Query(
                partition=keys.listing_partition(assistant_sid, shard),
                low=between.low,
                limit=_FILTERED_LOOK if wanted.attributes else limit + 1,
                by_time=True,
                wanted=wanted.attributes,
            ).read,
            client,
            table,
        )
        for shard in range(shards)
    ]
    return listing.page(
        (
            ([(key, listed(values)) for key, group in step.groups for values in group], step.reached)
            for step in listing.settle(reads, below=between.below)
        ),
        limit=limit,
    )


def last_received(
    client: DynamoDBClient, table: str, assistant_sid: str, source_sids: Collection[str], *, shards: int
) -> dict[str, int]:
    """When each source's newest event was received, Unix milliseconds, by source; read from the index.

    Nothing is written for this when an event comes: that would cost each event of a quiet source a write unit more. So
    one that is not found within the bounds (invariant 9) is left out: it has no events, or some thousands of others'
    have come since.
    """
    missing, found = set(source_sids), {}
    reads: list[listing.Read[dict[str, Any]]] = [
        partial(
            listing.Query(
                partition=keys.listing_partition(assistant_sid, shard),
                low=listing.OLDEST,
                limit=_SOURCES_LOOK,
                by_time=True,
                wanted={},
            ).read,
            client,
            table,
        )
        for shard in range(shards)
    ]
    reached: str | None = None
    for step in listing.settle(reads, below=listing.NEWEST):
        reached = step.reached
        for values in (values for _, group in step.groups for values in group):
            if (source_sid := values.get("src")) in missing:
                missing.discard(source_sid)
                found[source_sid] = keys.received_ms_of(values["isk"])
        if not missing or reached is None:
            return found
    for source_sid in sorted(missing)[:_SOURCES_SOUGHT]:
        page = list_newest(
            client,
            table,
            assistant_sid,
            shards=shards,
            wanted=Wanted(source_sid=source_sid),
            between=listing.Between().before(reached),
            limit=1,
        )
        if page.rows:
            found[source_sid] = page.rows[0].received_ms
    return found


def _conversation(client: DynamoDBClient, table: str, assistant_sid: str, wanted: Wanted) -> list[Listed] | None:
    """All events of a conversation that are wanted, newest first; None when there are too many to sort them here."""
    partition = conversation_partition(assistant_sid, wanted.conversation_id or "")
    names = ("pk", "sk", "isk", "src", "p", "n", "t", "st", "why", "cv", "oc", "sz", "nc", "res")
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "FilterExpression": " AND ".join(f"#{name} = :{name}" for name in wanted.attributes),
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {
            ":pk": to_attribute(f"{assistant_sid}#{partition}"),
            **{f":{name}": to_attribute(value) for name, value in wanted.attributes.items()},
        },
    }
    found: list[Listed] = []
    for _ in range(_CONVERSATION_READS):
        answer = client.query(**request)
        found += [listed(from_item(item)) for item in answer["Items"]]
        if not (last := answer.get("LastEvaluatedKey")):
            return sorted(found, key=lambda row: row.sort, reverse=True)
        request["ExclusiveStartKey"] = last
    return None
