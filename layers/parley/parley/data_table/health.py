"""Health items: one for each webhook in trouble, none for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley.attributes import from_item, to_attribute, to_item
from parley.aws import PartialAnswerError
from parley.data_table import keys
from parley.health import Health

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_BATCH_GET_KEYS = 100
_KEPT_SECONDS = 90 * 86_400  # after the last change, or the last look

# Health's fields and their attributes; names are short because failures write them.
_ATTRIBUTES = {
    "account_sid": "ac",
    "assistant_sid": "ua",
    "state": "hs",
    "state_since_ms": "ss",
    "epoch": "ep",
    "announced_epoch": "an",
    "failures": "f",
    "failing_since_ms": "fs",
    "first_event": "e1",
    "last_event": "e2",
    "last_attempt_ms": "la",
    "speeds": "sl",
    "hold_until_ms": "ho",
    "probes": "pn",
    "probed_last": "pl",
    "watched_ms": "wa",
}


_UNWATCHED_SINCE = "(attribute_not_exists(wa) OR wa = :watched)"


def _key(webhook_sid: str) -> dict[str, Any]:
    key = keys.health(webhook_sid)
    return to_item({"pk": key.pk, "sk": key.sk})


def kept_until(now_ms: int) -> int:
    """When an item that is touched now goes by itself, Unix seconds."""
    return now_ms // 1000 + _KEPT_SECONDS


def from_values(values: Mapping[str, Any]) -> Health:
    """The item as Python has it."""
    known = {field: values[name] for field, name in _ATTRIBUTES.items() if name in values}
    due_ms = keys.received_ms_of(values["isk"]) if values.get("isk") else None
    return Health(webhook_sid=keys.webhook_of_health(values["pk"]), due_ms=due_ms, **known)


def load(client: DynamoDBClient, table: str, webhook_sid: str) -> Health | None:
    """One webhook's, read strongly; None when it has no trouble."""
    item = client.get_item(TableName=table, Key=_key(webhook_sid), ConsistentRead=True).get("Item")
    return from_values(from_item(item)) if item else None


def load_many(client: DynamoDBClient, table: str, webhook_sids: Iterable[str]) -> dict[str, Health]:
    """Those of these webhooks that are in trouble; may be a moment old.

    Raises:
        PartialAnswerError: When the table did not answer for all.
    """
    wanted = sorted(set(webhook_sids))
    found: dict[str, Health] = {}
    for start in range(0, len(wanted), _BATCH_GET_KEYS):
        answer = client.batch_get_item(
            RequestItems={table: {"Keys": [_key(sid) for sid in wanted[start : start + _BATCH_GET_KEYS]]}}
        )
        if answer.get("UnprocessedKeys"):
            raise PartialAnswerError("health items were left unread")
        for item in answer["Responses"].get(table, []):
            health = from_values(from_item(item))
            found[health.webhook_sid] = health
    return found


def count_failures(client: DynamoDBClient, table: str, seen: Health, *, now_ms: int) -> Health:
    """Add an invocation's failed attempts; one write however many they are.

    Args:
        client: A DynamoDB client.
        table: The data table's name.
        seen: The webhook's SIDs; `failures`, `first_event` and `last_event` of this invocation; `speeds` as they are
            now; `hold_until_ms` if its receiver asked for a pause.
        now_ms: Unix milliseconds.

    Returns:
        The item after it.
    """
    names = {"#f": "f"}
    bound: dict[str, Any] = {
        ":n": to_attribute(seen.failures),
        ":now": to_attribute(now_ms),
        ":first": to_attribute(seen.first_event),
        ":last": to_attribute(seen.last_event),
        ":speeds": to_attribute(seen.speeds),
        ":ac": to_attribute(seen.account_sid),
        ":ua": to_attribute(seen.assistant_sid),
        ":kept": to_attribute(kept_until(now_ms)),
    }
    sets = [
        "fs = if_not_exists(fs, :now)",
        "e1 = if_not_exists(e1, :first)",
        "e2 = :last",
        "la = :now",
        "sl = :speeds",
        "ac = :ac",
        "ua = :ua",
        "expires_at = :kept",
    ]
    if seen.hold_until_ms is not None:
        sets.append("ho = :hold")
        bound[":hold"] = to_attribute(seen.hold_until_ms)
    answer = client.update_item(
        TableName=table,
        Key=_key(seen.webhook_sid),
        UpdateExpression=f"SET {', '.join(sets)} ADD #f :n",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=bound,
        ReturnValues="ALL_NEW",
    )
    return from_values(from_item(answer["Attributes"]))


