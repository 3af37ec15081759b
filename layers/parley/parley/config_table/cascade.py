"""Deleting an assistant with all that it holds: marked first, then in batches, each of which can be the last to run.

A request that ends early loses nothing: the mark stays, no child is added, and the same request again goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.config_table import assistants, sources, webhooks
from parley.config_table.transactions import ChangedMeanwhileError, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.config_table.assistants import Assistant

BATCH = 25  # three items each, and three shared ones: a transaction takes 100


def remove_with_children(
    client: DynamoDBClient, table: str, present: Assistant, *, time_left: Callable[[], bool]
) -> bool:
    """Remove an assistant and its children; False when time ran out before the end.

    Args:
        client: DynamoDB.
        table: The config table.
        present: The assistant as it was read.
        time_left: Asked before each batch.

    Raises:
        ChangedMeanwhileError: The assistant is no longer as it was read.
    """
    if not present.deleting:
        assistants.begin_deletion(client, table, present)
    while time_left():
        try:
            if not _remove_some(client, table, present):
                assistants.remove(client, table, present)
                return True
        except ChangedMeanwhileError:
            # A child was changed or deleted beside us: read again. The assistant itself decides below.
            now = assistants.load(client, table, present.account_sid, present.sid)
            if now is None or now.version != present.version:
                raise
    return False


def _remove_some(client: DynamoDBClient, table: str, assistant: Assistant) -> int:
    """Remove a batch of children; how many there were."""
    account, sid = assistant.account_sid, assistant.sid
    some_webhooks, _ = webhooks.list_some(client, table, sid, limit=BATCH)
    if some_webhooks:
        steps = [step for record in some_webhooks for step in webhooks.deletion_steps(record)]
        steps += webhooks.shared_deletion_steps(account, sid, len(some_webhooks))
        write(client, table, [*steps, assistants.children_removed(account, sid, len(some_webhooks))])
        return len(some_webhooks)
    some_sources, _ = sources.list_some(client, table, sid, limit=BATCH)
    if some_sources:
        steps = [step for record in some_sources for step in sources.deletion_steps(record)]
        write(client, table, [*steps, assistants.children_removed(account, sid, len(some_sources))])
    return len(some_sources)
