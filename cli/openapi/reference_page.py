"""docs/api.md: the OpenAPI document as a page to read: each resource's keys, operations and parameters.

Knows the document's shape alone; nothing is said here that the document does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Node: TypeAlias = Mapping[str, Any]

_MOST_LISTED = 8
_FORM = "application/x-www-form-urlencoded"
_HEAD = """\
<!-- Made by `make openapi` from docs/openapi.json; do not edit. -->
# The API

[openapi.json](openapi.json) is the same for programs; `parley up` serves it at `/openapi.json`. Refusals:
[errors.md](errors.md).

"""
_PARAMETERS = """
Parameters, with the operations that take them (**bold** where it is needed); in a JSON body they may be written as keys
are:

| parameter | operations | what it is | allowed |
| --- | --- | --- | --- |
"""


def page(document: Node) -> str:
    """The page.

    Args:
        document: As `cli.openapi.document.build` makes it.
    """
    about = str(document["info"]["description"]).partition("\n## ")[0].strip()
    sections = [_section(document, tag) for tag in document["tags"]]
    return _HEAD + about + "\n" + _paging(document) + "".join(sections)


def _paging(document: Node) -> str:
    rows = "".join(
        f"| `{found['name']}` | {_cell(found['description'])} | {_allowed(found['schema'])} |\n"
        for found in document["components"]["parameters"].values()
    )
    return (
        "\nEvery list takes the first three of these, and changes of what has a version the last:\n\n"
        f"| parameter | what it is | allowed |\n| --- | --- | --- |\n{rows}"
    )


def _section(document: Node, tag: Node) -> str:
    found = [each for each in _operations(document) if tag["name"] in each[2]["tags"]]
    lines = [f"\n## {tag['name']}\n\n{tag['description']}\n\n", "| operation | request | what it does | scope |\n"]
    lines.append("| --- | --- | --- | --- |\n")
    for method, path, operation in found:
        scope = re.search(r"scope `(\w+)`", operation["description"])
        request = f"`{method.upper()} {path}`"
        lines.append(
            f"| {operation['operationId']} | {request} | {_cell(operation['summary'])} | {scope and scope[1]} |\n"
        )
    taken = _parameters(document, [operation for _, _, operation in found])
    if taken:
        lines.append(_PARAMETERS)
        lines += [
            f"| `{name}` | {', '.join(operations)} | {said} | {allowed} |\n"
            for (name, said, allowed), operations in taken.items()
        ]
    lines += _keys(document, [operation for _, _, operation in found])
    return "".join(lines)


def _operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _parameters(document: Node, operations: list[Node]) -> dict[tuple[str, str, str], list[str]]:
    """Each parameter, its words and what is allowed, with the operations that take it so.

    Paths', paging's and what is passed over are left out. What two operations call alike and mean differently are two.
    """
    taken: dict[tuple[str, str, str], list[str]] = {}

    def take(name: str, operation: Node, schema: Node, *, needed: bool) -> None:
        identifier = f"**{operation['operationId']}**" if needed else operation["operationId"]
        of_this_meaning = taken.setdefault((name, _cell(schema.get("description", "")), _allowed(schema)), [])
        if identifier not in of_this_meaning:
            of_this_meaning.append(identifier)

    for operation in operations:
        for parameter in operation.get("parameters", ()):
            if "$ref" not in parameter and parameter["in"] != "path":
                said = {**parameter["schema"], "description": parameter["description"]}
                take(parameter["name"], operation, said, needed=bool(parameter.get("required")))
        for name, schema, needed in _form(document, operation):
            take(name, operation, schema, needed=needed)
    return taken


def _form(document: Node, operation: Node) -> Iterator[tuple[str, Node, bool]]:
    content = operation.get("requestBody", {}).get("content", {})
    if _FORM not in content:
        return
    form = _resolved(document, content[_FORM]["schema"])
    for name, schema in form.get("properties", {}).items():
        if not schema.get("$ref", "").endswith("/PassedOver"):
            yield name, _resolved(document, schema), name in form.get("required", ())


def _keys(document: Node, operations: list[Node]) -> list[str]:
    """The keys of what the operations answer with, the richest answer of each resource once."""
    lines: list[str] = []
    for name in _answers(document, operations):
        schema = document["components"]["schemas"][name]
        lines.append(f"\nAn answer's keys ({name}):\n\n| key | type | what it is |\n| --- | --- | --- |\n")
        for key, value in schema["properties"].items():
            found = _resolved(document, value)
            lines.append(f"| `{key}` | {_type(found)} | {_cell(found.get('description', ''))} |\n")
    return lines


def _answers(document: Node, operations: list[Node]) -> list[str]:
    named: list[str] = []
    for operation in operations:
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if status.startswith("2") and name and not name.endswith("Page") and name not in named:
                named.append(name)
    below = [name for name in ("EventResult", "Attempt") if any(_uses(document, each, name) for each in named)]
    return named + [name for name in below if name not in named]


def _uses(document: Node, schema: str, other: str) -> bool:
    return f"#/components/schemas/{other}" in repr(document["components"]["schemas"][schema])


def _resolved(document: Node, schema: Node) -> Node:
    reference = schema.get("$ref")
    if not reference:
        return schema
    found: Node = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _type(schema: Node) -> str:
    kind = schema.get("type", "object")
    if "enum" in schema:
        return ", ".join("null" if value is None else f"`{value}`" for value in schema["enum"])
    words = kind if isinstance(kind, str) else " or ".join(kind)
    return "time" if schema.get("format") == "date-time" and isinstance(kind, str) else words


def _allowed(schema: Node) -> str:
    said = []
    if "enum" in schema:
        said.append(_type(schema) if len(schema["enum"]) <= _MOST_LISTED else "a name that openapi.json lists")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        said.append(f"{low:,} to {high:,}")
    if "maxLength" in schema:
        said.append(f"{schema.get('minLength', 0):,} to {schema['maxLength']:,} characters")
    if schema.get("type") == "boolean":
        said.append("`true`, `false`")
    if "default" in schema:
        default = schema["default"]
        said.append(f"default `{str(default).lower() if isinstance(default, bool) else default}`")
    return "; ".join(said)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
