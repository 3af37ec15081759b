"""Pages never skip nor repeat, whatever comes, fails or ends between two of them.

What is there from the first page to the last is seen exactly once; what comes meanwhile at most once.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley import results
from parley.config_table import assistants, webhooks
from parley.data_table import undelivered
from parley.results import Result
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import ACCOUNT, History
from tests.functional.stack import stack

MOMENTS = st.integers(0, 6)  # few, so that many events share one
TYPES = st.sampled_from(["message.received", "note.added"])
FATES = ["delivered", "retrying", "delivered late", "exhausted", "not matched"]
PROPERTY = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
numbers = count(1)


@pytest.fixture(scope="module")
def history():
    with stack() as made:
        yield History(made, shards=3)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Reads so small that every list takes many."""
    monkeypatch.setattr("parley.data_table.event_lists._FILTERED_LOOK", 3)
    monkeypatch.setattr("parley.data_table.deliveries._LOOK", 3)
    monkeypatch.setattr("parley.data_table.listing.EXTRA_READS", 2)


def new_assistant(history):
    number = next(numbers)
    sid = f"UA{number:032x}"
    assistants.create(
        history.stack.dynamodb,
        history.stack.config_table,
        account_sid=ACCOUNT,
        unique_name=f"bot {number}",
        now_ms=1,
        sid=sid,
    )
    return sid


def new_event(assistant, moment, **changes):
    number = next(numbers)
    # the last byte of a SID is its shard: two of them, so that each holds many
    sid = f"EV{number * 0x9E3779B97F4A7C15 % (1 << 120):030x}{number % 2:02x}"
    return dispatch.event(1, sid=sid, assistant_sid=assistant, received_ms=dispatch.START_MS + moment, **changes)


def order(event):
    return (event.received_ms, event.sid)


@given(
    first=st.lists(st.tuples(MOMENTS, TYPES), max_size=25),
    meanwhile=st.lists(st.lists(st.tuples(MOMENTS, TYPES), max_size=3), max_size=6),
    size=st.integers(1, 5),
    narrowed=st.booleans(),
)
@PROPERTY
def test_events(history, first, meanwhile, size, narrowed):
    assistant = new_assistant(history)

    def put(rows):
        made = [new_event(assistant, moment, type=kind) for moment, kind in rows]
        history.put(*made)
        return [event for event in made if not narrowed or event.type == "note.added"]

    there = put(first)
    came, waves = [], iter(meanwhile)
    query = f"PageSize={size}" + ("&Type=note.added" if narrowed else "")
    pages = history.pages(
        f"/v1/Assistants/{assistant}/Events", query, between=lambda: came.extend(put(next(waves, [])))
    )
    seen = [row["sid"] for page in pages for row in page]
    assert len(seen) == len(set(seen))
    assert all(len(page) <= size for page in pages)
    known = {event.sid: order(event) for event in (*there, *came)}
    assert [known[sid] for sid in seen] == sorted((known[sid] for sid in seen), reverse=True)
    assert [sid for sid in seen if sid not in {event.sid for event in came}] == [
        event.sid for event in sorted(there, key=order, reverse=True)
    ]