def record_success(client: DynamoDBClient, table: str, webhook_sid: str, *, speeds: str) -> None:
    """End the run of failures. A webhook without an item stays without one."""
    try:
        client.update_item(
            TableName=table,
            Key=_key(webhook_sid),
            UpdateExpression="SET sl = :speeds REMOVE #f, fs, e1, e2, ho",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#f": "f"},
            ExpressionAttributeValues={":speeds": to_attribute(speeds)},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def record_speeds(client: DynamoDBClient, table: str, seen: Health, *, now_ms: int) -> None:
    """Keep how fast a webhook answers, where that is worth knowing."""
    client.update_item(
        TableName=table,
        Key=_key(seen.webhook_sid),
        UpdateExpression="SET sl = :speeds, ac = :ac, ua = :ua, expires_at = :kept",
        ExpressionAttributeValues={
            ":speeds": to_attribute(seen.speeds),
            ":ac": to_attribute(seen.account_sid),
            ":ua": to_attribute(seen.assistant_sid),
            ":kept": to_attribute(kept_until(now_ms)),
        },
    )


def change_state(
    client: DynamoDBClient, table: str, before: Health, state: str | None, *, now_ms: int, due_ms: int | None
) -> Health | None:
    """Begin another state, if the item is in the epoch that was read.

    A pause's end forgets its failures: what failed before says nothing of what is to come. Nobody looks after a webhook
    any more (no state) only if nobody has asked for it since it was read: see `watch`.

    Returns:
        The item after it, or None when somebody was quicker.
    """
    names = {"#f": "f"}
    bound: dict[str, Any] = {
        ":next": to_attribute(before.epoch + 1),
        ":now": to_attribute(now_ms),
        ":zero": to_attribute(0),
        ":ac": to_attribute(before.account_sid),
        ":ua": to_attribute(before.assistant_sid),
        ":kept": to_attribute(kept_until(now_ms)),
    }
    sets = ["ep = :next", "ss = :now", "pn = :zero", "ac = :ac", "ua = :ua", "expires_at = :kept"]
    removes = ["pl", "ls"]
    if state is None:
        removes.append("hs")
    else:
        sets.append("hs = :state")
        bound[":state"] = to_attribute(state)
    if state in (None, "draining"):
        removes += ["#f", "fs", "e1", "e2"]
    else:
        names = {}
    if due_ms is None:
        removes += ["ipk", "isk"]
    else:
        due = keys.health_due(before.webhook_sid, due_ms)
        sets += ["ipk = :ipk", "isk = :isk"]
        bound |= {":ipk": to_attribute(due.pk), ":isk": to_attribute(due.sk)}
    condition = "ep = :epoch"
    if before.epoch == 0:
        condition = "attribute_not_exists(ep) OR ep = :epoch"
    bound[":epoch"] = to_attribute(before.epoch)
    if state is None:
        condition = f"({condition}) AND {_UNWATCHED_SINCE}"
        bound[":watched"] = to_attribute(before.watched_ms or 0)
    request: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
    try:
        answer = client.update_item(
            TableName=table,
            Key=_key(before.webhook_sid),
            UpdateExpression=f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
            ConditionExpression=condition,
            ExpressionAttributeValues=bound,
            ReturnValues="ALL_NEW",
            **request,
        )
    except ClientError as error:
        if _refused(error):
            return None
        raise
    return from_values(from_item(answer["Attributes"]))


def watch(client: DynamoDBClient, table: str, parked: Health, *, now_ms: int, due_ms: int) -> None:
    """Make sure that a webhook for which something will wait is looked after, from now on and until it has been put.

    This is what makes a parked item safe: without a due time of its own, it is found through its webhook's
    (invariant 2). No state is written: whoever parks may rest on a stale view, whoever looks after it reads strongly.
    The time is written always: between this write and the item's, whoever looks after it sees nothing waiting, and must
    not let go of it then.
    """
    due = keys.health_due(parked.webhook_sid, due_ms)
    client.update_item(
        TableName=table,
        Key=_key(parked.webhook_sid),
        UpdateExpression=(
            "SET ipk = if_not_exists(ipk, :ipk), isk = if_not_exists(isk, :isk), wa = :now, "
            "ac = :ac, ua = :ua, expires_at = :kept"
        ),
        ExpressionAttributeValues={
            ":ipk": to_attribute(due.pk),
            ":isk": to_attribute(due.sk),
            ":now": to_attribute(now_ms),
            ":ac": to_attribute(parked.account_sid),
            ":ua": to_attribute(parked.assistant_sid),
            ":kept": to_attribute(kept_until(now_ms)),
        },
    )


def record_probe(client: DynamoDBClient, table: str, health: Health, probed: str) -> None:
    """The event with this sort key has probed; the next probe takes another."""
    client.update_item(
        TableName=table,
        Key=_key(health.webhook_sid),
        UpdateExpression="SET pl = :probed ADD pn :one",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":probed": to_attribute(probed), ":one": to_attribute(1)},
    )


