"""Sources in the config table: where platforms call Parley. What their calls are checked against stands apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from parley import sids
from parley.attributes import from_item
from parley.config_table import keys, names, rotation
from parley.config_table.assistants import child_added, children_removed
from parley.config_table.listing import Position, read_slice
from parley.config_table.transactions import ChangedMeanwhileError, Step, delete, overwrite, put, write
from parley.errors import ConflictError
from parley.source import SourceOptions, token_hash

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as the API shows it: without secret, token and the static header's value."""

    sid: str
    account_sid: str
    assistant_sid: str
    unique_name: str
    platform: str
    has_secret: bool
    has_static_header: bool
    reply: str | None
    repair_backslashes: bool
    version: int
    created_ms: int
    updated_ms: int


def _values(record: SourceRecord) -> dict[str, object]:
    return {
        "account_sid": record.account_sid,
        "unique_name": record.unique_name,
        "platform": record.platform,
        "has_secret": record.has_secret,
        "has_static_header": record.has_static_header,
        "reply": record.reply,
        "repair_backslashes": record.repair_backslashes,
        "version": record.version,
        "created": record.created_ms,
        "updated": record.updated_ms,
    }


def _from_values(values: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(
        sid=values["sk"],
        account_sid=values["account_sid"],
        assistant_sid=values["pk"],
        unique_name=values["unique_name"],
        platform=values["platform"],
        has_secret=values["has_secret"],
        has_static_header=values["has_static_header"],
        reply=values.get("reply"),
        repair_backslashes=values["repair_backslashes"],
        version=values["version"],
        created_ms=values["created"],
        updated_ms=values["updated"],
    )


def create(
    client: DynamoDBClient,
    table: str,
    *,
    account_sid: str,
    assistant_sid: str,
    unique_name: str,
    platform: str,
    token: str,
    now_ms: int,
    secret: str | None = None,
    options: SourceOptions | None = None,
    sid: str | None = None,
) -> SourceRecord:
    """Create a source from values that were checked; with a given SID where one must be known beforehand.

    Args:
        client: DynamoDB.
        table: The config table.
        account_sid: Whose it is.
        assistant_sid: Must exist and not be on its way out.
        unique_name: Unique in the assistant.
        platform: One of the platforms' names.
        token: The random part of its URL.
        now_ms: Unix milliseconds.
        secret: What its platform's calls are checked against; None takes unsigned calls where the platform may.
        options: By default none.
        sid: For example a demo's.

    Raises:
        ConflictError: The name or SID is taken, or the assistant is gone.
    """
    chosen = options or SourceOptions()
    made = SourceRecord(
        sid=sid or sids.new_sid(sids.SOURCE),
        account_sid=account_sid,
        assistant_sid=assistant_sid,
        unique_name=unique_name,
        platform=platform,
        has_secret=secret is not None,
        has_static_header=chosen.static_header is not None,
        reply=chosen.reply,
        repair_backslashes=chosen.repair_backslashes,
        version=1,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    write(
        client,
        table,
        [
            child_added(account_sid, assistant_sid),
            _name_step(made),
            put(
                keys.source(assistant_sid, made.sid),
                _values(made),
                refused=lambda: ConflictError(f"{made.sid} exists already"),
            ),
            overwrite(
                keys.secrets(made.sid),
                {
                    "account_sid": account_sid,
                    "assistant_sid": assistant_sid,
                    "platform": platform,
                    "secret": secret,
                    "token_hash": token_hash(token),
                    "static_header": chosen.static_header,
                    "reply": chosen.reply,
                    "repair_backslashes": chosen.repair_backslashes,
                },
            ),
        ],
    )
    return made


def _name_step(record: SourceRecord) -> Step:
    name = record.unique_name
    return names.taken(keys.source_name(record.assistant_sid, name), name, by=record.sid)


def load(client: DynamoDBClient, table: str, assistant_sid: str, source_sid: str) -> SourceRecord | None:
    """A source as it is now, or None."""
    answer = client.get_item(TableName=table, Key=keys.source(assistant_sid, source_sid), ConsistentRead=True)
    return _from_values(from_item(answer["Item"])) if "Item" in answer else None


def find(client: DynamoDBClient, table: str, assistant_sid: str, sid_or_name: str) -> SourceRecord | None:
    """The source with that SID, else with that unique name, or None."""
    return names.find(
        client,
        table,
        sid_or_name,
        prefix=sids.SOURCE,
        load=partial(load, client, table, assistant_sid),
        key=partial(keys.source_name, assistant_sid),
    )


def list_some(
    client: DynamoDBClient, table: str, assistant_sid: str, *, limit: int, position: Position | None = None
) -> tuple[list[SourceRecord], bool]:
    """A page of an assistant's sources, and whether there are more in the direction of travel."""
    page = read_slice(client, table, pk=assistant_sid, prefix=sids.SOURCE, limit=limit, position=position)
    return [_from_values(item) for item in page.items], page.more


def change(
    client: DynamoDBClient,
    table: str,
    present: SourceRecord,
    changed: SourceRecord,
    *,
    now_ms: int,
    secret: rotation.NewSecret | None = None,
    token: rotation.NewToken | None = None,
    static_header: str | None = None,
) -> SourceRecord:
    """Replace a source's values, and its secret, URL token or static header where given.

    Args:
        client: DynamoDB.
        table: The config table.
        present: As it was read.
        changed: As it shall be; version and time of change are set here.
        now_ms: Unix milliseconds.
        secret: The new secret.
        token: The new URL token.
        static_header: The new `Name: value`; None keeps the stored one, or removes it if `changed` has none.

    Raises:
        ConflictError: The new name is taken.
        SameSecretError: The secret is the present one.
        ChangedMeanwhileError: The source is no longer as it was read.
    """
    after = replace(
        changed, version=present.version + 1, updated_ms=now_ms, has_secret=present.has_secret or secret is not None
    )
    steps = [
        put(
            keys.source(present.assistant_sid, present.sid),
            _values(after),
            refused=ChangedMeanwhileError,
            replacing_version=present.version,
        ),
        rotation.of_source(present, after, secret, token, static_header),
    ]
    if after.unique_name != present.unique_name:
        steps += [_name_step(after), delete(keys.source_name(present.assistant_sid, present.unique_name))]
    write(client, table, steps)
    return after


def deletion_steps(present: SourceRecord) -> list[Step]:
    """The items of one source, in the version that was read."""
    return [
        delete(keys.source(present.assistant_sid, present.sid), version=present.version),
        delete(keys.source_name(present.assistant_sid, present.unique_name)),
        delete(keys.secrets(present.sid)),
    ]


def remove(client: DynamoDBClient, table: str, present: SourceRecord) -> None:
    """Delete a source with its secrets.

    Raises:
        ChangedMeanwhileError: It is no longer as it was read.
    """
    write(client, table, [*deletion_steps(present), children_removed(present.account_sid, present.assistant_sid)])
