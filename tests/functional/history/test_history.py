"""History: events by time, and what became of one at each webhook."""

from __future__ import annotations

import base64

import pytest

from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, in_conversation

LIST = EVENTS


def test_an_event_shows_what_came_and_what_became_of_it(history):
    world = history.world(
        *(dispatch.webhook(number) for number in (1, 2, 3)),
        answer=lambda number, attempt: {1: 200, 2: 200 if attempt > 1 else 500, 3: None}[number],
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
        "method": made.method,
        "content_type": made.content_type,
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


@pytest.mark.parametrize(
    "content_type",
    [None, "", "application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-8", "text/é; 0"],
)
@pytest.mark.parametrize("source_sid", [None, "SR" + "0a" * 16])
def test_what_an_item_abbreviates_is_shown_whole(history, content_type, source_sid):
    history.keep(1, content_type=content_type, source_sid=source_sid)
    _, body = history.get(f"{LIST}/{dispatch.event(1).sid}")
    assert (body["content_type"], body["source_sid"]) == (content_type, source_sid)
    _, listed = history.get(LIST)
    assert [row["source_sid"] for row in listed["events"]] == [source_sid]


def test_bytes_that_are_no_text_are_shown_as_base64(history):
    history.keep(1, payload=b"\xff\x00")
    _, body = history.get(f"{LIST}/{dispatch.event(1).sid}")
    assert (body["payload"], body["payload_encoding"]) == ("/wA=", "base64")


def test_pages_go_from_new_to_old_and_skip_nothing(history):
    history.keep(*range(1, 26))
    status, body = history.get(LIST, "PageSize=10")
    assert (status, body["meta"]["key"]) == (200, "events")
    url = body["meta"]["next_page_url"].partition("?")[0]
    assert url == f"https://abc123.execute-api.eu-west-1.amazonaws.com{LIST}"
    # what comes meanwhile is newer than every page that follows
    newer = iter(range(99, 110))
    pages = history.pages(LIST, "PageSize=10", between=lambda: history.keep(next(newer)))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [row["sid"] for page in pages for row in page] == [dispatch.event(n).sid for n in range(25, 0, -1)]


def test_a_full_last_page_has_no_next_one(history):
    history.keep(*range(1, 21))
    assert [len(page) for page in history.pages(LIST, "PageSize=10")] == [10, 10]


def sids_of(rows):
    return [row["sid"] for row in rows]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("After=2023-11-14T22:13:23Z", [6, 5, 4, 3]),
        ("Before=2023-11-14T22:13:23Z", [2, 1]),
        ("After=2023-11-14T22:13:22Z&Before=2023-11-14T22:13:24Z", [3, 2]),
        ("After=2023-11-14T23:13:23%2B01:00", [6, 5, 4, 3]),
        ("After=2023-11-14", [6, 5, 4, 3, 2, 1]),
        ("Before=2023-11-14", []),
        ("Before=0001-01-01", []),
        ("After=9999-12-31", []),
        ("After=2024-01-01&Before=2023-01-01", []),
        ("Type=note.added", [6, 4, 2]),
        ("Platform=watsonx", [6, 3]),
        ("Platform=watsonx&Type=note.added", [6]),
        ("Type=note.added&Before=2023-11-14T22:13:23Z", [2]),
        ("Type=call.completed", []),
    ],
)
def test_a_list_is_narrowed_by_time_type_and_platform(history, query, numbers):
    for number in range(1, 7):
        history.keep(
            number,
            type="note.added" if number % 2 == 0 else "message.received",
            platform="watsonx" if number % 3 == 0 else "messagehub",
        )
    for size in (1, 4, 50):
        assert sids_of(history.rows(LIST, f"{query}&PageSize={size}")) == [dispatch.event(n).sid for n in numbers]


def test_a_filter_that_finds_little_makes_short_pages_and_skips_nothing(history, monkeypatch):
    monkeypatch.setattr("parley.data_table.event_lists._FILTERED_LOOK", 2)
    monkeypatch.setattr("parley.data_table.listing.EXTRA_READS", 3)
    history.keep(*range(1, 90))
    history.keep(90, 95, type="note.added")
    history.keep(*range(100, 150))
    history.put(dispatch.event(200, received_ms=dispatch.START_MS, type="note.added"))
    pages = history.pages(LIST, "Type=note.added&PageSize=2")
    assert [row["sid"] for page in pages for row in page] == sids_of(
        [{"sid": dispatch.event(number).sid} for number in (95, 90, 200)]
    )
    assert len(pages) > 3, "the work for a page is bounded"
    assert max(map(len, pages)) <= 2


@pytest.mark.parametrize("reads", [10, 0])
def test_a_conversation_is_listed_whatever_its_size(history, monkeypatch, reads):
    # none at all: as if its partition were too large to be sorted in memory
    monkeypatch.setattr("parley.data_table.event_lists._CONVERSATION_READS", reads)
    wanted = [in_conversation("会話 7", number) for number in range(1, 8)]
    history.put(*wanted, *(in_conversation("8", number) for number in range(1, 4)))
    history.put(in_conversation("会話 7", 20, type="note.added"))
    query = "ConversationId=%E4%BC%9A%E8%A9%B1+7&Type=message.received&PageSize=3"
    pages = history.pages(LIST, query)
    assert [row["sid"] for page in pages for row in page] == [event.sid for event in reversed(wanted)]
    assert {row["conversation_id"] for page in pages for row in page} == {"会話 7"}
    assert history.rows(LIST, "ConversationId=nobody") == []


def test_a_large_payload_is_shown_as_base64_because_an_answer_is_bounded(history):
    raw = b'"' * 1024 * 1024
    history.keep(1, payload=raw)
    _, body = history.get(f"{LIST}/{dispatch.event(1).sid}")
    assert (base64.b64decode(body["payload"]), body["payload_encoding"]) == (raw, "base64")


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
        (LIST, "After=yesterday", {}, 400),
        (LIST, "After=2023-11-14T22:13:23", {}, 400),
        (LIST, "Before=", {}, 400),
        (LIST, "Type=message.recieved", {}, 400),
        (LIST, "Platform=slack", {}, 400),
        (LIST, "ConversationId=", {}, 400),
        (LIST, "Type=note.added&Type=note.added", {}, 400),
    ],
)
def test_refusals(history, path, query, more, status):
    history.keep(1)
    given, body = history.get(path, query, **more)
    assert given == status == body["status"]
    assert set(body) == {"code", "message", "more_info", "status"}
