"""The stack with tables in memory, some hundred times faster than the other fake: a contract test compares the two
(`tests/simulation/test_table.py`). For tests that let days pass, or repeat a story once for every side effect in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.functional.stack import Stack, environment
from tests.simulation.table import Client, Table


class ScannedClient(Client):
    """With the one operation that only assertions need."""

    def scan(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803 — boto3's
        return {"Items": [item for _, item in self.tables[TableName].items()]}


@contextmanager
def stack() -> Iterator[Stack]:
    """A new, empty stack; queues are the test's own."""
    client: Any = ScannedClient({"data": Table(), "config": Table()})
    no_queues: Any = None
    with environment():
        yield Stack(client, no_queues, "config", "data", "events", "retries")