def record_announcement(client: DynamoDBClient, table: str, health: Health) -> None:
    """The change that began this epoch is an event now."""
    client.update_item(
        TableName=table,
        Key=_key(health.webhook_sid),
        UpdateExpression="SET an = :epoch",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":epoch": to_attribute(health.epoch)},
    )


def lease_drain(client: DynamoDBClient, table: str, health: Health, *, now_ms: int, lease_ms: int, holder: str) -> bool:
    """Take, or renew, the one right to drain a webhook in this epoch.

    Returns:
        False when another holds it, or the webhook is in another epoch by now.
    """
    try:
        client.update_item(
            TableName=table,
            Key=_key(health.webhook_sid),
            UpdateExpression="SET ls = :until, lh = :holder",
            ConditionExpression="ep = :epoch AND (attribute_not_exists(ls) OR ls < :now OR lh = :holder)",
            ExpressionAttributeValues={
                ":until": to_attribute(now_ms + lease_ms),
                ":now": to_attribute(now_ms),
                ":holder": to_attribute(holder),
                ":epoch": to_attribute(health.epoch),
            },
        )
    except ClientError as error:
        if _refused(error):
            return False
        raise
    return True


def release_drain(client: DynamoDBClient, table: str, health: Health, *, holder: str) -> None:
    """Give the right to drain back, so that the next run need not wait for the lease's end."""
    try:
        client.update_item(
            TableName=table,
            Key=_key(health.webhook_sid),
            UpdateExpression="REMOVE ls, lh",
            ConditionExpression="lh = :holder",
            ExpressionAttributeValues={":holder": to_attribute(holder)},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def forget(client: DynamoDBClient, table: str, seen: Health) -> None:
    """The webhook is deleted and nothing waits for it; unless somebody is about to park something (`watch`)."""
    try:
        client.delete_item(
            TableName=table,
            Key=_key(seen.webhook_sid),
            ConditionExpression=_UNWATCHED_SINCE,
            ExpressionAttributeValues={":watched": to_attribute(seen.watched_ms or 0)},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def _refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
