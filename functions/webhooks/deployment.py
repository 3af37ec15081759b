"""What every route of this function works on: the config table and what this deployment allows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from parley.config_table.transactions import ChangedMeanwhileError
from parley.errors import ConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.settings import WebhooksSettings

MASK = "********"  # eight, whatever is behind it, so that its length is not told
ATTEMPTS = 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deployment:
    """The tables' client and the function's settings."""

    client: DynamoDBClient
    settings: WebhooksSettings

    @property
    def table(self) -> str:
        """The config table's name."""
        return self.settings.config_table

    def ingest_base(self, base_url: str) -> str:
        """What callback URLs begin with: the ingest function's own URL where it has one, else what links do."""
        return self.settings.ingest_url.rstrip("/") or base_url


def until_settled(attempt: Callable[[], T]) -> T:
    """Read, decide and write again while others change the same thing in between: nobody's change is lost silently.

    Raises:
        ConflictError: Others were faster every time.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except ChangedMeanwhileError:
            time.sleep(random.uniform(0, 0.01 * (number + 1)))  # noqa: S311 — spreads writers, guards nothing
    raise ConflictError("Others are changing this at the same moment. Try again")
