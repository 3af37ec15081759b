"""What each function calls, as IAM sees it, and what its role in the translated template allows (invariant 8).

Calls are taken where botocore makes them, and belong to the function whose code stands on the stack: what a test itself
does to prepare a table is nobody's. IAM's rules, as far as the template uses them: an action on a resource; every
leading key of a request under one of the patterns; a transaction needs the actions of its steps. A condition that this
module does not know is an error.
"""

from __future__ import annotations

import fnmatch
import functools
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from cli.up.partiql import inserted
from tests.template.resources import listed, statements
from tests.template.translation import Template, translate

ROOT = Path(__file__).parents[2]
_FUNCTIONS = f"{ROOT}/functions/"
# Lambda itself uses these with the role: it polls the queues, writes the logs, makes the network's interfaces.
NOT_BY_CODE = ("logs:", "ec2:", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_NO_PATTERN = "*"


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that a function asked AWS for.

    Attributes:
        resource: Logical id, and the index's name behind a slash.
        partitions: The leading keys of a request to DynamoDB.
        returns: What a write answers with, where the request says so.
    """

    function: str
    action: str
    resource: str
    partitions: frozenset[str] = frozenset()
    returns: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One action on one resource that a statement allows.

    Attributes:
        patterns: That every leading key must match one of; `*` without a condition.
        returns: The one value of `ReturnValues` that a request may have; None: any.
    """

    sid: str
    action: str
    resource: str
    patterns: tuple[str, ...]
    returns: str | None

    def allows(self, call: Call) -> bool:
        """Whether IAM would let the call pass because of this."""
        return (
            (self.action, self.resource) == (call.action, call.resource)
            and all(any(fnmatch.fnmatchcase(key, each) for each in self.patterns) for key in call.partitions)
            and (self.returns is None or call.returns in (None, self.returns))
        )


@functools.cache
def template() -> Template:
    """The template after the SAM transform."""
    return translate()


def rules(function: str, *, of: Template | None = None) -> list[Rule]:
    """What a function's role allows its code."""
    found = []
    for statement in statements(of or template(), function):
        actions = [action for action in listed(statement["Action"]) if not action.startswith(NOT_BY_CODE)]
        if not actions:
            continue
        assert statement["Effect"] == "Allow", statement
        patterns, returns = _conditions(statement.get("Condition", {}))
        found += [
            Rule(statement["Sid"], action, _resource(resource), patterns, returns)
            for action in actions
            for resource in listed(statement["Resource"])
        ]
    return found


def _conditions(conditions: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    patterns: tuple[str, ...] = (_NO_PATTERN,)
    returns = None
    for operator, keys in conditions.items():
        for key, value in keys.items():
            match operator, key:
                case "ForAllValues:StringLike", "dynamodb:LeadingKeys":
                    patterns = tuple(listed(value))
                case "StringEqualsIfExists", "dynamodb:ReturnValues":
                    returns = value
                case _:
                    raise AssertionError(f"a condition that this test cannot judge: {operator} {key}")
    return patterns, returns


def _resource(value: Any) -> str:
    match value:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)} if text.startswith("${") and ".Arn}/index/" in text:
            name, _, index = text.removeprefix("${").partition(".Arn}/index/")
            return f"{name}/{index}"
    raise AssertionError(f"a resource that this test cannot judge: {value}")


@contextmanager
def recorded() -> Iterator[set[Call]]:
    """The calls that functions make meanwhile."""
    made: set[Call] = set()
    call_aws = BaseClient._make_api_call  # type: ignore[attr-defined] # botocore's stubs leave it out

    def noted(client: BaseClient, operation: str, request: Mapping[str, Any]) -> Any:
        if function := _function():
            made.update(needs(function, operation, request))
        return call_aws(client, operation, request)

    with mock.patch.object(BaseClient, "_make_api_call", noted):
        yield made


def _function() -> str | None:
    """Whose code makes the call."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_FUNCTIONS):
            name = frame.f_code.co_filename.removeprefix(_FUNCTIONS).partition("/")[0]
            return f"{name.title()}Function"
        frame = frame.f_back
    return None


def needs(function: str, operation: str, request: Mapping[str, Any]) -> Iterator[Call]:
    """What a request of botocore's asks IAM for."""
    match operation:
        case "SendMessage" | "SendMessageBatch":
            yield Call(function, "sqs:SendMessage", request["QueueUrl"].rpartition("-")[2])
        case "TransactWriteItems":
            for item in request["TransactItems"]:
                for kind, step in item.items():
                    yield from needs(
                        function, "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item", step
                    )
        case "BatchGetItem":
            for table, asked in request["RequestItems"].items():
                keys = frozenset(key["pk"]["S"] for key in asked["Keys"])
                yield Call(function, "dynamodb:BatchGetItem", table.rpartition("-")[2], keys)
        case "BatchExecuteStatement":
            for statement in request["Statements"]:
                table, item = inserted(statement)
                yield Call(function, "dynamodb:PartiQLInsert", table.rpartition("-")[2], frozenset({item["pk"]["S"]}))
        case "Query":
            values = request["ExpressionAttributeValues"]
            index = f"/{request['IndexName']}" if "IndexName" in request else ""
            [name] = {":ipk", ":pk"} & set(values)
            resource = request["TableName"].rpartition("-")[2] + index
            yield Call(function, "dynamodb:Query", resource, frozenset({values[name]["S"]}))
        case _:
            key = request.get("Key") or request.get("Item") or {}
            keys = frozenset({key["pk"]["S"]} if "pk" in key else ())
            table = str(request.get("TableName", "")).rpartition("-")[2]
            # of the second IAM knows nothing: here it is held to the same rule
            answers = (request.get("ReturnValues"), request.get("ReturnValuesOnConditionCheckFailure"))
            returns = next((answer for answer in answers if answer not in (None, "NONE")), None)
            yield Call(function, f"dynamodb:{operation}", table, keys, returns)


def denied(calls: Collection[Call], *, of: Template | None = None) -> set[Call]:
    """The calls that AWS would refuse."""
    known = {function: rules(function, of=of) for function in {call.function for call in calls}}
    return {call for call in calls if not any(rule.allows(call) for rule in known[call.function])}


def unneeded(function: str, calls: Collection[Call], *, of: Template | None = None) -> list[str]:
    """What a role allows without need: each action, resource and pattern, without which every call would still pass."""
    known = rules(function, of=of)
    own = [call for call in calls if call.function == function]
    found = []
    for index, rule in enumerate(known):
        for pattern in rule.patterns:
            left = tuple(each for each in rule.patterns if each != pattern)
            narrower = Rule(rule.sid, rule.action, rule.resource, left, rule.returns)
            # without any pattern it allows nothing, not even a request that has no keys
            others = [*known[:index], *([narrower] if left else []), *known[index + 1 :]]
            if all(any(each.allows(call) for each in others) for call in own):
                found.append(f"{rule.sid}: {rule.action} on {rule.resource} {pattern}")
    return found


def check(function: str, calls: Collection[Call]) -> None:
    """Every call is allowed, and everything that is allowed is needed."""
    refused, spare = denied(calls), unneeded(function, calls)
    assert not refused, f"called, and not allowed: {sorted(map(str, refused))}"
    assert not spare, f"allowed, and not needed: {spare}"
