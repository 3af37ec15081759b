"""Webhooks in the config table: what the API shows, and what the dispatcher matches and posts to.

Secrets and header values stand in an item of their own that the management API writes and never reads (invariant 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from parley import sids
from parley.attributes import from_item, to_item
from parley.config_table import keys, names, rotation
from parley.config_table.assistants import child_added, children_removed
from parley.config_table.listing import Position, read_slice
from parley.config_table.transactions import ChangedMeanwhileError, Step, delete, overwrite, put, update, write
from parley.errors import ConflictError, LimitReachedError
from parley.queries import query_all
from parley.retry import DEFAULT_SCHEDULE
from parley.webhook import ACTIVE, BY_USER, DISABLED, JWT_AUTO, NATIVE, Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook, and until when its former secret signs beside the present one (Unix seconds)."""

    webhook: Webhook
    previous_secret_until: int | None = None


def _values(record: WebhookRecord) -> dict[str, object]:
    webhook = record.webhook
    return {
        "account_sid": webhook.account_sid,
        "unique_name": webhook.unique_name,
        "events": webhook.events,
        "url": webhook.url,
        "method": webhook.method,
        "format": webhook.format,
        "jwt": webhook.jwt,
        "retry_schedule": list(webhook.retry_schedule),
        "header_names": list(webhook.header_names),
        "status": webhook.status,
        "status_reason": webhook.status_reason,
        "status_since": webhook.status_since_ms,
        "version": webhook.version,
        "created": webhook.created_ms,
        "updated": webhook.updated_ms,
        "previous_secret_until": record.previous_secret_until,
    }


def _from_values(values: Mapping[str, Any]) -> WebhookRecord:
    return WebhookRecord(
        Webhook(
            sid=values["sk"],
            account_sid=values["account_sid"],
            assistant_sid=values["pk"],
            unique_name=values["unique_name"],
            events=values["events"],
            url=values["url"],
            method=values["method"],
            format=values["format"],
            jwt=values["jwt"],
            retry_schedule=tuple(values["retry_schedule"]),
            header_names=tuple(values["header_names"]),
            enabled=values["status"] != DISABLED,
            status=values["status"],
            status_reason=values.get("status_reason"),
            status_since_ms=values.get("status_since"),
            version=values["version"],
            created_ms=values["created"],
            updated_ms=values["updated"],
        ),
        values.get("previous_secret_until"),
    )


