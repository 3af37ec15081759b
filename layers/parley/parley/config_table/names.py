"""Unique names in the config table: each is an item of its own, so that of two that want one at once one is refused.

That is invariant 7; and finding a resource by its name is two reads by key, whatever else its owner has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from parley import sids
from parley.attributes import from_item
from parley.config_table import keys
from parley.config_table.transactions import Step, put
from parley.errors import ConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

T = TypeVar("T")


def taken(key: keys.Key, unique_name: str, *, by: str) -> Step:
    """Part of what gives a resource its name.

    Args:
        key: Of the name, from `keys`.
        unique_name: As it was given.
        by: The resource's SID.

    Raises:
        ConflictError: Another has it; raised by the transaction.
    """
    problem = f"UniqueName: {unique_name!r} is taken. Allowed: a name that is not in use here"
    return put(key, {"sid": by}, refused=lambda: ConflictError(problem))


def find(
    client: DynamoDBClient,
    table: str,
    sid_or_name: str,
    *,
    prefix: str,
    load: Callable[[str], T | None],
    key: Callable[[str], keys.Key],
) -> T | None:
    """The resource with that SID, else with that unique name: a name that looks like a SID is tried as one first.

    Args:
        client: DynamoDB.
        table: The config table.
        sid_or_name: As it stands in a path.
        prefix: The two letters of its SIDs.
        load: Reads one by its SID.
        key: Where its owner's names stand.
    """
    if sids.is_sid(sid_or_name, prefix) and (found := load(sid_or_name)):
        return found
    if not 1 <= len(sid_or_name) <= keys.MOST_NAME_CHARACTERS:
        return None
    named = client.get_item(TableName=table, Key=key(sid_or_name), ConsistentRead=True).get("Item")
    return load(from_item(named)["sid"]) if named else None