class Deliveries:
    """Of a webhook of its own, written as the dispatcher writes them."""

    def __init__(self, history) -> None:
        self.history = history
        self.client, self.table = history.stack.dynamodb, history.stack.data_table
        self.assistant = new_assistant(history)
        self.hook = f"UM{next(numbers):032x}"
        webhooks.create(
            self.client,
            history.stack.config_table,
            account_sid=ACCOUNT,
            assistant_sid=self.assistant,
            unique_name="hook",
            events="*",
            url="https://receiver.example",
            secret="s",
            now_ms=1,
            sid=self.hook,
        )
        self.path = f"/v1/Assistants/{self.assistant}/Webhooks/{self.hook}/Deliveries"
        self.open: list[undelivered.Undelivered] = []

    def put(self, moment, fate):
        event = new_event(self.assistant, moment)
        status = fate if fate in ("delivered", "waiting") else "retrying"
        sid = self.hook if fate != "not matched" else "UM" + "f" * 32
        if status != "delivered" and fate != "not matched":
            item = undelivered.Undelivered(
                webhook_sid=self.hook,
                event_sid=event.sid,
                assistant_sid=self.assistant,
                account_sid=ACCOUNT,
                received_ms=event.received_ms,
                attempts=1,
                status=status,
                reason=None,
                next_attempt_ms=1,
                due_ms=None,
                last_status_code=500,
                log=(),
                expires_at=1,
            )
            undelivered.put_new(self.client, self.table, undelivered.to_values(item))
            self.open.append(item)
        packed = results.pack([Result(sid, status, 1, 200, 3)])
        self.history.put(event, packed_results=packed)
        if fate == "delivered late":
            self.end(self.open.pop(), "delivered")
        elif fate == "exhausted":
            self.end(self.open.pop(), "exhausted")
        return event

    def end(self, item, status):
        after = replace(item, attempts=item.attempts + 1, status=status, next_attempt_ms=None)
        assert undelivered.save(self.client, self.table, item, after)
        undelivered.move_to_finished(self.client, self.table, after)


@given(
    first=st.lists(st.tuples(MOMENTS, st.sampled_from(FATES)), max_size=25),
    meanwhile=st.lists(
        st.tuples(st.lists(st.tuples(MOMENTS, st.sampled_from(FATES)), max_size=2), st.booleans()), max_size=8
    ),
    size=st.integers(1, 5),
)
@PROPERTY
def test_deliveries(history, first, meanwhile, size):
    made = Deliveries(history)

    def put(rows):
        return [event for moment, fate in rows if (event := made.put(moment, fate)) and fate != "not matched"]

    there = put(first)
    came, waves = [], iter(meanwhile)

    def happens():
        new, ends = next(waves, ([], False))
        came.extend(put(new))
        if ends and made.open:
            made.end(made.open.pop(0), "delivered")

    pages = history.pages(made.path, f"PageSize={size}", between=happens)
    seen = [row["event_sid"] for page in pages for row in page]
    assert len(seen) == len(set(seen))
    known = {event.sid: order(event) for event in (*there, *came)}
    assert [known[sid] for sid in seen] == sorted((known[sid] for sid in seen), reverse=True)
    assert [sid for sid in seen if sid not in {event.sid for event in came}] == [
        event.sid for event in sorted(there, key=order, reverse=True)
    ]


@given(
    first=st.lists(st.tuples(MOMENTS, st.sampled_from(FATES)), max_size=25),
    status=st.sampled_from(["delivered", "retrying", "exhausted"]),
    size=st.integers(1, 5),
)
@PROPERTY
def test_deliveries_of_one_status(history, first, status, size):
    made = Deliveries(history)
    become = {"delivered late": "delivered"}
    expected = [
        event for moment, fate in first if (event := made.put(moment, fate)) and become.get(fate, fate) == status
    ]
    rows = [row for page in history.pages(made.path, f"Status={status}&PageSize={size}") for row in page]
    assert [row["event_sid"] for row in rows] == [event.sid for event in sorted(expected, key=order, reverse=True)]
    assert {row["status"] for row in rows} <= {status}


@pytest.mark.parametrize("status", ["retrying", "waiting", "exhausted"])
def test_what_is_over_is_read_no_further_than_what_is_open(history, status):
    """Many of each in a shard, the newest not asked for: reading what is over must not carry the page past the rest."""
    made = Deliveries(history)
    for fate in ["exhausted"] * 10 + ["waiting"] * 10 + ["retrying"] * 10:
        made.put(next(numbers), fate)
    rows = [row for page in history.pages(made.path, f"Status={status}&PageSize=1") for row in page]
    assert len({row["sid"] for row in rows}) == len(rows) == 10