def create(
    client: DynamoDBClient,
    table: str,
    *,
    account_sid: str,
    assistant_sid: str,
    unique_name: str,
    events: str,
    url: str,
    secret: str,
    now_ms: int,
    method: str = "POST",
    format: str = NATIVE,  # noqa: A002 — the field's name in the API
    jwt: str = JWT_AUTO,
    retry_schedule: tuple[int, ...] = DEFAULT_SCHEDULE,
    headers: Mapping[str, str] | None = None,
    enabled: bool = True,
    max_per_account: int = 0,
    sid: str | None = None,
) -> WebhookRecord:
    """Create a webhook from values that were checked; with a given SID where one must be known beforehand.

    Args:
        client: DynamoDB.
        table: The config table.
        account_sid: Whose it is.
        assistant_sid: Must exist and not be on its way out.
        unique_name: Unique in the assistant.
        events: As given.
        url: Normalised by `parley.targets.check_url`.
        secret: Keys every signature of its callbacks.
        now_ms: Unix milliseconds.
        method: `POST` or `GET`.
        format: `native` or `cloudevents`.
        jwt: `auto`, `always` or `never`.
        retry_schedule: Seconds.
        headers: The team's own, with their values.
        enabled: False creates it disabled by its user.
        max_per_account: 0 = no limit; exact also when many create at once, for the count is part of the transaction.
        sid: For example a demo's.

    Raises:
        ConflictError: The name or SID is taken, or the assistant is gone.
        LimitReachedError: The account has as many webhooks as it may.
    """
    made = WebhookRecord(
        Webhook(
            sid=sid or sids.new_sid(sids.WEBHOOK),
            account_sid=account_sid,
            assistant_sid=assistant_sid,
            unique_name=unique_name,
            events=events,
            url=url,
            method=method,
            format=format,
            jwt=jwt,
            retry_schedule=retry_schedule,
            header_names=tuple(headers or ()),
            enabled=enabled,
            status=ACTIVE if enabled else DISABLED,
            status_reason=None if enabled else BY_USER,
            status_since_ms=now_ms,
            version=1,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
    )
    webhook = made.webhook
    write(
        client,
        table,
        [
            child_added(account_sid, assistant_sid),
            _name_step(webhook),
            put(
                keys.webhook(assistant_sid, webhook.sid),
                _values(made),
                refused=lambda: ConflictError(f"{webhook.sid} exists already"),
            ),
            overwrite(keys.secrets(webhook.sid), {"secret": secret, "headers": dict(headers or {})}),
            _version_step(assistant_sid),
            _count_step(account_sid, max_per_account),
        ],
    )
    return made


def _name_step(webhook: Webhook) -> Step:
    name = webhook.unique_name
    return names.taken(keys.webhook_name(webhook.assistant_sid, name), name, by=webhook.sid)


def _version_step(assistant_sid: str) -> Step:
    return update(keys.webhooks_version(assistant_sid), "ADD version :one", {":one": 1})


def _count_step(account_sid: str, max_per_account: int) -> Step:
    # Counted without a limit as well, so that one set later is exact from then on.
    if not max_per_account:
        return update(keys.counters(account_sid), "ADD webhooks :one", {":one": 1})
    return update(
        keys.counters(account_sid),
        "ADD webhooks :one",
        {":one": 1, ":most": max_per_account},
        condition="attribute_not_exists(webhooks) OR webhooks < :most",
        refused=lambda: LimitReachedError(
            f"The account has as many webhooks as this deployment allows, {max_per_account} (MaxWebhooksPerAccount). "
            "Allowed: after deleting one, or with a larger limit"
        ),
    )


def load(
    client: DynamoDBClient, table: str, assistant_sid: str, webhook_sid: str, *, consistent: bool
) -> Webhook | None:
    """A webhook, or None."""
    found = load_record(client, table, assistant_sid, webhook_sid, consistent=consistent)
    return found.webhook if found else None


def load_record(
    client: DynamoDBClient, table: str, assistant_sid: str, webhook_sid: str, *, consistent: bool = True
) -> WebhookRecord | None:
    """A webhook as the API shows it, or None."""
    key = keys.webhook(assistant_sid, webhook_sid)
    answer = client.get_item(TableName=table, Key=key, ConsistentRead=consistent)
    return _from_values(from_item(answer["Item"])) if "Item" in answer else None


def find(client: DynamoDBClient, table: str, assistant_sid: str, sid_or_name: str) -> WebhookRecord | None:
    """The webhook with that SID, else with that unique name, or None."""
    return names.find(
        client,
        table,
        sid_or_name,
        prefix=sids.WEBHOOK,
        load=partial(load_record, client, table, assistant_sid),
        key=partial(keys.webhook_name, assistant_sid),
    )


def load_all(
    client: DynamoDBClient, table: str, assistant_sid: str, *, consistent: bool = False
) -> tuple[int, list[Webhook]]:
    """All webhooks of an assistant, and the version of the set, which was read before them.

    A set that changes while it is read may be newer than its version, never older: comparing with `load_version`
    finds every change.
    """
    items = list(
        query_all(
            client,
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_item({":pk": assistant_sid, ":prefix": sids.WEBHOOK}),
            ConsistentRead=consistent,
        )
    )
    version = next((item["version"] for item in items if not sids.is_sid(item["sk"], sids.WEBHOOK)), 0)
    return version, [_from_values(item).webhook for item in items if sids.is_sid(item["sk"], sids.WEBHOOK)]


def load_version(client: DynamoDBClient, table: str, assistant_sid: str) -> int:
    """The version of an assistant's set of webhooks: half a read unit says whether a cached set is good."""
    answer = client.get_item(TableName=table, Key=keys.webhooks_version(assistant_sid))
    return int(from_item(answer["Item"])["version"]) if "Item" in answer else 0


def list_some(
    client: DynamoDBClient, table: str, assistant_sid: str, *, limit: int, position: Position | None = None
) -> tuple[list[WebhookRecord], bool]:
    """A page of an assistant's webhooks, and whether there are more in the direction of travel."""
    page = read_slice(client, table, pk=assistant_sid, prefix=sids.WEBHOOK, limit=limit, position=position)
    return [_from_values(item) for item in page.items], page.more


def change(
    client: DynamoDBClient,
    table: str,
    present: WebhookRecord,
    changed: Webhook,
    *,
    now_ms: int,
    secret: rotation.NewSecret | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> WebhookRecord:
    """Replace a webhook's values, and its secret or headers where given.

    Args:
        client: DynamoDB.
        table: The config table.
        present: As it was read.
        changed: As it shall be; version and time of change are set here.
        now_ms: Unix milliseconds.
        secret: The new secret.
        headers: The whole new set; None as a value keeps the stored one.

    Raises:
        ConflictError: The new name is taken.
        SameSecretError: The secret is the present one.
        ChangedMeanwhileError: The webhook is no longer as it was read.
    """
    before = present.webhook
    after = replace(
        changed,
        version=before.version + 1,
        updated_ms=now_ms,
        header_names=before.header_names if headers is None else tuple(headers),
    )
    record = WebhookRecord(after, secret.previous_until if secret else present.previous_secret_until)
    steps = [
        put(
            keys.webhook(before.assistant_sid, before.sid),
            _values(record),
            refused=ChangedMeanwhileError,
            replacing_version=before.version,
        ),
        _version_step(before.assistant_sid),
    ]
    if after.unique_name != before.unique_name:
        steps += [_name_step(after), delete(keys.webhook_name(before.assistant_sid, before.unique_name))]
    if secret or headers is not None:
        steps.append(rotation.of_webhook(before, secret, headers))
    write(client, table, steps)
    return record


def deletion_steps(present: WebhookRecord) -> list[Step]:
    """The items of one webhook, in the version that was read."""
    webhook = present.webhook
    return [
        delete(keys.webhook(webhook.assistant_sid, webhook.sid), version=webhook.version),
        delete(keys.webhook_name(webhook.assistant_sid, webhook.unique_name)),
        delete(keys.secrets(webhook.sid)),
    ]


def shared_deletion_steps(account_sid: str, assistant_sid: str, count: int = 1) -> list[Step]:
    """What the deletion of webhooks changes beside their own items."""
    return [
        _version_step(assistant_sid),
        update(keys.counters(account_sid), "ADD webhooks :less", {":less": -count}),
    ]


def remove(client: DynamoDBClient, table: str, present: WebhookRecord) -> None:
    """Delete a webhook with its secrets.

    Raises:
        ChangedMeanwhileError: It is no longer as it was read.
    """
    webhook = present.webhook
    write(
        client,
        table,
        [
            *deletion_steps(present),
            *shared_deletion_steps(webhook.account_sid, webhook.assistant_sid),
            children_removed(webhook.account_sid, webhook.assistant_sid),
        ],
    )


def set_status(
    client: DynamoDBClient, table: str, webhook: Webhook, *, status: str, reason: str | None, now_ms: int
) -> None:
    """The engine's switch; a change made meanwhile wins, and is not undone."""
    steps = [
        update(
            keys.webhook(webhook.assistant_sid, webhook.sid),
            "SET #status = :status, status_since = :now, updated = :now, version = :next"
            + (" REMOVE status_reason" if reason is None else ", status_reason = :reason"),
            {
                ":status": status,
                **({} if reason is None else {":reason": reason}),
                ":now": now_ms,
                ":next": webhook.version + 1,
                ":version": webhook.version,
            },
            names={"#status": "status"},
            condition="version = :version",
        ),
        _version_step(webhook.assistant_sid),
    ]
    try:
        write(client, table, steps)
    except ChangedMeanwhileError:
        return
