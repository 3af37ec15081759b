"""An operation in OpenAPI's terms: what it takes, what it answers, and how it may be refused."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from cli.openapi import parameters, refusals
from cli.openapi.errors import DocumentError
from cli.openapi.resource import Body
from cli.openapi.values import BASE_URL, SAMPLE_ASSISTANT, SAMPLE_WEBHOOK
from parley.api import paging
from parley.api.parameters import JSON
from parley.errors import ForbiddenError, InvalidParameterError, NotFoundError, TooLargeError, UnauthorizedError

if TYPE_CHECKING:
    from cli.openapi.resource import Kind, Operation, Resource, Success, View
    from parley.api.routing import Registered


def describe(operation: Operation, route: Registered, resource: Resource) -> dict[str, Any]:
    """The operation of a route."""
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [resource.plural],
        "summary": _summary(route),
        "description": f"Needs the scope `{route.scope}`.",
    }
    if taken := [*parameters.of_path(operation.path), *operation.parameters]:
        made["parameters"] = taken
    if isinstance(operation.body, Body):
        made["requestBody"] = {
            "required": bool(operation.body.required),
            "content": parameters.body_content(operation.name, operation.body),
        }
    elif operation.body:
        made["requestBody"] = {"required": True, "content": operation.body.content()}
    successes = {str(status): _success(success, resource) for status, success in operation.successes.items()}
    return {**made, "responses": {**successes, **refusals.references(_refused(operation))}}


def _summary(route: Registered) -> str:
    """The first line of the route's own docstring.

    Raises:
        DocumentError: There is none.
    """
    function = getattr(route.route, "func", route.route)  # a partial is called by its function's name
    said = inspect.getdoc(function)
    if not said:
        raise DocumentError(f"{route.method} {route.path} has no docstring")
    return said.partition("\n")[0].removesuffix(".")


def _refused(operation: Operation) -> set[int]:
    """Which refusals an operation may meet, the gateway's among them."""
    kinds: set[Kind] = {InvalidParameterError, UnauthorizedError, ForbiddenError, *operation.refused}
    if "{" in operation.path:
        kinds.add(NotFoundError)
    if operation.method == "POST":
        kinds.add(TooLargeError)
    return {kind.status for kind in kinds} | set(refusals.statuses_of_gateway())


def _success(success: Success, resource: Resource) -> dict[str, Any]:
    made: dict[str, Any] = {"description": success.about}
    if view := success.shown:
        schema = f"{view.name}Page" if success.page else view.name
        made["content"] = {
            JSON: {
                "schema": {"$ref": f"#/components/schemas/{schema}"},
                "example": _page(resource, view) if success.page else dict(view.example),
            }
        }
    if success.versioned:
        made["headers"] = {"ETag": parameters.ETAG}
    return made


def _meta(resource: Resource) -> dict[str, Any]:
    url = BASE_URL + resource.path.format(AssistantSid=SAMPLE_ASSISTANT, WebhookSid=SAMPLE_WEBHOOK)
    page = paging.PageRequest(paging.DEFAULT_SIZE, 0, None)
    return paging.block(url, resource.plural.lower(), page, before=None, after=None)


def _page(resource: Resource, view: View) -> dict[str, Any]:
    return {"meta": _meta(resource), resource.plural.lower(): [dict(view.example)]}


def schemas(resource: Resource) -> dict[str, Any]:
    """What answers about a resource look like, and what its bodies may say."""
    made = {view.name: view.schema() for view in resource.views}
    for operation in resource.operations:
        for success in operation.successes.values():
            if success.page and success.shown:
                made[f"{success.shown.name}Page"] = _page_schema(resource, success.shown)
        if isinstance(operation.body, Body):
            made |= parameters.rule_schemas(resource.name, operation.body)
            made |= parameters.body_schemas(operation.name, resource.name, operation.body)
    return made


def _page_schema(resource: Resource, view: View) -> dict[str, Any]:
    key = resource.plural.lower()
    meta = {"allOf": [{"$ref": "#/components/schemas/PageMeta"}, {"properties": {"key": {"const": key}}}]}
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{view.name}"}}
    return {"type": "object", "required": ["meta", key], "properties": {"meta": meta, key: items}}


def page_meta(resource: Resource) -> dict[str, Any]:
    """The `meta` of pages; Twilio's clients follow `next_page_url` until it is null.

    Raises:
        DocumentError: The code answers other keys.
    """
    url, whole = {"type": ["string", "null"], "format": "uri"}, {"type": "integer", "minimum": 0}
    keys: dict[str, Any] = {
        "key": {"type": "string", "description": "Under which the items stand."},
        "page": {**whole, "description": "What the client counts."},
        "page_size": {**whole, "description": "How many items at most."},
        "first_page_url": {**url, "type": "string"},
        "previous_page_url": url,
        "url": {**url, "type": "string"},
        "next_page_url": {**url, "description": "Null: this is the last page."},
    }
    if differing := set(keys) ^ set(_meta(resource)):
        raise DocumentError(f"the meta of a page: {sorted(differing)}")
    return {"type": "object", "required": list(keys), "properties": keys}
