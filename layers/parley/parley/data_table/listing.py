"""Lists that stand in several partitions under one kind of sort key, `<received ms>#<EV>`, merged newest first.

The work for a page is bounded, so a page may be short. Its cursor is the last key that was considered in every
partition, not the last that was shown: a filter makes pages shorter and skips nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from parley.attributes import from_item, to_attribute
from parley.data_table import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

T = TypeVar("T")

OLDEST, NEWEST = "0", "~"  # before and behind every key that begins with 13 digits
EXTRA_READS = 16  # beyond one of each partition: what a page that filters much away may cost


@dataclass(frozen=True, slots=True)
class Between:
    """The keys that a list is about: from `low` on, up to `below` and without it."""

    low: str = OLDEST
    below: str = NEWEST

    def before(self, cursor: str | None) -> Between:
        """What is left of them behind a page that ended at the cursor."""
        return self if cursor is None else Between(self.low, min(self.below, cursor))


def between_times(after_ms: int | None, before_ms: int | None) -> Between:
    """The keys of what was received from `after_ms` on and before `before_ms`."""
    return Between(
        OLDEST if after_ms is None else keys.listing_sort(after_ms, ""),
        NEWEST if before_ms is None else keys.listing_sort(before_ms, ""),
    )


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """What one read of a partition came to.

    Attributes:
        found: Sort keys with values.
        reached: The last key that was looked at; None when there is none behind it.
    """

    found: Sequence[tuple[str, T]]
    reached: str | None


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """Keys that every partition has been read beyond, newest first, with all that stands under each.

    Attributes:
        reached: The last key that every partition was looked at; None at the end.
    """

    groups: list[tuple[str, list[T]]]
    reached: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page, and the cursor of the next; None when there is none."""

    rows: list[T]
    cursor: str | None


Read = Callable[[str], Stretch[T]]


def settle(reads: Sequence[Read[T]], *, below: str) -> Iterator[Settled[T]]:
    """Read the partition that is the least far, again and again, until all are read or the bound is reached.

    Args:
        reads: One for each partition; each is given the key that it must stay below.
        below: Where to begin.
    """
    positions = dict.fromkeys(range(len(reads)), below)
    waiting: dict[str, list[T]] = {}
    for _ in range(len(reads) + EXTRA_READS):
        behind = max(positions, key=lambda number: positions[number])
        stretch = reads[behind](positions[behind])
        for key, value in stretch.found:
            waiting.setdefault(key, []).append(value)
        if stretch.reached is None:
            del positions[behind]
        else:
            positions[behind] = stretch.reached
        reached = max(positions.values(), default=None)
        known = sorted((key for key in waiting if reached is None or key >= reached), reverse=True)
        yield Settled([(key, waiting.pop(key)) for key in known], reached)
        if reached is None:
            return


def page(rows_of: Iterable[tuple[list[tuple[str, T]], str | None]], *, limit: int) -> Page[T]:
    """The first rows, at most so many, of what settles step by step.

    Args:
        rows_of: Of each step the rows with their keys, and how far it reached.
        limit: At most so many rows.
    """
    found: list[tuple[str, T]] = []
    reached: str | None = None
    for rows, reached in rows_of:  # noqa: B007 — the last one counts
        found += rows
        if len(found) > limit:
            return Page([row for _, row in found[:limit]], found[limit - 1][0])
    return Page([row for _, row in found], reached)


@dataclass(frozen=True, slots=True)
class Query:
    """How one partition is read, newest first.

    Attributes:
        limit: Looked at in one read, 2 at least: the bound itself may be one of them.
        wanted: Attributes and the values that they must have.
        by_time: From the index, whose reads are never strong.
    """

    partition: str
    low: str
    limit: int
    by_time: bool
    wanted: Mapping[str, str | bytes]

    def read(self, client: DynamoDBClient, table: str, below: str) -> Stretch[dict[str, Any]]:
        """One stretch of the partition."""
        pk, sk = ("ipk", "isk") if self.by_time else ("pk", "sk")
        request: dict[str, Any] = {
            "TableName": table,
            # BETWEEN takes its upper bound in; what stands there is left out below
            "KeyConditionExpression": f"{pk} = :pk AND {sk} BETWEEN :low AND :below",
            "ExpressionAttributeValues": {
                ":pk": to_attribute(self.partition),
                ":low": to_attribute(self.low),
                ":below": to_attribute(below),
                **{f":{name}": to_attribute(value) for name, value in self.wanted.items()},
            },
            "ScanIndexForward": False,
            "Limit": max(self.limit, 2),
        }
        request |= {"IndexName": keys.INDEX} if self.by_time else {"ConsistentRead": True}
        if self.wanted:
            request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in self.wanted)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in self.wanted}
        answer = client.query(**request)
        last = answer.get("LastEvaluatedKey")
        items = [from_item(item) for item in answer["Items"]]
        return Stretch([(item[sk], item) for item in items if item[sk] < below], from_item(last)[sk] if last else None)
