"""The schemas that CloudEvents name, without a token."""

from __future__ import annotations

import json

import pytest

from functions.history import app
from parley.cloudevents import schemas
from parley.vocabulary import TYPES
from tests.functional.gateway import http_event, lambda_context


def get(name: str):
    return app.lambda_handler(http_event("GET", f"/schemas/v1/{name}"), lambda_context())


@pytest.mark.parametrize("event_type", TYPES)
def test_each_types_schema_is_served_to_anybody(event_type):
    answer = get(f"{event_type}.json")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "application/schema+json"
    assert json.loads(answer["body"])["title"] == event_type
    assert answer["body"].encode() == (schemas.FOLDER / f"{event_type}.json").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["turn.completed", "turn.json", ".json", "..%2F..%2Fschemas.py", "%2Fetc%2Fpasswd", "turn.completed.json.json"],
)
def test_another_name_is_not_found(name):
    answer = get(name)
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["code"] == 20404
