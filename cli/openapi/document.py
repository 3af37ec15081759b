"""The document: everything that the other files describe, in one deterministic text."""

from __future__ import annotations

import json
from typing import Any

from cli.openapi import operations, parameters, refusals
from cli.openapi.errors import DocumentError
from cli.openapi.resources import RESOURCES
from cli.openapi.routes import registered
from parley.api.links import API_ROOT
from parley.api.parameters import FORM, JSON

_ABOUT = f"""\
The management API of a Parley deployment, in Twilio's conventions, so that Twilio's clients drive it with another base
URL: SIDs; forms in PascalCase (`{FORM}`) or JSON in snake_case or PascalCase
(`{JSON}`); answers in snake_case; lists in pages with absolute URLs.

Callers present a JSON Web Token, as a bearer token or as the password of HTTP Basic with the account's SID as user.
An unknown, repeated or empty parameter is refused by name; read-only keys of an answer are passed over, so that what
was read can be sent back. Write-only values come back masked; sent back so, they stay as they are.

A path that does not exist is 404, a method that a path does not have is 405 with `Allow`.

The platforms' side (`/ingest/…`) is not described here: each source's `ingest_url` and `setup_steps` say what to do.

## Errors

"""


def build() -> dict[str, Any]:
    """The document.

    Raises:
        DocumentError: The code has something that is not described, or the other way round.
    """
    described = {
        (operation.method, operation.path): (operation, resource)
        for resource in RESOURCES
        for operation in resource.operations
    }
    routes = {(route.method, route.path): route for route in registered()}
    if differing := set(routes) ^ set(described):
        raise DocumentError(f"described but not served, or served but not described: {sorted(differing)}")
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), route in routes.items():
        operation, resource = described[method, path]
        paths.setdefault(path, {})[method.lower()] = operations.describe(operation, route, resource)
    schemas: dict[str, Any] = {"PassedOver": parameters.PASSED_OVER, "PageMeta": operations.page_meta(RESOURCES[0])}
    for resource in RESOURCES:
        schemas |= operations.schemas(resource)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parley",
            "version": API_ROOT.strip("/"),
            "description": _ABOUT + refusals.table(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "{api}",
                "description": "The stack's output ApiUrl, your PublicUrl, or what `parley up` prints.",
                "variables": {"api": {"default": "http://127.0.0.1:3000"}},
            }
        ],
        "tags": [{"name": resource.plural, "description": resource.about} for resource in RESOURCES],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The account's SID as user, the JWT as password.",
                },
            },
            "parameters": parameters.components(),
            "schemas": {**schemas, **refusals.schemas()},
            "responses": refusals.components(),
        },
    }


def to_text(document: dict[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
