"""The world with its configuration in the stack's table too, and the stack's queues, if it has any, beside its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from functions.dispatcher.app import Tables
from functions.dispatcher.routes import Routes
from tests.functional.dispatcher import world as dispatch

if TYPE_CHECKING:
    from tests.functional.stack import Stack


class Both:
    """The template's queues, and the world's, which bring the messages."""

    def __init__(self, made: Stack, world: dispatch.World) -> None:
        self._sqs, self._world = made.sqs, dispatch.Queues(world)
        self._urls = {"events": made.events_queue_url, "retries": made.retry_queue_url}

    def send_message(self, *, QueueUrl: str, **request: Any) -> None:  # noqa: N803 — SQS's names
        self._sqs.send_message(QueueUrl=self._urls[QueueUrl], **request)
        self._world.send_message(QueueUrl=QueueUrl, **request)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self._sqs.send_message_batch(QueueUrl=self._urls[QueueUrl], Entries=list(Entries))  # type: ignore[arg-type]
        return self._world.send_message_batch(QueueUrl=QueueUrl, Entries=Entries)


class World(dispatch.World):
    """One whose webhooks stand in the stack's table."""

    def restart(self) -> None:
        super().restart()
        tables = Tables(self.stack.dynamodb, self.stack.config_table)
        routes = Routes(tables, lambda: self.now_ms / 1000)
        queues: Any = self.stack.sqs  # tables in memory come without
        sqs: Any = Both(self.stack, self) if queues else self.ports.sqs
        self.ports = replace(self.ports, routes=routes, sqs=sqs)
