"""What stands in paths, queries and headers, and how a body is written."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cli.openapi.values import UNIQUE_NAME, sample_sid, sid
from parley.api import paging
from parley.api.parameters import FORM, JSON, pascal
from parley.api.versions import etag
from parley.sids import ASSISTANT, DELIVERY, EVENT, REPLAY, SOURCE, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cli.openapi.resource import Body, Schema

PASSED_OVER = {"description": "A read-only key: it is passed over, so that what was read can be sent back."}

ETAG = {
    "description": "The version, for `If-Match`.",
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
}

_SHARED: dict[str, Schema] = {
    "PageSize": {
        "name": "PageSize",
        "in": "query",
        "description": "How many items at most. A page may be shorter and still have a next one.",
        "schema": {"type": "integer", "minimum": 1, "maximum": paging.MAX_SIZE, "default": paging.DEFAULT_SIZE},
    },
    "Page": {
        "name": "Page",
        "in": "query",
        "description": "What the client counts; above 0 only with `PageToken`.",
        "schema": {"type": "integer", "minimum": 0, "maximum": paging.MAX_NUMBER, "default": 0},
    },
    "PageToken": {
        "name": "PageToken",
        "in": "query",
        "description": "A place in the list, from the `next_page_url` of an answer.",
        "schema": {"type": "string", "minLength": 1},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` that the change rests on, or `*`. Another version is refused (412).",
        "schema": {"type": "string", "examples": [etag(1), "*"]},
    },
}

# By the segment before it: which kind of SID a path's variable holds, and whether a unique name may stand there.
_PLACES = {
    "Assistants": (ASSISTANT, True),
    "Webhooks": (WEBHOOK, True),
    "Sources": (SOURCE, True),
    "Events": (EVENT, False),
    "Deliveries": (DELIVERY, False),
    "Replays": (REPLAY, False),
}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


PAGING = tuple(map(_reference, ("PageSize", "Page", "PageToken")))
IF_MATCH = _reference("IfMatch")


def components() -> dict[str, Any]:
    """Parameters that several operations take."""
    return {name: dict(parameter) for name, parameter in _SHARED.items()}


def of_query(name: str, about: str, schema: Schema, *, required: bool = False) -> Schema:
    """A parameter of one operation's query."""
    made: dict[str, Any] = {"name": name, "in": "query", "description": about, "schema": schema}
    return {**made, "required": True} if required else made


def of_path(path: str) -> list[Schema]:
    """The path's variables, in their order.

    Raises:
        KeyError: A variable stands behind a segment that is not known here.
    """
    segments = path.split("/")
    return [
        _variable(segment[1:-1], *_PLACES[before]) for before, segment in pairwise(segments) if segment.startswith("{")
    ]


def _variable(name: str, prefix: str, has_name: bool) -> Schema:  # noqa: FBT001 — a row of the table
    about = "SID or unique name." if has_name else "SID."
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": UNIQUE_NAME if has_name else sid(prefix, about),
        "example": sample_sid(prefix),
    }


def _rule_name(resource: str, key: str) -> str:
    return f"{resource}{pascal(key)}"


def rule_schemas(resource: str, body: Body) -> dict[str, Any]:
    """What each parameter must be, and once more as a form holds it where that differs."""
    made: dict[str, Any] = {}
    for key in body.writable:
        name, rule = _rule_name(resource, key), body.rules[key]
        made[name] = rule
        if rule["type"] == "object":
            made[f"{name}Text"] = _as_text(name, rule)
    return made


def _as_text(name: str, rule: Schema) -> Schema:
    """A form holds texts: an object is the text of its JSON."""
    return {
        "type": "string",
        "description": f"{rule['description']} As the text of a JSON object.",
        "contentMediaType": JSON,
        "contentSchema": {"$ref": f"#/components/schemas/{name}"},
    }


def body_schemas(operation: str, resource: str, body: Body) -> dict[str, Any]:
    """The same parameters twice: as a form, which Twilio's clients send, and as JSON."""

    def rule(key: str, *, form: bool) -> Schema:
        suffix = "Text" if form and body.rules[key]["type"] == "object" else ""
        return {"$ref": f"#/components/schemas/{_rule_name(resource, key)}{suffix}"}

    return {
        f"{operation}Form": _object(
            {pascal(key): rule(key, form=True) for key in body.writable},
            read_only=map(pascal, body.read_only),
            required=map(pascal, body.required),
        ),
        operation: _object(
            {key: rule(key, form=False) for key in body.writable},
            read_only=body.read_only,
            required=body.required,
        ),
    }


def _object(rules: dict[str, Schema], *, read_only: Iterable[str], required: Iterable[str]) -> dict[str, Any]:
    passed_over = {key: {"$ref": "#/components/schemas/PassedOver"} for key in read_only}
    made: dict[str, Any] = {
        "type": "object",
        "properties": {**rules, **passed_over},
        "additionalProperties": False,
    }
    needed = list(required)
    return {**made, "required": needed} if needed else made


def body_content(operation: str, body: Body) -> dict[str, Any]:
    """By media type."""
    form = {pascal(key): json.dumps(value) if isinstance(value, dict) else value for key, value in body.example.items()}
    return {
        FORM: {"schema": {"$ref": f"#/components/schemas/{operation}Form"}, "example": form},
        JSON: {"schema": {"$ref": f"#/components/schemas/{operation}"}, "example": dict(body.example)},
    }
