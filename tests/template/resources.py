"""How the tests look into a template: resources by type, what an intrinsic names, a function's policy statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.template.translation import Template

FUNCTIONS = (
    "WebhooksFunction",
    "IngestFunction",
    "AuthorizerFunction",
    "DispatcherFunction",
    "SweeperFunction",
    "HistoryFunction",
    "ConsoleFunction",
)


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of each resource of a type, by logical id."""
    return {name: found["Properties"] for name, found in template["Resources"].items() if found["Type"] == kind}


def target(value: Any) -> str:
    """The logical id that a `Ref` or `Fn::GetAtt` names."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), str()]}:
            return name
    raise AssertionError(f"neither Ref nor GetAtt: {value}")


def listed(value: Any) -> list[Any]:
    """A policy's field that may be one thing or a list of them."""
    return value if isinstance(value, list) else [value]


def statements(template: Template, function: str) -> Iterator[dict[str, Any]]:
    """The policy statements of a function's role, as a deployment with the default parameters has them."""
    role = template["Resources"][target(template["Resources"][function]["Properties"]["Role"])]
    for policy in role["Properties"]["Policies"]:
        if "Fn::If" in policy:
            continue  # comes with a parameter that is empty by default: test_options.py
        yield from policy["PolicyDocument"]["Statement"]


def actions(template: Template, function: str) -> set[str]:
    """Every action that a function's role allows."""
    return {action for statement in statements(template, function) for action in listed(statement["Action"])}


def strings(value: Any) -> Iterator[str]:
    """Every string in a part of a template, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
