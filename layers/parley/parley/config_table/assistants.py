"""Assistants in the config table: the folder for one bot's sources, webhooks and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from parley import sids
from parley.attributes import from_item
from parley.config_table import keys, names
from parley.config_table.listing import Position, read_slice
from parley.config_table.transactions import ChangedMeanwhileError, Step, delete, put, update, write
from parley.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Assistant:
    """An assistant.

    Attributes:
        children: How many webhooks and sources it has, exactly: each of their transactions counts here.
        deleting: Its children are being removed; no new ones are taken.
        version: Counts changes of the assistant itself, not of its children.
    """

    sid: str
    account_sid: str
    unique_name: str
    created_ms: int
    updated_ms: int
    version: int
    children: int = 0
    deleting: bool = False


def _values(assistant: Assistant) -> dict[str, object]:
    return {
        "unique_name": assistant.unique_name,
        "created": assistant.created_ms,
        "updated": assistant.updated_ms,
        "version": assistant.version,
        "children": assistant.children,
        "deleting": assistant.deleting,
    }


def _from_values(values: Mapping[str, Any]) -> Assistant:
    return Assistant(
        sid=values["sk"],
        account_sid=values["pk"],
        unique_name=values["unique_name"],
        created_ms=values["created"],
        updated_ms=values["updated"],
        version=values["version"],
        children=values["children"],
        deleting=values["deleting"],
    )


def create(
    client: DynamoDBClient,
    table: str,
    *,
    account_sid: str,
    unique_name: str,
    now_ms: int,
    sid: str | None = None,
) -> Assistant:
    """Create an assistant; with a given SID where one must be known beforehand, as in `parley up`.

    Raises:
        ConflictError: The name, or the given SID, is taken.
    """
    made = Assistant(
        sid=sid or sids.new_sid(sids.ASSISTANT),
        account_sid=account_sid,
        unique_name=unique_name,
        created_ms=now_ms,
        updated_ms=now_ms,
        version=1,
    )
    write(
        client,
        table,
        [
            _name_step(made),
            put(
                keys.assistant(account_sid, made.sid),
                _values(made),
                refused=lambda: ConflictError(f"{made.sid} exists already"),
            ),
        ],
    )
    return made


def _name_step(assistant: Assistant) -> Step:
    name = assistant.unique_name
    return names.taken(keys.assistant_name(assistant.account_sid, name), name, by=assistant.sid)


def load(client: DynamoDBClient, table: str, account_sid: str, assistant_sid: str) -> Assistant | None:
    """An assistant as it is now, or None."""
    answer = client.get_item(TableName=table, Key=keys.assistant(account_sid, assistant_sid), ConsistentRead=True)
    return _from_values(from_item(answer["Item"])) if "Item" in answer else None


def find(client: DynamoDBClient, table: str, account_sid: str, sid_or_name: str) -> Assistant:
    """The assistant with that SID, else with that unique name.

    Raises:
        NotFoundError: This account has none.
    """
    found = names.find(
        client,
        table,
        sid_or_name,
        prefix=sids.ASSISTANT,
        load=partial(load, client, table, account_sid),
        key=partial(keys.assistant_name, account_sid),
    )
    if found is None:
        raise NotFoundError(f"/Assistants/{sid_or_name}")
    return found


def resolve(client: DynamoDBClient, table: str, account_sid: str, sid_or_name: str) -> str:
    """The SID of the assistant with that SID or unique name.

    Raises:
        NotFoundError: This account has none.
    """
    return find(client, table, account_sid, sid_or_name).sid


def list_some(
    client: DynamoDBClient, table: str, account_sid: str, *, limit: int, position: Position | None = None
) -> tuple[list[Assistant], bool]:
    """A page of an account's assistants, and whether there are more in the direction of travel."""
    page = read_slice(client, table, pk=account_sid, prefix=sids.ASSISTANT, limit=limit, position=position)
    return [_from_values(item) for item in page.items], page.more


def rename(client: DynamoDBClient, table: str, present: Assistant, *, unique_name: str, now_ms: int) -> Assistant:
    """Give it another unique name.

    Raises:
        ConflictError: The name is taken.
        ChangedMeanwhileError: It is no longer as it was read.
    """
    changed = replace(present, unique_name=unique_name, updated_ms=now_ms, version=present.version + 1)
    write(
        client,
        table,
        [
            update(
                keys.assistant(present.account_sid, present.sid),
                "SET unique_name = :name, updated = :now, version = :next",
                {":name": unique_name, ":now": now_ms, ":next": changed.version, ":version": present.version},
                condition="version = :version",
            ),
            delete(keys.assistant_name(present.account_sid, present.unique_name)),
            _name_step(changed),
        ],
    )
    return changed


def child_added(account_sid: str, assistant_sid: str) -> Step:
    """Part of each child's creation: the assistant must be there and stay."""
    return update(
        keys.assistant(account_sid, assistant_sid),
        "ADD children :one",
        {":one": 1, ":no": False},
        condition="deleting = :no",
        refused=lambda: ConflictError(f"The assistant {assistant_sid} was deleted or is being deleted"),
    )


def children_removed(account_sid: str, assistant_sid: str, count: int = 1) -> Step:
    """Part of each child's deletion."""
    return update(
        keys.assistant(account_sid, assistant_sid),
        "ADD children :less",
        {":less": -count},
        condition="attribute_exists(pk)",
    )


def begin_deletion(client: DynamoDBClient, table: str, present: Assistant) -> None:
    """Take no more children: the first step of a deletion with all that it holds.

    Raises:
        ChangedMeanwhileError: It is no longer as it was read.
    """
    step = update(
        keys.assistant(present.account_sid, present.sid),
        "SET deleting = :yes",
        {":yes": True, ":version": present.version},
        condition="version = :version",
    )
    write(client, table, [step])


def remove(client: DynamoDBClient, table: str, present: Assistant) -> None:
    """Remove an assistant that has no children.

    Raises:
        ChangedMeanwhileError: It is no longer as it was read, or has children by now.
    """
    gone = Step(
        {
            "Delete": {
                "Key": keys.assistant(present.account_sid, present.sid),
                "ConditionExpression": "version = :version AND children = :none",
                "ExpressionAttributeValues": {":version": {"N": str(present.version)}, ":none": {"N": "0"}},
            }
        },
        ChangedMeanwhileError,
    )
    write(
        client,
        table,
        [
            gone,
            delete(keys.assistant_name(present.account_sid, present.unique_name)),
            delete(keys.webhooks_version(present.sid)),
        ],
    )
