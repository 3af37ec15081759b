"""The JSON Schemas that `dataschema` names: served to anybody, as a receiver has no token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.cloudevents.schemas import CONTENT_TYPE, read
from parley.errors import NotFoundError, body_of
from parley.http import json_response, response

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUTE = "GET /schemas/v1/{name}"


def answer(event: Mapping[str, Any]) -> dict[str, Any]:
    """Payload format 2.0 in and out."""
    name = event["pathParameters"]["name"]
    content = read(name)
    if content is None:
        error = NotFoundError(f"/schemas/v1/{name}")
        return json_response(error.status, body_of(error))
    return response(200, {"content-type": CONTENT_TYPE}, content)
