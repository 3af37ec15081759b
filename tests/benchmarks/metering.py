"""Counts what AWS charges for, request by request, as the SDK sends it.

A `Meter` hangs on a botocore session's events, so whatever the real handlers do through clients of that session is
counted, and nothing else. Sizes follow the DynamoDB developer guide ("Item sizes and formats", "Read and write
operations") and the SQS price list (a request is 64 KB).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cli.up.partiql import inserted

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_dynamodb.client import DynamoDBClient

Attribute = Mapping[str, Any]
Item = Mapping[str, Attribute]

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
SQS_CHUNK_BYTES = 64 * 1024
_KEYS = frozenset(("pk", "sk", "ipk", "isk"))


@dataclass(frozen=True, slots=True)
class Units:
    """What was used.

    Attributes:
        base_writes: Write units of the tables, of 1 KB.
        index_writes: Write units of the index's copies.
        strong_reads: Read units of strong reads, of 4 KB.
        eventual_reads: The same of eventual ones, which cost half.
        sqs_requests: Of 64 KB.
        calls: Requests that the code waited for.
    """

    base_writes: int = 0
    index_writes: int = 0
    strong_reads: int = 0
    eventual_reads: int = 0
    sqs_requests: int = 0
    calls: int = 0

    @property
    def writes(self) -> int:
        """All write units."""
        return self.base_writes + self.index_writes

    @property
    def reads(self) -> float:
        """All read units at a strong one's price."""
        return self.strong_reads + self.eventual_reads / 2

    def __sub__(self, other: Units) -> Units:
        """What was used since."""
        return Units(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))


