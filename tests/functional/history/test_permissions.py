"""What the function calls is what its role allows, on the tables and partitions that it names (invariant 8)."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest

from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, deliveries, in_conversation
from tests.template.resources import listed, statements, strings
from tests.template.translation import read

TABLES = {"ConfigTable": "config", "DataTable": "data", "RetryQueue": "retries", "HistoryLogGroup": "log"}


class Recording:
    """A client that notes each call as `(action, resource, partition)`."""

    def __init__(self, client: Any, service: str, calls: set[tuple[str, str, str]], stack: Any) -> None:
        self.client, self.service, self.calls, self.stack = client, service, calls, stack

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(**request: Any) -> Any:
            self.calls |= set(self.seen(name, request))
            return method(**request)

        if name != "get_paginator":
            return call

        class Paginator:
            def paginate(_, **request: Any) -> Any:  # noqa: N805
                self.calls |= set(self.seen("query", request))
                return method("query").paginate(**request)

        return lambda operation: Paginator()

    def seen(self, name: str, request: dict[str, Any]):
        if self.service == "sqs":
            assert name in ("send_message", "send_message_batch")
            return [("sqs:SendMessage", "retries", "")]
        action = "dynamodb:" + "".join(part.title() for part in name.split("_"))
        if name == "batch_get_item":
            [(table, asked)] = request["RequestItems"].items()
            return [(action, self.named(table), key["pk"]["S"]) for key in asked["Keys"]]
        if name == "query":
            index = "/index" if "IndexName" in request else ""
            partition = request["ExpressionAttributeValues"][":ipk" if ":ipk" in request else ":pk"]["S"]
            return [(action, self.named(request["TableName"]) + index, partition)]
        key = request.get("Key") or request["Item"]
        return [(action, self.named(request["TableName"]), key["pk"]["S"])]

    def named(self, table: str) -> str:
        return "config" if table == self.stack.config_table else "data"


def allowed() -> list[tuple[str, str, list[str]]]:
    found = []
    for statement in statements(read(), "HistoryFunction"):
        [resource] = [
            name + ("/index" if any("/index/ByTime" in text for text in strings(statement["Resource"])) else "")
            for logical_id, name in TABLES.items()
            if any(logical_id in text for text in strings(statement["Resource"]))
        ]
        patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
        found += [(action, resource, patterns) for action in listed(statement["Action"])]
    return found


@pytest.fixture
def calls(history):
    made: set[tuple[str, str, str]] = set()
    world = history.world(*(dispatch.webhook(number) for number in (1, 2)), answer=lambda number, _: 200 * number)
    for event in (dispatch.event(1), dispatch.event(2), in_conversation("12", 3)):
        world.accept(event)
    while world.deliver("events"):
        pass
    stack = history.stack
    history.api = history.build(
        Recording(dispatch.Queues(world), "sqs", made, stack),
        "retries",
        Recording(stack.dynamodb, "dynamodb", made, stack),
    )
    first = deliveries(1, delivery_sid(dispatch.event(1).sid, dispatch.webhook(1).sid))
    for method, path, query, status in (
        ("GET", EVENTS, "", 200),
        ("GET", EVENTS, "ConversationId=12&Type=message.received", 200),
        ("GET", EVENTS.replace(dispatch.ASSISTANT, "my%20bot"), "", 200),
        ("GET", f"{EVENTS}/{dispatch.event(1).sid}", "", 200),
        ("GET", deliveries(1), "", 200),
        ("GET", deliveries(2), "Status=delivered", 200),
        ("GET", deliveries(1).replace(dispatch.webhook(1).sid, "hook%201"), "", 200),
        ("GET", first, "", 200),
        ("POST", first, "", 202),
        ("DELETE", f"{EVENTS}/{dispatch.event(1).sid}", "", 204),
        ("DELETE", EVENTS, "ConversationId=12", 204),
    ):
        assert history.call(method, path, query)[0] == status, (method, path)
    replays = deliveries(1).replace("Deliveries", "Replays")
    status, replay = history.post(replays, body={"Mode": "failed"})
    assert status in (201, 202), replay
    assert history.get(replays)[0] == history.get(f"{replays}/{replay['sid']}")[0] == 200
    assert history.post(f"{replays}/{replay['sid']}", body={"Status": "cancelled"})[0] == 200
    return made


def test_every_call_is_allowed_and_every_action_that_is_allowed_is_used(calls):
    rules = allowed()

    def allows(rule, call):
        action, resource, patterns = rule
        return call[:2] == (action, resource) and any(fnmatch.fnmatchcase(call[2], pattern) for pattern in patterns)

    assert {call for call in calls if not any(allows(rule, call) for rule in rules)} == set()
    used = {(action, resource) for action, resource, _ in rules if resource != "log"}
    assert {rule[:2] for rule in rules if any(allows(rule, call) for call in calls)} == used
