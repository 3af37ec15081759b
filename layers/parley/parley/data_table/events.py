"""Events in the data table: the conditional puts that commit them, the reads that recognise and show one.

An event item is written once and never updated; what happened later to a delivery stands in the webhook's own items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley import codec, results, sids
from parley.attributes import from_item, to_attribute, to_item
from parley.aws import PartialAnswerError
from parley.data_table import items, keys
from parley.event import ACCEPTED, Event
from parley.queries import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, BatchStatementRequestTypeDef

# Stored as their place in this list, which only grows: the usual ones.
_CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-8")

ERASED = "gone"  # the attribute that makes an item a tombstone: when it was erased, Unix milliseconds

MOST_TOGETHER = 25  # BatchExecuteStatement's limit

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
        "ac": sids.to_bytes(event.account_sid, sids.ACCOUNT),
        "src": sids.to_bytes(event.source_sid, sids.SOURCE) if event.source_sid else None,
        "p": event.platform,
        "n": event.name,
        "t": event.type,
        "st": None if event.status == ACCEPTED else event.status,
        "why": event.reason,
        "cv": event.conversation_id,
        "oc": event.occurred_ms,
        "rid": event.rid,
        "m": None if event.method == "POST" else event.method,
        "ct": _CONTENT_TYPES.index(event.content_type) if event.content_type in _CONTENT_TYPES else event.content_type,
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
        source_sid=source_of(values),
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


def source_of(values: Mapping[str, Any]) -> str | None:
    """The source of an entry of the index."""
    stored = values.get("src")
    return sids.from_bytes(stored, sids.SOURCE) if stored is not None else None


def _stored(values: Mapping[str, Any]) -> Stored:
    summary, content_type = listed(values), values.get("ct")
    event = Event(
        sid=summary.event_sid,
        account_sid=sids.from_bytes(values["ac"], sids.ACCOUNT),
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
        content_type=_CONTENT_TYPES[content_type] if isinstance(content_type, int) else content_type,
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
        Of each, whether this request wrote it. False says nothing about the table: another copy may have won, the
        statement was throttled, or the answer is none that says so. `put` finds out.

    Raises:
        ClientError: When the whole request is refused; any of them may be written all the same if it ran into an error.
        BotoCoreError: When the table cannot be reached; any of them may be written.
    """
    answer = client.batch_execute_statement(Statements=[_insert(table, to_item(values)) for values in rows])
    responses = answer.get("Responses", [])
    if len(responses) != len(rows):
        return [False] * len(rows)  # what an engine answers must not cost the posts that were made
    return ["Error" not in response for response in responses]


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
    chunks = query_all(
        client,
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": to_attribute(key.pk), ":prefix": to_attribute(f"{key.sk}#")},
    )
    return [result for chunk in chunks for result in results.unpack(chunk.get("res", b""))]
