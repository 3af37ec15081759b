"""Secrets of the config table, for the two functions whose policies can read them: ingest and the dispatcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from parley.attributes import from_item
from parley.aws import PartialAnswerError
from parley.config_table import keys
from parley.source import Source, SourceOptions
from parley.webhook import WebhookSecrets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef

_MAX_BATCH = 100  # BatchGetItem's limit
_MAX_ROUNDS = 5


def _live(values: Mapping[str, Any], name: str, *, now_seconds: float) -> tuple[Any, ...]:
    """The present value, and the previous one while its overlap lasts; newest first."""
    found = [values[name]] if name in values else []
    if values.get(f"previous_{name.removesuffix('_hash')}_until", 0) > now_seconds and f"previous_{name}" in values:
        found.append(values[f"previous_{name}"])
    return tuple(found)


def load_source(client: DynamoDBClient, table: str, source_sid: str, *, now_seconds: float) -> Source | None:
    """What a platform's call is checked against, by one read; None when there is no such source."""
    answer = client.get_item(TableName=table, Key=keys.secrets(source_sid))
    if "Item" not in answer:
        return None
    values = from_item(answer["Item"])
    return Source(
        sid=source_sid,
        account_sid=values["account_sid"],
        assistant_sid=values["assistant_sid"],
        platform=values["platform"],
        secrets=_live(values, "secret", now_seconds=now_seconds),
        token_hashes=_live(values, "token_hash", now_seconds=now_seconds),
        options=SourceOptions(
            static_header=values.get("static_header"),
            reply=values.get("reply"),
            repair_backslashes=values["repair_backslashes"],
        ),
    )


def load_webhook_secrets(
    client: DynamoDBClient, table: str, webhook_sids: Iterable[str], *, now_seconds: float
) -> dict[str, WebhookSecrets]:
    """The secrets and headers of webhooks by SID; one that was deleted meanwhile is left out.

    Raises:
        PartialAnswerError: Some could not be read; throttled, for example.
    """
    wanted = sorted(set(webhook_sids))
    found: dict[str, WebhookSecrets] = {}
    for start in range(0, len(wanted), _MAX_BATCH):
        for item in _batch(client, table, wanted[start : start + _MAX_BATCH]):
            values = from_item(item)
            found[values["pk"].removeprefix("SEC#")] = WebhookSecrets(
                secrets=_live(values, "secret", now_seconds=now_seconds), headers=values["headers"]
            )
    return found


def _batch(client: DynamoDBClient, table: str, webhook_sids: list[str]) -> list[Mapping[str, Any]]:
    request: Mapping[str, KeysAndAttributesTypeDef] = {
        # strongly: a secret that a stale read left out would leave its webhook out of the event's targets (invariant 2)
        table: {"Keys": [keys.secrets(sid) for sid in webhook_sids], "ConsistentRead": True}
    }
    items: list[Mapping[str, Any]] = []
    for _ in range(_MAX_ROUNDS):
        answer = client.batch_get_item(RequestItems=request)
        items.extend(answer["Responses"].get(table, ()))
        if not answer["UnprocessedKeys"]:
            return items
        request = answer["UnprocessedKeys"]  # type: ignore[assignment] # the answer's type is the request's, in effect
    raise PartialAnswerError("secrets were left unread")
