"""The handler as Lambda calls it: settings from the environment, clients of its own, one log context."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from functions.webhooks import app
from tests.functional.webhooks.gateway import ACCOUNT, event


@dataclass(frozen=True)
class Context:
    """Lambda's context object, as far as it is used."""

    function_name: str = "webhooks"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:webhooks"
    aws_request_id: str = "r"

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 10_000


@pytest.fixture
def deployed(stack, monkeypatch):
    variables = {
        "CONFIG_TABLE": stack.config_table,
        "DATA_TABLE": stack.data_table,
        "EVENT_SHARDS": "8",
        "PUBLIC_URL": "",
        "RETENTION_DAYS": "30",
        "ALLOW_HTTP_TARGETS": "false",
        "ALLOWED_PRIVATE_CIDRS": "",
        "MAX_WEBHOOKS_PER_ACCOUNT": "0",
        "INGEST_URL": "",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    app._deployed.cache_clear()
    yield
    app._deployed.cache_clear()


@pytest.mark.usefixtures("deployed")
def test_it_serves_and_refuses_and_logs_no_body(printed):
    authorizer = {"account": ACCOUNT, "scopes": "read write", "expires": "4000000000", "token_id": "t"}
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"UniqueName": "bot"}).encode()
    made = app.lambda_handler(
        event("POST", "/v1/Assistants", body=body, headers=headers, authorizer=authorizer),
        Context(),  # type: ignore[arg-type] # the part that is used
    )
    assert made["statusCode"] == 201
    refused = app.lambda_handler(
        event("POST", "/v1/Assistants", body=b'{"Secret":"hunter2"}', headers=headers, authorizer=authorizer),
        Context(),  # type: ignore[arg-type] # the part that is used
    )
    assert refused["statusCode"] == 400
    said = printed()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(line["message"], line["route"], line["status"], line["account"], line["token"]) for line in lines] == [
        ("called", "POST /v1/Assistants", status, ACCOUNT, "t") for status in (201, 400)
    ]
    assert "hunter2" not in said
