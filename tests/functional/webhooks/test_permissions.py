"""What the function calls is what its role allows, on the tables and partitions that it names (invariants 4 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.permissions import Call, check, recorded
from tests.functional.webhooks.gateway import Gateway
from tests.functional.webhooks.test_activity import path_of, source, troubled

if TYPE_CHECKING:
    from tests.functional.stack import Stack


@pytest.fixture
def calls(stack: Stack) -> set[Call]:
    """All of the function's, over every operation of every resource."""
    api = Gateway(stack, changes={"max_webhooks_per_account": 9})
    with recorded() as made:
        assistant = api.assistant("bot")
        webhook = api.webhook(assistant, Headers='{"X-A":"1"}')
        chat = source(api, assistant, "chat")
        troubled(stack.dynamodb, webhook, table=stack.data_table)
        for path, form in (
            ("/v1/Assistants/bot", {"UniqueName": "robot"}),
            (path_of(webhook), {"UniqueName": "new", "RotateSecret": "true", "Headers": '{"X-A":"2"}'}),
            (path_of(chat), {"UniqueName": "new", "Secret": "s", "RotateToken": "true"}),
        ):
            assert api.send("POST", path, form).status == 200, path
        for path in ("", "/robot", "/robot/Webhooks", "/robot/Sources", "/robot/Webhooks/new", "/robot/Sources/new"):
            assert api.send("GET", f"/v1/Assistants{path}").status == 200, path
        assert api.send("DELETE", "/v1/Assistants/robot/Sources/new").status == 204
        assert api.send("DELETE", "/v1/Assistants/robot?Cascade=true").status == 204
    return made


def test_every_call_is_allowed_and_everything_that_is_allowed_is_used(calls: set[Call]) -> None:
    check("WebhooksFunction", calls)
