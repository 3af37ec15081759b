"""What template.yaml declares, as a diagram in Mermaid and as tables.

An arrow is what a template says: a route, a queue's mapping, a schedule, a redrive, or what a function's role allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

Template: TypeAlias = Mapping[str, Any]

_SHAPES = {
    "AWS::Serverless::HttpApi": '{name}{{{{"{name}"}}}}',
    "AWS::Serverless::Function": '{name}["{name}"]',
    "AWS::SQS::Queue": '{name}[["{name}"]]',
}
_READS = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"}
_WRITES = {"dynamodb:PutItem", "dynamodb:PartiQLInsert", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}


class _Route(NamedTuple):
    path: str
    method: str
    function: str
    guarded: bool


def of_type(template: Template, kind: str) -> dict[str, Mapping[str, Any]]:
    """The properties of each resource of a type, by logical id."""
    return {name: found["Properties"] for name, found in template["Resources"].items() if found["Type"] == kind}


def diagram(template: Template) -> str:
    """Functions, queues and what leads from one to the other.

    Tables are left to a column of `functions`: five functions' lines to two of them, drawn, hide each other's words.
    """
    nodes = [shape.format(name=name) for kind, shape in _SHAPES.items() for name in of_type(template, kind)]
    outside = ['callers(["platforms, own bots, people"])', 'receivers(["webhooks of yours"])']
    lines = [*outside, *nodes, "callers --> HttpApi", *_arrows(template)]
    # the one function that has no arrow of the template to the outside: it calls over HTTP
    lines.append("DispatcherFunction -->|signed callbacks| receivers")
    return "```mermaid\nflowchart LR\n" + "".join(f"    {line}\n" for line in lines) + "```\n"


def _arrows(template: Template) -> Iterator[str]:
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        if own := [each for each in _routes(template) if each.function == name]:
            yield f"HttpApi -->|{len(own)} {'route' if len(own) == 1 else 'routes'}| {name}"
        for event in _events(function):
            if event["Type"] == "SQS":
                properties = event["Properties"]
                yield f"{_named(properties['Queue'])} -->|{properties['BatchSize']} at most| {name}"
            elif event["Type"] == "Schedule":
                yield f'{name}_clock(["{event["Properties"]["Schedule"]}"]) --> {name}'
        for target, actions in _allowed(template, function).items():
            if "sqs:SendMessage" in actions:
                yield f"{name} --> {target}"
    api = of_type(template, "AWS::Serverless::HttpApi")["HttpApi"]
    for authorizer in api["Auth"]["Authorizers"].values():
        yield f"HttpApi -->|token| {_named(authorizer['FunctionArn'])}"
    for name, queue in of_type(template, "AWS::SQS::Queue").items():
        if redrive := queue.get("RedrivePolicy"):
            dead = _named(redrive["deadLetterTargetArn"])
            yield f"{name} -.->|after {redrive['maxReceiveCount']} receives| {dead}"


def _allowed(template: Template, function: Mapping[str, Any]) -> dict[str, set[str]]:
    """The actions that its role allows, by queue and table."""
    done: dict[str, set[str]] = {}
    for statement in statements(template, function):
        for resource in _listed(statement["Resource"]):
            done.setdefault(_named(resource), set()).update(_listed(statement["Action"]))
    return done


def _touched(template: Template, function: Mapping[str, Any]) -> Iterator[str]:
    """The tables that its role lets it read or write."""
    for target, actions in _allowed(template, function).items():
        if words := [word for word, of in (("reads", _READS), ("writes", _WRITES)) if actions & of]:
            yield f"{' and '.join(words)} `{target}`"


def statements(template: Template, function: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statements of a function's role, those that a parameter adds left out."""
    role = template["Resources"][_named(function["Role"])]["Properties"]
    for policy in role["Policies"]:
        if "PolicyDocument" in policy:
            yield from policy["PolicyDocument"]["Statement"]


