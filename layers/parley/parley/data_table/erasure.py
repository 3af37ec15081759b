"""Erasing an event: its payload, its results, and what waits for it or was kept of its deliveries.

A tombstone takes the event's place until its retention would have ended, for two reasons: a platform that repeats the
event is recognised and not listened to again, and a dispatcher that is under way finds that it must not bring anything
back. It says nothing of the event but that there was one.

Each step leaves something that the next run finds, and the tombstone comes first: whoever writes an item of the event
after it looks for it, or is looked at by somebody who does (`undelivered.move_to_finished`, the dispatcher's retries
and chunks).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from parley.attributes import from_item, to_attribute, to_item
from parley.data_table import events, items, keys
from parley.data_table.events import ERASED
from parley.sids import WEBHOOK, conversation_partition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley import results

_TODO = "todo"  # of a tombstone: what is still to be removed
_SID_BYTES = 16
_AT_ONCE = 50  # webhooks, each with two keys: what one read takes


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure needs beside the event.

    Attributes:
        webhook_sids: The assistant's webhooks: one may have deliveries of events that came before it (a replay).
        time_left: Asked between steps; when it is false, the same call again goes on.
    """

    client: DynamoDBClient
    table: str
    assistant_sid: str
    webhook_sids: Collection[str]
    now_ms: int
    time_left: Callable[[], bool]

    def erase(self, event_sid: str) -> bool | None:
        """Erase one event.

        Returns:
            Whether it is done; None when there is no such event, or it was erased before.
        """
        key = keys.event(self.assistant_sid, event_sid)
        values = items.load(self.client, self.table, key)
        if values is None or (ERASED in values and _TODO not in values):
            return None
        if ERASED not in values:
            values = self._bury(key, values)
            if values is None:
                return None
        todo = values[_TODO]
        for index in range(todo["chunks"]):
            # in the place of a chunk's results, so that its message is known wherever it is under way
            self._put(keys.chunk(self.assistant_sid, event_sid, index), {"expires_at": values["expires_at"]})
        webhook_sids = sorted({*_unpacked(todo["webhooks"]), *self.webhook_sids})
        if not self._remove_deliveries(event_sid, todo["received_ms"], webhook_sids):
            return False
        self._put(key, {name: value for name, value in values.items() if name not in ("pk", "sk", _TODO)})
        return True

    def erase_conversation(self, conversation_id: str) -> bool:
        """Erase all events of a conversation that are committed; those that the queue still holds come later.

        Returns:
            Whether it is done.
        """
        partition = conversation_partition(self.assistant_sid, conversation_id)
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            # a tombstone does not know its conversation; what was begun in this partition is brought to its end
            "FilterExpression": "cv = :cv OR attribute_exists(#todo)",
            "ProjectionExpression": "sk",
            "ExpressionAttributeNames": {"#todo": _TODO},
            "ExpressionAttributeValues": {
                ":pk": to_attribute(f"{self.assistant_sid}#{partition}"),
                ":cv": to_attribute(conversation_id),
            },
            "ConsistentRead": True,
        }
        while True:
            answer = self.client.query(**request)
            for item in answer["Items"]:
                if not self.time_left() or self.erase(from_item(item)["sk"]) is False:
                    return False
            if not (last := answer.get("LastEvaluatedKey")):
                return True
            request["ExclusiveStartKey"] = last

    def _bury(self, key: keys.Key, values: dict[str, Any]) -> dict[str, Any] | None:
        """Put the tombstone in the event's place, with what is still to do; None when the event went by itself."""
        listed = events.listed(values)
        found = events.load_results(self.client, self.table, listed)
        tombstone = {
            "rid": values["rid"],
            "expires_at": values["expires_at"],
            _TODO: {
                "received_ms": listed.received_ms,
                "chunks": listed.chunks,
                "webhooks": _packed(found),
            },
        }
        try:
            return self._put(key, tombstone, ConditionExpression="attribute_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None

    def _put(self, key: keys.Key, values: dict[str, Any], **condition: Any) -> dict[str, Any]:  # noqa: ANN401 — boto3's
        tombstone = {"pk": key.pk, "sk": key.sk, ERASED: self.now_ms, **values}
        self.client.put_item(TableName=self.table, Item=to_item(tombstone), **condition)
        return tombstone

    def _remove_deliveries(self, event_sid: str, received_ms: int, webhook_sids: Sequence[str]) -> bool:
        for start in range(0, len(webhook_sids), _AT_ONCE):
            if not self.time_left():
                return False
            batch = webhook_sids[start : start + _AT_ONCE]
            found = items.load_many(
                self.client,
                self.table,
                [key for webhook_sid in batch for key in _both(webhook_sid, event_sid, received_ms)],
                only="pk",
            )
            for webhook_sid in {values["pk"].split("#")[1] for values in found}:
                forget(self.client, self.table, webhook_sid, event_sid, received_ms)
        return True


def forget(client: DynamoDBClient, table: str, webhook_sid: str, event_sid: str, received_ms: int) -> None:
    """Remove what is kept of an erased event at one webhook: what waits first, for what waits may become finished."""
    for key in _both(webhook_sid, event_sid, received_ms):
        client.delete_item(TableName=table, Key=to_item({"pk": key.pk, "sk": key.sk}))


def _both(webhook_sid: str, event_sid: str, received_ms: int) -> tuple[keys.Key, keys.Key]:
    return (
        keys.undelivered(webhook_sid, event_sid, received_ms),
        keys.finished(webhook_sid, event_sid, received_ms),
    )


def _packed(found: Sequence[results.Result]) -> bytes:
    return b"".join(bytes.fromhex(result.webhook_sid[2:]) for result in found)


def _unpacked(packed: bytes) -> list[str]:
    return [f"{WEBHOOK}{packed[start : start + _SID_BYTES].hex()}" for start in range(0, len(packed), _SID_BYTES)]
