"""Configuration changes: each is one transaction whose conditions say what must still be true (invariant 7)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley.attributes import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from parley.config_table.keys import Key

# Transactions on one item exclude each other: 50 creations that count in one counter take turns.
MAX_CONFLICT_SECONDS = 6.0
MAX_PAUSE_SECONDS = 0.2
_CONFLICTS = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
_BUSY = ("TransactionInProgressException", "TransactionConflictException")

Refusal = Callable[[], Exception]


class ChangedMeanwhileError(Exception):
    """Raised when an item is no longer as it was read: read it again and decide again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a transaction.

    Attributes:
        write: As `TransactWriteItems` takes it, without the table's name.
        refused: The error that the condition's failure means.
    """

    write: Mapping[str, Mapping[str, Any]]
    refused: Refusal = ChangedMeanwhileError


def put(key: Key, values: Mapping[str, object], *, refused: Refusal, replacing_version: int | None = None) -> Step:
    """Write an item that must not exist yet, or that must have this version.

    Args:
        key: Of the item.
        values: Its other attributes; None is left out.
        refused: What a failed condition means.
        replacing_version: The version that it had when it was read; None for a new item.
    """
    item = {**key, **to_item(values)}
    if replacing_version is None:
        return Step({"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}, refused)
    return Step(
        {
            "Put": {
                "Item": item,
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": to_item({":version": replacing_version}),
            }
        },
        refused,
    )


def overwrite(key: Key, values: Mapping[str, object]) -> Step:
    """Write an item whatever was there."""
    return Step({"Put": {"Item": {**key, **to_item(values)}}})


def delete(key: Key, *, version: int | None = None) -> Step:
    """Remove an item, whatever it is or only in the version that was read."""
    if version is None:
        return Step({"Delete": {"Key": key}})
    return Step(
        {
            "Delete": {
                "Key": key,
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": to_item({":version": version}),
            }
        }
    )


def update(
    key: Key,
    expression: str,
    values: Mapping[str, object],
    *,
    names: Mapping[str, str] | None = None,
    condition: str | None = None,
    refused: Refusal = ChangedMeanwhileError,
) -> Step:
    """Change attributes of an item."""
    write: dict[str, Any] = {"Key": key, "UpdateExpression": expression}
    if values:
        write["ExpressionAttributeValues"] = to_item(values)
    if names:
        write["ExpressionAttributeNames"] = dict(names)
    if condition:
        write["ConditionExpression"] = condition
    return Step({"Update": write}, refused)


def write(client: DynamoDBClient, table: str, steps: Sequence[Step]) -> None:
    """Carry out all steps or none; wait for other transactions on the same items.

    Raises:
        Exception: The `refused` of the first step whose condition failed.
    """
    items: list[Any] = [{kind: {"TableName": table, **body}} for step in steps for kind, body in step.write.items()]
    deadline = time.monotonic() + MAX_CONFLICT_SECONDS
    pause_seconds = 0.01
    while not _attempt(client, items, steps, last=time.monotonic() >= deadline):
        time.sleep(random.uniform(0, pause_seconds))  # noqa: S311 — spreads writers, guards nothing
        pause_seconds = min(pause_seconds * 2, MAX_PAUSE_SECONDS)


def _attempt(
    client: DynamoDBClient, items: Sequence[TransactWriteItemTypeDef], steps: Sequence[Step], *, last: bool
) -> bool:
    """Whether it was carried out; False when another transaction stood in the way."""
    try:
        client.transact_write_items(TransactItems=items)
    except ClientError as error:
        # The reasons stand in the steps' order, "None" for those that would have passed.
        reasons: list[Any] = error.response.get("CancellationReasons", [])
        codes = [reason.get("Code") for reason in reasons]
        for code, step in zip(codes, steps, strict=False):
            if code == "ConditionalCheckFailed":
                raise step.refused() from error
        busy = error.response["Error"]["Code"] in _BUSY or any(code in _CONFLICTS for code in codes)
        if last or not busy:
            raise
        return False
    return True