def functions(template: Template) -> str:
    """A table of the functions."""
    standard = template["Globals"]["Function"]
    rows = (
        (
            f"`{name}`",
            _described(function["Description"]),
            " and ".join(_started_by(template, name, function)),
            ", ".join(_touched(template, function)) or "–",
            f"{function['Timeout']} s, {function.get('MemorySize', standard['MemorySize'])} MB",
        )
        for name, function in of_type(template, "AWS::Serverless::Function").items()
    )
    return table(("function", "what it does", "started by", "tables", "limits"), rows)


def _started_by(template: Template, name: str, function: Mapping[str, Any]) -> Iterator[str]:
    if any(each.function == name for each in _routes(template)):
        yield "its routes"
    for event in _events(function):
        if event["Type"] == "SQS":
            yield f"`{_named(event['Properties']['Queue'])}`"
        elif event["Type"] == "Schedule":
            yield f"`{event['Properties']['Schedule']}`"
    for api in of_type(template, "AWS::Serverless::HttpApi").values():
        if any(_named(each["FunctionArn"]) == name for each in api["Auth"]["Authorizers"].values()):
            yield "API Gateway, for each token that it does not know"


def routes(template: Template) -> str:
    """A table of the routes."""
    return table(
        ("route", "function", "authorizer"),
        (
            (f"`{f'{each.method} {each.path}'.strip()}`", f"`{each.function}`", "token" if each.guarded else "none")
            for each in sorted(_routes(template))
        ),
    )


def _routes(template: Template) -> Iterator[_Route]:
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        for event in _events(function):
            if event["Type"] == "HttpApi":
                said = event["Properties"]
                guarded = said.get("Auth", {}).get("Authorizer") != "NONE"
                yield _Route(said.get("Path", "$default"), said.get("Method", ""), name, guarded)
    for api in of_type(template, "AWS::Serverless::HttpApi").values():
        for path, operations in api.get("DefinitionBody", {}).get("paths", {}).items():
            for method, operation in operations.items():
                _, parts = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                # a function, or an alias of it when a parameter says so
                _, _, function = parts["Function"]["Fn::If"]
                yield _Route(path, method.upper(), _named(function), operation["security"] != [{"NONE": []}])


def queues(template: Template) -> str:
    """A table of the queues."""
    rows = (
        (
            f"`{name}`",
            f"{queue['VisibilityTimeout']} s" if "VisibilityTimeout" in queue else "",
            f"{queue['MessageRetentionPeriod'] // 86_400} days",
            f"{queue['RedrivePolicy']['maxReceiveCount']}" if "RedrivePolicy" in queue else "",
        )
        for name, queue in of_type(template, "AWS::SQS::Queue").items()
    )
    return table(("queue", "a message is hidden for", "is kept for", "is received at most"), rows)


def tables(template: Template) -> str:
    """A table of the tables."""
    rows = (
        (
            f"`{name}`",
            _keys(found["KeySchema"]),
            "; ".join(
                f"`{index['IndexName']}` {_keys(index['KeySchema'])}"
                for index in found.get("GlobalSecondaryIndexes", ())
            ),
        )
        for name, found in of_type(template, "AWS::DynamoDB::Table").items()
    )
    return table(("table", "keys", "index"), rows)


def _keys(schema: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(f"`{each['AttributeName']}`" for each in schema)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _events(function: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(function.get("Events", {}).values())


def _described(value: object) -> str:
    """A description, or the one of those that a parameter chooses from which stands without it."""
    match value:
        case {"Fn::If": [_, _, str(usual)]}:
            return usual
    return str(value)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _named(value: object) -> str:
    """The logical id in a `Ref`, `Fn::GetAtt` or the first place of an `Fn::Sub`."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), str()]}:
            return name
        case {"Fn::Sub": str(text)} if found := re.match(r"\$\{(\w+)", text):
            return found[1]
    return ""
