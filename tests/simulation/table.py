"""DynamoDB in memory, as far as this project asks: tables with one index each, whose copy lags when it is told to.

Strong reads see what was written; the others may see what was there a moment ago (`lag_ms`); the index is a copy of its
own, to which each write comes later, by a delay of its own (`index_delay_ms`). A contract test compares it with moto.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cli.up.partiql import inserted
from tests.simulation import expressions

Key = tuple[str, str]
Item = dict[str, Any]

# of the template's ByTime, beside the four keys
PROJECTED = ("ac", "at", "cv", "n", "nc", "oc", "p", "res", "src", "st", "sz", "t", "ua", "why")
_IN_INDEX = frozenset(("pk", "sk", "ipk", "isk", *PROJECTED))
_NO_NAMES: Mapping[str, str] = {}
_KEPT_MS = 10_000  # of an item's past, for reads that lag


def refused(code: str, operation: str) -> ClientError:
    """The error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def _never() -> int:
    return 0


@dataclass
class Table:
    """One table and its index.

    Attributes:
        now_ms: The time.
        lag_ms: Asked at each eventual read: how old its answer is.
        index_delay_ms: Asked at each write: when the index will have it.
        written: Told of each write: the key, the item before and after.
    """

    now_ms: Callable[[], int] = _never
    lag_ms: Callable[[], int] = _never
    index_delay_ms: Callable[[], int] = _never
    written: Callable[[Key, Item | None, Item | None], None] = lambda key, before, after: None
    partitions: dict[str, dict[str, Item]] = field(default_factory=dict)
    index: dict[str, dict[tuple[str, str, str], Item]] = field(default_factory=dict)
    _coming: list[tuple[int, int, Key, Item | None]] = field(default_factory=list)
    _ready: dict[Key, int] = field(default_factory=dict)
    _indexed: dict[Key, tuple[str, tuple[str, str, str]]] = field(default_factory=dict)
    _past: dict[Key, list[tuple[int, Item | None]]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def get(self, key: Key, *, consistent: bool) -> Item | None:
        """An item, or what it was."""
        present = self.partitions.get(key[0], {}).get(key[1])
        if consistent or key not in self._past or not (lag_ms := self.lag_ms()):
            return present
        then = self.now_ms() - lag_ms
        for until_ms, item in self._past[key]:
            if until_ms > then:
                return item
        return present

    def put(self, key: Key, item: Item | None) -> None:
        """Write an item; None removes it."""
        partition = self.partitions.setdefault(key[0], {})
        before = partition.get(key[1])
        if item is None:
            partition.pop(key[1], None)
        else:
            partition[key[1]] = item
        now_ms = self.now_ms()
        past = self._past.setdefault(key, [])
        past.append((now_ms, before))
        if past[0][0] < now_ms - _KEPT_MS:
            self._past[key] = [entry for entry in past if entry[0] >= now_ms - _KEPT_MS]
        if (item and "ipk" in item) or (before and "ipk" in before):
            # one item's changes keep their order, those of different items need not
            ready_ms = max(self._ready.get(key, 0), now_ms + self.index_delay_ms())
            self._ready[key] = ready_ms
            heapq.heappush(self._coming, (ready_ms, next(self._numbers), key, item))
        self.written(key, before, item)

    def index_partition(self, name: str) -> dict[tuple[str, str, str], Item]:
        """One partition of the index, as far as it knows."""
        now_ms = self.now_ms()
        while self._coming and self._coming[0][0] <= now_ms:
            _, _, key, item = heapq.heappop(self._coming)
            if known := self._indexed.pop(key, None):
                del self.index[known[0]][known[1]]
            if item and "ipk" in item and "isk" in item:
                place = (item["isk"]["S"], *key)
                self._indexed[key] = (item["ipk"]["S"], place)
                projected = {name: value for name, value in item.items() if name in _IN_INDEX}
                self.index.setdefault(item["ipk"]["S"], {})[place] = projected
        return self.index.get(name, {})

    def items(self) -> Iterator[tuple[Key, Item]]:
        """All, in no order."""
        for pk, partition in self.partitions.items():
            for sk, item in partition.items():
                yield (pk, sk), item


def _key(attributes: Mapping[str, Any]) -> Key:
    return attributes["pk"]["S"], attributes["sk"]["S"]


class Client:
    """The client's face of some tables."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables

    def get_item(self, *, TableName: str, Key: Mapping[str, Any], ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803 — boto3's
        item = self.tables[TableName].get(_key(Key), consistent=ConsistentRead)
        return {} if item is None else {"Item": item}

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        answers: dict[str, list[Item]] = {}
        for table, request in RequestItems.items():
            wanted = [_key(key) for key in request["Keys"]]
            assert 0 < len(wanted) == len(set(wanted)) <= 100, "DynamoDB refuses this"
            found = (self.tables[table].get(key, consistent=request.get("ConsistentRead", False)) for key in wanted)
            only = request.get("ProjectionExpression")
            answers[table] = [_projected(item, only, request) for item in found if item is not None]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def put_item(self, *, TableName: str, Item: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        self._check(TableName, _key(Item), request, "PutItem")
        self.tables[TableName].put(_key(Item), Item)
        return {}

    def batch_execute_statement(self, *, Statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 0 < len(Statements) <= 25, "DynamoDB refuses this"
        return {"Responses": [self._inserted(statement) for statement in Statements]}

    def _inserted(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        table, item = inserted(statement)
        if self.tables[table].get(_key(item), consistent=True) is not None:
            return {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
        self.tables[table].put(_key(item), item)
        return {"TableName": table}

    def delete_item(self, *, TableName: str, Key: Mapping[str, Any], **request: Any) -> dict[str, Any]:  # noqa: N803
        self._check(TableName, _key(Key), request, "DeleteItem")
        self.tables[TableName].put(_key(Key), None)
        return {}

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Mapping[str, Any],  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ReturnValues: str = "NONE",  # noqa: N803
        **request: Any,
    ) -> dict[str, Any]:
        before = self._check(TableName, _key(Key), request, "UpdateItem")
        after = _updated(before, Key, UpdateExpression, request)
        self.tables[TableName].put(_key(Key), after)
        return {"Attributes": after} if ReturnValues == "ALL_NEW" else {}

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        writes: list[tuple[str, Key, Item | None]] = []
        reasons: list[dict[str, str]] = []
        for step in TransactItems:
            ((kind, request),) = step.items()
            key = _key(request.get("Item") or request["Key"])
            try:
                before = self._check(request["TableName"], key, request, "TransactWriteItems")
            except ClientError:
                reasons.append({"Code": "ConditionalCheckFailed"})
                continue
            reasons.append({"Code": "None"})
            match kind:
                case "Put":
                    writes.append((request["TableName"], key, request["Item"]))
                case "Delete":
                    writes.append((request["TableName"], key, None))
                case "Update":
                    after = _updated(before, request["Key"], request["UpdateExpression"], request)
                    writes.append((request["TableName"], key, after))
        if any(reason["Code"] != "None" for reason in reasons):
            error = refused("TransactionCanceledException", "TransactWriteItems")
            error.response |= {"CancellationReasons": reasons}  # type: ignore[typeddict-item] # as far as ours is read
            raise error
        for table, key, item in writes:
            self.tables[table].put(key, item)
        return {}

    def query(self, *, TableName: str, KeyConditionExpression: str, **request: Any) -> dict[str, Any]:  # noqa: N803
        table = self.tables[TableName]
        values, names = request["ExpressionAttributeValues"], request.get("ExpressionAttributeNames", _NO_NAMES)
        partition = values[":ipk" if ":ipk" in values and "IndexName" in request else ":pk"]["S"]
        rows: list[tuple[tuple[str, ...], Item]]
        if "IndexName" in request:
            assert not request.get("ConsistentRead"), "an index has no strong reads"
            rows = sorted(table.index_partition(partition).items())
            row_key: tuple[str, ...] = ("isk", "pk", "sk")
        else:
            rows = [((sk,), item) for sk, item in sorted(table.partitions.get(partition, {}).items())]
            row_key = ("sk",)
            if not request.get("ConsistentRead"):
                rows = self._as_it_was(table, partition, rows)
        matches = expressions.condition(KeyConditionExpression)
        rows = [row for row in rows if matches(row[1], names, values)]
        if not request.get("ScanIndexForward", True):
            rows.reverse()
        if start := request.get("ExclusiveStartKey"):
            position = tuple(start[name]["S"] for name in row_key)
            forward = request.get("ScanIndexForward", True)
            rows = [row for row in rows if (row[0] > position if forward else row[0] < position)]
        answer: dict[str, Any] = {}
        limit = request.get("Limit")
        if limit is not None and len(rows) >= limit:
            # a full page has a cursor, whether or not anything stands behind it
            rows = rows[:limit]
            kept = {"pk", "sk", *(("ipk", "isk") if "IndexName" in request else ())}
            answer["LastEvaluatedKey"] = {name: rows[-1][1][name] for name in sorted(kept)}
        found = [item for _, item in rows]
        if text := request.get("FilterExpression"):
            wanted = expressions.condition(text)
            found = [item for item in found if wanted(item, names, values)]
        answer["Count"] = len(found)
        if request.get("Select") != "COUNT":
            only = request.get("ProjectionExpression")
            answer["Items"] = [_projected(item, only, request) for item in found]
        return answer

    def _as_it_was(
        self, table: Table, partition: str, rows: list[tuple[tuple[str, ...], Item]]
    ) -> list[tuple[tuple[str, ...], Item]]:
        keys = {sk for (sk,), _ in rows} | {sk for pk, sk in table._past if pk == partition}
        seen = ((sk, table.get((partition, sk), consistent=False)) for sk in sorted(keys))
        return [((sk,), item) for sk, item in seen if item is not None]

    def _check(self, table: str, key: Key, request: Mapping[str, Any], operation: str) -> Item | None:
        before = self.tables[table].get(key, consistent=True)
        if text := request.get("ConditionExpression"):
            names = request.get("ExpressionAttributeNames", _NO_NAMES)
            values = request.get("ExpressionAttributeValues", {})
            if not expressions.condition(text)(before or {}, names, values):
                error = refused("ConditionalCheckFailedException", operation)
                if before is not None and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                    error.response["Item"] = before  # type: ignore[typeddict-unknown-key] # the stubs do not know it
                raise error
        return before


def _updated(before: Item | None, key: Mapping[str, Any], text: str, request: Mapping[str, Any]) -> Item:
    apply = expressions.update(text)
    names = request.get("ExpressionAttributeNames", _NO_NAMES)
    return apply(before or dict(key), names, request.get("ExpressionAttributeValues", {}))


def _projected(item: Item, only: str | None, request: Mapping[str, Any]) -> Item:
    if only is None:
        return item
    names = request.get("ExpressionAttributeNames", _NO_NAMES)
    wanted = {names.get(name.strip(), name.strip()) for name in only.split(",")}
    return {name: value for name, value in item.items() if name in wanted}
