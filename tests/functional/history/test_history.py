"""History: events by time, and what became of one at each webhook."""

from __future__ import annotations

import json
import time

import pytest

from functions.history import app
from parley.config_table import assistants
from parley.data_table import events
from parley.settings import HistorySettings
from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.gateway import http_event, lambda_context
from tests.functional.stack import stack

ACCOUNT = dispatch.ACCOUNT
LIST = f"/v1/Assistants/{dispatch.ASSISTANT}/Events"


class History:
    def __init__(self, made) -> None:
        self.stack = made
        assistants.create(
            made.dynamodb,
            made.config_table,
            account_sid=ACCOUNT,
            unique_name="my bot",
            now_ms=1,
            sid=dispatch.ASSISTANT,
        )
        self.api = app.build(HistorySettings(made.config_table, made.data_table, "", 8), made.dynamodb)

    def get(self, path: str, query: str = "", *, account: str = ACCOUNT, scopes: str = "read", expires: float = 60):
        context = {"account": account, "scopes": scopes, "expires": str(int(time.time() + expires)), "token_id": "t"}
        answer = self.api.handle(http_event("GET", path, query=query, authorizer=context), lambda_context())
        return answer["statusCode"], json.loads(answer["body"])

    def keep(self, *numbers: int, **changes) -> None:
        for number in numbers:
            made = dispatch.event(number, received_ms=dispatch.START_MS + number * 1000, **changes)
            values = events.to_values(made, packed_results=b"", chunks=0, shards=8, retention_days=30)
            assert events.put(self.stack.dynamodb, self.stack.data_table, values)


@pytest.fixture
def history():
    with stack() as made:
        yield History(made)


def test_an_event_shows_what_came_and_what_became_of_it(history):
    world = dispatch.World(
        history.stack,
        [dispatch.webhook(1), dispatch.webhook(2), dispatch.webhook(3)],
        lambda number, attempt: {1: 200, 2: 200 if attempt > 1 else 500, 3: None}[number],
    )
    made = dispatch.event(occurred_ms=dispatch.START_MS - 1500)
    world.accept(made)
    world.deliver("events")
    world.now_ms += 6_000
    world.deliver("retries")
    status, body = history.get(f"{LIST}/{made.sid}")
    assert status == 200
    rows = {row["webhook_sid"]: row for row in body.pop("results")}
    assert body == {
        "sid": made.sid,
        "assistant_sid": dispatch.ASSISTANT,
        "source_sid": made.source_sid,
        "platform": "messagehub",
        "event": "message_created",
        "type": "message.received",
        "status": "accepted",
        "status_reason": None,
        "conversation_id": "12",
        "occurred_at": "2023-11-14T22:13:18Z",
        "date_created": "2023-11-14T22:13:20Z",
        "size_bytes": len(made.payload),
        "url": f"https://abc123.execute-api.eu-west-1.amazonaws.com{LIST}/{made.sid}",
        "payload": made.payload.decode(),
    }
    hook = dispatch.webhook
    assert [(rows[hook(n).sid]["status"], rows[hook(n).sid]["attempts"]) for n in (1, 2, 3)] == [
        ("delivered", 1),
        ("delivered", 2),
        ("retrying", 2),
    ]
    assert rows[hook(3).sid]["last_status_code"] is None
    assert rows[hook(1).sid]["delivery_sid"] == delivery_sid(made.sid, hook(1).sid)


def test_bytes_that_are_no_text_are_shown_as_base64(history):
    history.keep(1, payload=b"\xff\x00")
    _, body = history.get(f"{LIST}/{dispatch.event(1).sid}")
    assert (body["payload"], body["payload_encoding"]) == ("/wA=", "base64")


def test_pages_go_from_new_to_old_and_skip_nothing(history):
    history.keep(*range(1, 26))
    seen, query, pages = [], "PageSize=10", 0
    while True:
        status, body = history.get(LIST, query)
        assert status == 200
        seen += [row["sid"] for row in body["events"]]
        pages += 1
        assert body["meta"]["key"] == "events"
        if body["meta"]["next_page_url"] is None:
            break
        url, _, query = body["meta"]["next_page_url"].partition("?")
        assert url == f"https://abc123.execute-api.eu-west-1.amazonaws.com{LIST}"
        if pages == 1:
            history.keep(99)  # what comes meanwhile is newer than every page that follows
    assert seen == [dispatch.event(number).sid for number in range(25, 0, -1)]
    assert pages == 3


def test_the_assistants_name_leads_to_its_events(history):
    history.keep(1)
    status, body = history.get("/v1/Assistants/my%20bot/Events")
    assert (status, len(body["events"])) == (200, 1)


@pytest.mark.parametrize(
    ("path", "query", "more", "status"),
    [
        (f"{LIST}/EV{'9' * 32}", "", {}, 404),
        (f"{LIST}/nonsense", "", {}, 404),
        ("/v1/Assistants/nobody/Events", "", {}, 404),
        (LIST, "", {"account": "AC" + "f" * 32}, 404),
        (LIST, "", {"scopes": "write"}, 403),
        (LIST, "", {"expires": -1}, 401),
        (LIST, "PageSize=0", {}, 400),
        (LIST, "PageSize=1001", {}, 400),
        (LIST, "PageToken=xyz", {}, 400),
        (LIST, "Wrong=1", {}, 400),
    ],
)
def test_refusals(history, path, query, more, status):
    history.keep(1)
    given, body = history.get(path, query, **more)
    assert given == status == body["status"]
    assert set(body) == {"code", "message", "more_info", "status"}
