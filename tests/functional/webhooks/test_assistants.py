"""Assistants: CRUD, and deletion with what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from functions.webhooks import assistants
from functions.webhooks.deployment import Deployment
from parley.attributes import from_item
from parley.config_table import cascade, keys, webhooks
from tests.functional.memory import ScannedClient
from tests.functional.stack import Stack, environment
from tests.functional.webhooks.gateway import ACCOUNT, HOST, Gateway
from tests.simulation.table import Table


def items(api: Gateway) -> list[dict[str, Any]]:
    return [from_item(item) for item in api.stack.dynamodb.scan(TableName=api.stack.config_table)["Items"]]


def source(api: Gateway, assistant: str, name: str) -> None:
    form = {"UniqueName": name, "Platform": "messagehub"}
    assert api.send("POST", f"/v1/Assistants/{assistant}/Sources", form).status == 201


def test_an_assistant_is_made_read_renamed_and_deleted(api):
    made = api.send("POST", "/v1/Assistants", {"UniqueName": "bot"})
    assert made.status == 201
    sid = made.json["sid"]
    assert made.json["url"] == f"https://{HOST}/v1/Assistants/{sid}"
    assert set(made.json["links"]) == {"webhooks", "sources", "events"}
    assert api.send("GET", "/v1/Assistants/bot").json == made.json
    assert api.send("POST", f"/v1/Assistants/{sid}", json_body=made.json).json == made.json
    renamed = api.send("POST", "/v1/Assistants/bot", {"UniqueName": "ロボット"}, headers={"If-Match": '"1"'})
    assert (renamed.status, renamed.headers["ETag"]) == (200, '"2"')
    assert api.send("GET", "/v1/Assistants/bot").status == 404
    assert api.send("POST", f"/v1/Assistants/{sid}", {"UniqueName": "x"}, headers={"If-Match": '"1"'}).status == 412
    assert api.send("DELETE", f"/v1/Assistants/{sid}").status == 204
    assert items(api) == []


def test_names_are_unique_in_an_account(api, stack):
    api.assistant("bot")
    assert api.send("POST", "/v1/Assistants", {"UniqueName": "bot"}).json["code"] == 20409
    other = api.assistant("other")
    assert api.send("POST", f"/v1/Assistants/{other}", {"UniqueName": "bot"}).status == 409
    assert Gateway(stack, account="AC" + "a" * 32).assistant("bot")


def test_children_stand_in_the_way_unless_asked_for(api):
    sid = api.assistant()
    for number in range(30):
        api.webhook(sid, UniqueName=f"w{number}")
    source(api, sid, "s")
    refused = api.send("DELETE", f"/v1/Assistants/{sid}")
    assert (refused.status, refused.json["code"]) == (409, 20409)
    assert "31" in refused.json["message"]
    assert api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=false").status == 409
    assert api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=maybe").status == 400
    assert api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=true").status == 204
    counter = from_item(keys.counters(ACCOUNT))
    assert items(api) == [{**counter, "webhooks": 0}]


def test_an_interrupted_deletion_takes_no_children_and_goes_on(api, monkeypatch):
    sid = api.assistant()
    for number in range(5):
        api.webhook(sid, UniqueName=f"w{number}")
    monkeypatch.setattr(cascade, "BATCH", 2)
    api.milliseconds_left = 3000
    unfinished = api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=true")
    assert (unfinished.status, unfinished.json["code"]) == (409, 20409)
    form = {"UniqueName": "late", "Events": "*", "WebhookUrl": "https://example.com"}
    assert api.send("POST", f"/v1/Assistants/{sid}/Webhooks", form).status == 409
    assert api.send("GET", f"/v1/Assistants/{sid}").status == 200
    api.milliseconds_left = 10_000
    assert api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=true").status == 204
    assert [item["sk"] for item in items(api)] == ["COUNT"]


def test_a_child_that_changes_meanwhile_does_not_stop_a_deletion(api, monkeypatch):
    sid = api.assistant()
    made = api.webhook(sid)
    listed = webhooks.list_some
    interferences = [lambda: api.send("POST", f"/v1/Assistants/{sid}/Webhooks/{made['sid']}", {"UniqueName": "new"})]

    def interfere(*args, **kwargs):
        found = listed(*args, **kwargs)
        if interferences:
            assert interferences.pop()().status == 200
        return found

    monkeypatch.setattr(webhooks, "list_some", interfere)
    # Around the resolver, which is not to be entered twice at once.
    call = api.call("DELETE", f"/v1/Assistants/{sid}?Cascade=true", {})
    assert assistants.delete(api.deployment, call, sid).status == 204
    assert [item["sk"] for item in items(api)] == ["COUNT"]


class CrashedError(Exception):
    """The invocation ended here."""


class Crashing:
    """A client whose process ends before or after one of its transactions."""

    def __init__(self, client: Any, *, at: int, after: bool) -> None:
        self.client, self.left, self.after = client, at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(**request: Any) -> Any:
            if name != "transact_write_items":
                return method(**request)
            self.left -= 1
            if self.left == -1 and not self.after:
                raise CrashedError
            answer = method(**request)
            if self.left == -1:
                raise CrashedError
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_a_deletion_that_crashes_at_any_write_goes_on_when_it_is_asked_for_again(after, monkeypatch):
    monkeypatch.setattr(cascade, "BATCH", 2)
    crashes = 0
    for at in range(9):
        client: Any = ScannedClient({"config": Table(), "data": Table()})
        none: Any = None
        with environment():
            api = Gateway(Stack(client, none, "config", "data", "events", "retries"))
            sid, stays = api.assistant("goes"), api.assistant("stays")
            for number in range(5):
                api.webhook(sid, UniqueName=f"w{number}")
                source(api, sid, f"s{number}")
            api.webhook(stays)
            kept = {item["sk"]: item for item in items(api) if item["pk"] in (stays, ACCOUNT) and item["sk"] != sid}
            crashing: Any = Crashing(client, at=at, after=after)
            call = api.call("DELETE", f"/v1/Assistants/{sid}?Cascade=true", {})
            try:
                assistants.delete(Deployment(crashing, api.settings), call, sid)
            except CrashedError:
                crashes += 1
                form = {"UniqueName": "late", "Events": "*", "WebhookUrl": "https://example.com"}
                late = api.send("POST", f"/v1/Assistants/{sid}/Webhooks", form).status
                assert late == 201 if (at, after) == (0, False) else late in (404, 409)
                again = api.send("DELETE", f"/v1/Assistants/{sid}?Cascade=true").status
                assert again in (204, 404)
            assert api.send("GET", f"/v1/Assistants/{sid}").status == 404
            left = items(api)
            assert not [item for item in left if item["pk"] == sid or "goes" in str(item.values())]
            assert [item["webhooks"] for item in left if item["sk"] == "COUNT"] == [1]
            # the other assistant, its name, its webhook and that one's name and secrets, the version, the counter
            assert len(left) == 7, left
            assert {item["sk"]: item for item in left}[stays] == kept[stays]
    assert crashes == 8, "the mark, three batches of webhooks, three of sources, the assistant"
