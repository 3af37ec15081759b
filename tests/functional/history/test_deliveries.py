"""Deliveries of a webhook: wherever the table keeps them, one list; each with its attempts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from functions.dispatcher import evidence
from parley.attempts import Outcome
from parley.data_table import deliveries as table
from parley.data_table import listing, undelivered
from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import deliveries

START_MS = dispatch.START_MS


def sid(number: int, hook: int = 1) -> str:
    return delivery_sid(dispatch.event(number).sid, dispatch.webhook(hook).sid)


def pass_time(world, seconds: float = 0) -> None:
    world.now_ms += round(seconds * 1000)
    while world.deliver("events") or world.deliver("retries"):
        pass


@pytest.fixture
def lived(history):
    """Of webhook 1: 1 delivered, 2 delivered late, 3 retrying, 4 exhausted, 5 waiting (gone); 6 not for it."""
    answers = {1: [200], 2: [500, 204], 3: [503], 4: [500, 500, 500, 500], 5: [410]}
    hook = dispatch.webhook(1, events="message.received")
    world = history.world(hook, dispatch.webhook(2))

    def answer(number, attempt):
        event = int(world.callbacks[-1].body.rpartition(b":")[2].rstrip(b"}"))
        row = answers[event]
        return row[min(attempt, len(row)) - 1] if number == 1 else 200

    world.answer = answer
    for number in (4, 2):
        world.accept(dispatch.event(number, received_ms=START_MS + number))
    pass_time(world)
    for seconds in (6, 400, 2500):
        pass_time(world, seconds)
        world.sweep()
        pass_time(world)
    for number in (1, 3, 5):
        world.accept(dispatch.event(number, received_ms=START_MS + number))
    answers[6] = [200]
    world.accept(dispatch.event(6, received_ms=START_MS + 6, type="note.added"))
    pass_time(world)
    return history, world


def statuses(rows):
    return [(row["sid"], row["status"]) for row in rows]


EXPECTED = [(5, "waiting"), (4, "exhausted"), (3, "retrying"), (2, "delivered"), (1, "delivered")]


@pytest.mark.parametrize("size", [1, 2, 50])
def test_one_list_has_them_all_newest_first(lived, size):
    history, _ = lived
    assert statuses(history.rows(deliveries(1), f"PageSize={size}")) == [(sid(n), status) for n, status in EXPECTED]
    assert [row["status"] for row in history.rows(deliveries(2), f"PageSize={size}")] == ["delivered"] * 6


@pytest.mark.parametrize("status", ["waiting", "exhausted", "retrying", "delivered", "cancelled", "expired"])
@pytest.mark.parametrize("size", [1, 50])
def test_a_list_of_one_status(lived, status, size):
    history, _ = lived
    rows = history.rows(deliveries(1), f"Status={status}&PageSize={size}")
    assert statuses(rows) == [(sid(n), has) for n, has in EXPECTED if has == status]


def test_a_list_between_times_and_by_the_webhooks_name(lived):
    history, _ = lived
    # whole seconds are shown, milliseconds are taken
    query = "After=2023-11-14T22:13:20.002Z&Before=2023-11-14T22:13:20.004Z"
    assert statuses(history.rows(deliveries(1), query)) == [(sid(3), "retrying"), (sid(2), "delivered")]
    path = f"/v1/Assistants/my%20bot/Webhooks/hook%201/Deliveries/{sid(3)}"
    assert history.get(path)[1]["status"] == "retrying"


def test_a_delivery_shows_every_attempt(lived):
    history, _ = lived
    status, body = history.get(deliveries(1, sid(4)))
    assert status == 200
    attempts = body.pop("attempts")
    assert body == {
        "sid": sid(4),
        "event_sid": dispatch.event(4).sid,
        "webhook_sid": dispatch.webhook(1).sid,
        "status": "exhausted",
        "reason": "schedule_ended",
        "next_attempt_at": None,
        "date_created": "2023-11-14T22:13:20Z",
        "url": f"https://abc123.execute-api.eu-west-1.amazonaws.com{deliveries(1, sid(4))}",
    }
    assert [(line["number"], line["trigger"]) for line in attempts] == [
        (1, "first"),
        (2, "retry"),
        (3, "retry"),
        (4, "retry"),
    ]
    assert attempts[0] == {
        "number": 1,
        "trigger": "first",
        "started_at": "2023-11-14T22:13:20Z",
        "duration_ms": 3,
        "reused": False,
        "dns_ms": None,
        "connect_ms": None,
        "tls_ms": None,
        "first_byte_ms": None,
        "address": None,
        "status_code": 500,
        "error": None,
        "response_headers": None,
        "response_body": "no",
    }
    _, retrying = history.get(deliveries(1, sid(3)))
    assert retrying["next_attempt_at"] is not None
    listed = history.rows(deliveries(1), "Status=exhausted")[0]["attempts"]
    assert [set(attempts[0]) - set(line) for line in listed] == [{"response_headers", "response_body"}] * 4


def test_what_succeeded_at_first_shows_its_status_and_time(lived):
    history, _ = lived
    _, body = history.get(deliveries(1, sid(1)))
    [line] = body["attempts"]
    kept = {"number": 1, "trigger": "first", "duration_ms": 3, "status_code": 200}
    assert line == {**dict.fromkeys(line), **kept}
    assert (body["status"], body["next_attempt_at"]) == ("delivered", None)


def test_phases_address_headers_and_bytes_of_an_attempt(history):
    history.world(dispatch.webhook(1))
    outcome = Outcome(
        started_ms=START_MS,
        duration_ms=90,
        status_code=502,
        dns_ms=1,
        connect_ms=2,
        tls_ms=3,
        first_byte_ms=80,
        address="192.0.2.7",
        response_headers={"server": "x"},
        response_body=b"\xff\xfe",
    )
    made = dispatch.event(1)
    item = undelivered.Undelivered(
        webhook_sid=dispatch.webhook(1).sid,
        event_sid=made.sid,
        assistant_sid=made.assistant_sid,
        account_sid=made.account_sid,
        received_ms=made.received_ms,
        attempts=1,
        status="retrying",
        reason=None,
        next_attempt_ms=START_MS + 5000,
        due_ms=START_MS + 5000,
        last_status_code=502,
        log=(evidence.entry(outcome, number=1, trigger="first"),),
        expires_at=START_MS,
    )
    undelivered.put_new(history.stack.dynamodb, history.stack.data_table, undelivered.to_values(item))
    history.put(made)
    _, body = history.get(deliveries(1, sid(1)))
    [line] = body["attempts"]
    assert {name: line[name] for name in ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "address")} == {
        "dns_ms": 1,
        "connect_ms": 2,
        "tls_ms": 3,
        "first_byte_ms": 80,
        "address": "192.0.2.7",
    }
    assert line["response_headers"] == {"server": "x"}
    assert (base64.b64decode(line["response_body"]), line["response_body_encoding"]) == (b"\xff\xfe", "base64")
    assert body["next_attempt_at"] == "2023-11-14T22:13:25Z"


def test_deliveries_of_an_event_with_many_webhooks_are_found_in_its_chunks(history):
    hooks = [dispatch.webhook(number) for number in range(1, 24)]
    world = history.world(*hooks, answer=lambda number, attempt: 500 if number == 7 else 200)
    world.accept(dispatch.event(1))
    pass_time(world)
    assert world.stored(dispatch.event(1).sid).listed.chunks == 3
    for number in (1, 7, 23):
        expected = "retrying" if number == 7 else "delivered"
        assert statuses(history.rows(deliveries(number))) == [(sid(1, number), expected)]
        assert history.get(deliveries(number, sid(1, number)))[1]["status"] == expected


def test_what_fails_while_the_list_is_read_is_shown_as_it_is_now(history, monkeypatch):
    """The event is in the index and its failure is not in what was read before: the item is asked for."""
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500)
    late: list[listing.Stretch[Any]] = []
    read = table._Reader.late

    def late_first(self, waiting, finished, below):
        stretch = read(self, waiting, finished, below)
        late.append(stretch)
        if len(late) == 8:
            world.accept(dispatch.event(1))
            pass_time(world)
        return stretch

    monkeypatch.setattr(table._Reader, "late", late_first)
    [row] = history.rows(deliveries(1))
    assert (row["status"], row["attempts"][0]["started_at"]) == ("retrying", "2023-11-14T22:13:20Z")
    assert not any(stretch.found for stretch in late)


def test_what_ends_while_the_list_is_read_is_seen_once(history, monkeypatch):
    world = history.world(dispatch.webhook(1), answer=lambda number, attempt: 500 if attempt == 1 else 200)
    world.accept(dispatch.event(1))
    pass_time(world)
    read = listing.Query.read

    def and_then(self, client, table, below):
        found = read(self, client, table, below)
        if self.partition.startswith("U#") and found.found:
            pass_time(world, 10)
        return found

    monkeypatch.setattr(listing.Query, "read", and_then)
    for query in ("", "Status=delivered", "Status=retrying"):
        rows = history.rows(deliveries(1), query)
        assert statuses(rows) == ([(sid(1), "delivered")] if query != "Status=retrying" else [])
        assert world.finished()


@pytest.mark.parametrize(
    ("path", "query", "more", "status"),
    [
        (deliveries(9), "", {}, 404),
        (deliveries(1, "DL" + "0" * 32), "", {}, 404),
        (deliveries(1, "nonsense"), "", {}, 404),
        (deliveries(1, sid(6)), "", {}, 404),
        (deliveries(1, sid(1, hook=2)), "", {}, 404),
        (deliveries(1), "", {"account": "AC" + "f" * 32}, 404),
        (deliveries(1), "", {"scopes": "write"}, 403),
        (deliveries(1), "Status=lost", {}, 400),
        (deliveries(1), "Type=note.added", {}, 400),
        (deliveries(1, sid(1)), "Status=delivered", {}, 400),
    ],
)
def test_refusals(lived, path, query, more, status):
    history, _ = lived
    given, body = history.get(path, query, **more)
    assert given == status == body["status"]


def test_an_answer_has_room_for_its_attempts(lived, monkeypatch):
    history, _ = lived
    monkeypatch.setattr("parley.data_table.deliveries._MOST_ATTEMPTS_LISTED", 2)
    pages = history.pages(deliveries(1))
    assert len(pages) > 2
    assert statuses(row for page in pages for row in page) == [(sid(n), status) for n, status in EXPECTED]
