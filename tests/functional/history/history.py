"""The history function over the template's tables, with the dispatcher's world beside it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from functions.history import app
from parley import sids
from parley.config_table import assistants, webhooks
from parley.data_table import events
from parley.settings import HistorySettings
from tests.functional.dispatcher import world as dispatch
from tests.functional.gateway import http_event, lambda_context

if TYPE_CHECKING:
    from parley.api.routing import Api
    from parley.event import Event
    from parley.webhook import Webhook
    from tests.functional.stack import Stack

ACCOUNT = dispatch.ACCOUNT
ASSISTANT = dispatch.ASSISTANT
EVENTS = f"/v1/Assistants/{ASSISTANT}/Events"
HOOKS = f"/v1/Assistants/{ASSISTANT}/Webhooks"


class History:
    """Requests to the real routes."""

    def __init__(self, made: Stack, *, shards: int = 8) -> None:
        self.stack = made
        self.shards = shards
        assistants.create(
            made.dynamodb, made.config_table, account_sid=ACCOUNT, unique_name="my bot", now_ms=1, sid=ASSISTANT
        )
        self.api = self.build(made.sqs, made.retry_queue_url)

    def build(self, sqs: Any, queue_url: str, dynamodb: Any = None) -> Api:
        settings = HistorySettings(self.stack.config_table, self.stack.data_table, queue_url, "", self.shards, 1.0)
        return app.build(settings, dynamodb or self.stack.dynamodb, sqs)

    def world(self, *hooks: Webhook, answer=lambda number, attempt: 200, **more: Any) -> dispatch.World:
        """A dispatcher whose queues this function sends to as well."""
        for hook in hooks:
            webhooks.create(
                self.stack.dynamodb,
                self.stack.config_table,
                account_sid=ACCOUNT,
                assistant_sid=ASSISTANT,
                unique_name=hook.unique_name,
                events=hook.events,
                url=hook.url,
                secret="s",
                now_ms=1,
                enabled=hook.status != "disabled",
                sid=hook.sid,
            )
        made = dispatch.World(self.stack, hooks, answer, shards=self.shards, **more)
        self.api = self.build(dispatch.Queues(made), "retries")
        return made

    def call(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        account: str = ACCOUNT,
        scopes: str = "read write replay",
        expires: float = 60,
        remaining_ms: int = 15_000,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        context = {"account": account, "scopes": scopes, "expires": str(int(time.time() + expires)), "token_id": "t"}
        event = http_event(
            method,
            path,
            query=query,
            headers=[("Content-Type", "application/json")] if body else [],
            body=json.dumps(body).encode() if body else b"",
            authorizer=context,
        )
        answer = self.api.handle(event, lambda_context(remaining_ms))
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def get(self, path: str, query: str = "", **more: Any) -> tuple[int, Any]:
        return self.call("GET", path, query, **more)

    def post(self, path: str, query: str = "", **more: Any) -> tuple[int, Any]:
        return self.call("POST", path, query, **more)

    def delete(self, path: str, query: str = "", **more: Any) -> tuple[int, Any]:
        return self.call("DELETE", path, query, **more)

    def pages(self, path: str, query: str = "", between=lambda: None) -> list[list[dict[str, Any]]]:
        """Every page, as a client that follows `next_page_url` sees them; something may happen between two."""
        found = []
        while True:
            status, body = self.get(path, query)
            assert status == 200, body
            found.append(body[body["meta"]["key"]])
            if body["meta"]["next_page_url"] is None:
                return found
            assert len(found) < 500, "no end"
            _, _, query = body["meta"]["next_page_url"].partition("?")
            between()

    def rows(self, path: str, query: str = "") -> list[dict[str, Any]]:
        return [row for page in self.pages(path, query) for row in page]

    def keep(self, *numbers: int, **changes: Any) -> list[Event]:
        """Events as the dispatcher commits them, each a second after the one before."""
        made = [dispatch.event(number, received_ms=dispatch.START_MS + number * 1000, **changes) for number in numbers]
        self.put(*made)
        return made

    def put(self, *made: Event, packed_results: bytes = b"", chunks: int = 0) -> None:
        for entry in made:
            values = events.to_values(
                entry, packed_results=packed_results, chunks=chunks, shards=self.shards, retention_days=30
            )
            assert events.put(self.stack.dynamodb, self.stack.data_table, values)

    def items(self) -> list[dict[str, Any]]:
        return self.stack.dynamodb.scan(TableName=self.stack.data_table)["Items"]


def in_conversation(conversation_id: str, number: int, **changes: Any) -> Event:
    """An event whose SID says which conversation it is of, as ingest makes them."""
    sid = sids.event_sid(
        assistant_sid=ASSISTANT,
        source_sid="SR" + "c" * 32,
        event_name="message_created",
        conversation_id=conversation_id,
        identity=str(number),
        rid="",
    )
    given = {"received_ms": dispatch.START_MS + number * 1000, "conversation_id": conversation_id, **changes}
    return dispatch.event(number, sid=sid, **given)


def deliveries(number: int, sid: str | None = None) -> str:
    """The path of a webhook's deliveries, or of one."""
    return f"{HOOKS}/{dispatch.webhook(number).sid}/Deliveries" + (f"/{sid}" if sid else "")
