"""What a function calls, noted, and what its role in the template allows, to be compared (invariant 8)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.template.resources import listed, statements, strings
from tests.template.translation import read

if TYPE_CHECKING:
    from tests.functional.stack import Stack

Call = tuple[str, str, str]
TABLES = {"ConfigTable": "config", "DataTable": "data", "RetryQueue": "retries", "LogGroup": "log"}


class Recording:
    """A client that notes each call as `(action, resource, partition)`."""

    def __init__(self, client: Any, service: str, calls: set[Call], stack: Stack) -> None:
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

    def seen(self, name: str, request: Mapping[str, Any]) -> list[Call]:
        """What one call is, to IAM."""
        if self.service == "sqs":
            assert name in ("send_message", "send_message_batch")
            return [("sqs:SendMessage", "retries", "")]
        if name == "transact_write_items":
            # IAM asks for the actions of its steps
            steps = [step for item in request["TransactItems"] for step in item.items()]
            return [found for kind, step in steps for found in self.seen(f"{kind.lower()}_item", step)]
        action = "dynamodb:" + "".join(part.title() for part in name.split("_"))
        if name == "batch_get_item":
            [(table, asked)] = request["RequestItems"].items()
            return [(action, self.named(table), key["pk"]["S"]) for key in asked["Keys"]]
        if name == "query":
            index = "/index" if "IndexName" in request else ""
            values = request["ExpressionAttributeValues"]
            partition = values.get(":ipk", values.get(":pk"))["S"]
            return [(action, self.named(request["TableName"]) + index, partition)]
        key = request.get("Key") or request["Item"]
        return [(action, self.named(request["TableName"]), key["pk"]["S"])]

    def named(self, table: str) -> str:
        """Which of the two."""
        return "config" if table == self.stack.config_table else "data"


def allowed(function: str) -> Iterator[tuple[str, str, list[str]]]:
    """The role's rules: an action on a resource, and the partitions that it is allowed on."""
    for statement in statements(read(), function):
        names = list(strings(statement["Resource"]))
        resource = next(name for logical_id, name in TABLES.items() if any(logical_id in text for text in names))
        if any("/index/ByTime" in text for text in names):
            resource += "/index"
        patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
        for action in listed(statement["Action"]):
            yield action, resource, patterns


def check(function: str, calls: set[Call]) -> None:
    """Every call is allowed, and everything that is allowed is used."""
    rules = list(allowed(function))

    def allows(rule: tuple[str, str, list[str]], call: Call) -> bool:
        action, resource, patterns = rule
        return call[:2] == (action, resource) and any(fnmatch.fnmatchcase(call[2], pattern) for pattern in patterns)

    assert {call for call in calls if not any(allows(rule, call) for rule in rules)} == set()
    unused = [rule for rule in rules if rule[1] != "log" and not any(allows(rule, call) for call in calls)]
    assert unused == []
    # a pattern of partitions that nothing falls under allows what nobody needs
    for action, resource, patterns in rules:
        for pattern in patterns if resource != "log" else ():
            assert any(allows((action, resource, [pattern]), call) for call in calls), (action, resource, pattern)