def attribute_bytes(attribute: Attribute) -> int:
    """The size of a value."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(str(value).encode())
        case "B":
            return len(bytes(value))
        case "N":
            return math.ceil(len(str(value).lstrip("-0")) / 2) + 1 + str(value).startswith("-")
        case "L":
            return 3 + sum(1 + attribute_bytes(entry) for entry in value)
        case "M":
            return 3 + len(value) + item_bytes(value)
        case _:  # BOOL, NULL
            return 1


def item_bytes(item: Item) -> int:
    """The size of an item: its names and its values."""
    return sum(len(name.encode()) + attribute_bytes(value) for name, value in item.items())


def units_of(size_bytes: int, unit_bytes: int) -> int:
    """At least one: what is not there costs as much."""
    return max(1, math.ceil(size_bytes / unit_bytes))


def index_copy(item: Item | None, projected: frozenset[str]) -> Item | None:
    """What stands in the index for an item; None without an index key."""
    if item is None or "ipk" not in item or "isk" not in item:
        return None
    return {name: value for name, value in item.items() if name in projected | _KEYS}


def index_units(before: Item | None, after: Item | None) -> int:
    """Of the change of a copy: a changed key is a deletion and a put."""
    if before == after:
        return 0
    if before is None or after is None:
        return units_of(item_bytes(before or after or {}), WRITE_UNIT_BYTES)
    if (before["ipk"], before["isk"]) != (after["ipk"], after["isk"]):
        return sum(units_of(item_bytes(copy), WRITE_UNIT_BYTES) for copy in (before, after))
    return units_of(max(item_bytes(before), item_bytes(after)), WRITE_UNIT_BYTES)


@dataclass
class Meter:
    """Counts a session's requests.

    Attributes:
        reader: A client of another session: how items were before and are after a write.
        projected: The attributes that the index copies.
        operations: How often which operation was called.
    """

    reader: DynamoDBClient
    projected: frozenset[str]
    units: Units = field(default_factory=Units)
    operations: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def on(self, session: Session) -> Iterator[Meter]:
        """Count until the end."""
        hooks: dict[str, Any] = {
            "provide-client-params.dynamodb": self._before,
            "after-call.dynamodb": self._after_dynamodb,
            "provide-client-params.sqs": self._sqs,
        }
        for event, hook in hooks.items():
            session.register(event, hook)
        try:
            yield self
        finally:
            for event, hook in hooks.items():
                session.unregister(event, hook)

    def _add(self, **more: int) -> None:
        names = Units.__slots__
        self.units = Units(*(getattr(self.units, name) + more.get(name, 0) for name in names))

    # --- DynamoDB

    def _before(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Remember the request, and for a write what it will meet."""
        self.operations[model.name] += 1
        writes = [(params["TableName"], _key_of(params))] if model.name in _WRITES else []
        if model.name == "TransactWriteItems":
            steps = [next(iter(step.values())) for step in params["TransactItems"]]
            writes = [(step["TableName"], _key_of(step)) for step in steps]
        if model.name == "BatchExecuteStatement":
            writes = [(table, _key_of({"Item": item})) for table, item in map(inserted, params["Statements"])]
        context["parley"] = (params, [(table, key, self._item(table, key)) for table, key in writes])

    def _after_dynamodb(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        params, written = context["parley"]
        match model.name:
            case "PutItem" | "UpdateItem" | "DeleteItem" | "BatchExecuteStatement":
                self._written(written, factor=1)
            case "TransactWriteItems":
                self._written(written, factor=2)
            case "GetItem":
                self._read([self._item(params["TableName"], params["Key"])], params)
            case "BatchGetItem":
                for table, request in params["RequestItems"].items():
                    self._read([self._item(table, key) for key in request["Keys"]], request)
            case "Query":
                self._queried(params)
            case name:
                raise NotImplementedError(f"{name} is not metered")
        self._add(calls=1)

    def _item(self, table: str, key: Item) -> Item | None:
        return self.reader.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def _written(self, written: list[tuple[str, Item, Item | None]], *, factor: int) -> None:
        for table, key, before in written:
            after = self._item(table, key)
            size = max(item_bytes(before or {}), item_bytes(after or {}))
            copies = (index_copy(before, self.projected), index_copy(after, self.projected))
            self._add(base_writes=factor * units_of(size, WRITE_UNIT_BYTES), index_writes=factor * index_units(*copies))

    def _read(self, items: list[Item | None], request: Mapping[str, Any]) -> None:
        units = sum(units_of(item_bytes(item or {}), READ_UNIT_BYTES) for item in items)
        self._add(**{"strong_reads" if request.get("ConsistentRead") else "eventual_reads": units})

    def _queried(self, params: Mapping[str, Any]) -> None:
        """What it looked at counts, not what it returned: the same query without filter and projection."""
        whole = {name: value for name, value in params.items() if name in _QUERY}
        used = {
            name: params[name] for name in ("ExpressionAttributeNames", "ExpressionAttributeValues") if name in params
        }
        used = {
            name: {key: value for key, value in values.items() if key in params["KeyConditionExpression"]}
            for name, values in used.items()
        }
        answer = self.reader.query(**whole, **{name: values for name, values in used.items() if values})
        units = units_of(sum(map(item_bytes, answer["Items"])), READ_UNIT_BYTES)
        self._add(**{"strong_reads" if params.get("ConsistentRead") else "eventual_reads": units})

    # --- SQS

    def _sqs(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.operations[model.name] += 1
        bodies = [params] if model.name == "SendMessage" else params["Entries"]
        size = sum(len(body["MessageBody"].encode()) for body in bodies)
        self._add(sqs_requests=units_of(size, SQS_CHUNK_BYTES), calls=1)


@dataclass(frozen=True)
class Metered:
    """A table in memory, whose client has no hooks: the same meter, call by call."""

    client: Any
    meter: Meter

    def __getattr__(self, name: str) -> Any:
        """A method that is counted."""
        method = getattr(self.client, name)
        model = SimpleNamespace(name="".join(word.title() for word in name.split("_")))

        def counted(**params: Any) -> Any:
            context: dict[str, Any] = {}
            self.meter._before(params, model, context)
            answer = method(**params)
            self.meter._after_dynamodb(model, context)
            return answer

        return counted


_WRITES = frozenset(("PutItem", "UpdateItem", "DeleteItem"))
_QUERY = frozenset(
    (
        *("TableName", "IndexName", "KeyConditionExpression", "ConsistentRead"),
        *("ScanIndexForward", "Limit", "ExclusiveStartKey"),
    )
)


def _key_of(request: Mapping[str, Any]) -> Item:
    whole = request.get("Item") or request["Key"]
    return {name: whole[name] for name in ("pk", "sk")}
