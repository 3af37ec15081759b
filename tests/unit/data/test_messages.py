"""Queue messages: they come back as they went, whatever is in them, and unreadable ones say why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import messages
from parley.event import Event

events = st.builds(
    Event,
    sid=st.just("EV" + "0" * 32),
    account_sid=st.just("AC" + "1" * 32),
    assistant_sid=st.just("UA" + "2" * 32),
    source_sid=st.none() | st.just("SR" + "3" * 32),
    platform=st.sampled_from(["autopilot", "tropo"]),
    name=st.text(max_size=30),
    type=st.just("turn.completed"),
    status=st.sampled_from(["accepted", "unrecognised"]),
    reason=st.none() | st.text(),
    conversation_id=st.none() | st.text(),
    occurred_ms=st.none() | st.integers(0, 2**42),
    received_ms=st.integers(0, 2**42),
    rid=st.just("r"),
    method=st.sampled_from(["GET", "POST"]),
    content_type=st.none() | st.text(),
    payload=st.binary(max_size=2000),
)


@given(events)
def test_an_event_comes_back_as_it_went(event):
    assert messages.decode(messages.encode(messages.EventMessage(event))) == messages.EventMessage(event)


@given(events, st.none() | st.tuples(st.integers(0, 9), st.integers(1, 9)), st.binary())
def test_a_commit_comes_back_as_it_went(event, chunk, results):
    undelivered = ({"pk": "U", "at": 1, "log": [{"response_body": b"\xff\x00", "number": 1}]},)
    message = messages.CommitMessage(event, chunk, results, undelivered)
    assert messages.decode(messages.encode(message)) == message


def test_chunks_and_retries_come_back_as_they_went():
    chunk = messages.ChunkMessage("AC", "UA", "EV", 2, 7)
    retry = messages.RetryMessage("AC", "UA", "UM", "EV", 1_700_000_000_000, 3, "retry")
    assert messages.decode(messages.encode(chunk)) == chunk
    assert messages.decode(messages.encode(retry)) == retry


def test_a_member_of_a_later_version_is_ignored():
    chunk = messages.ChunkMessage("AC", "UA", "EV", 2, 7)
    body = json.loads(messages.encode(chunk)) | {"later": 1}
    assert messages.decode(json.dumps(body)) == chunk


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"v":2,"kind":"chunk"}',
        '{"v":1,"kind":"x"}',
        '{"v":1,"kind":"chunk"}',
        '{"v":1,"kind":"event","codec":9}',
    ],
)
def test_an_unreadable_message_says_so(text):
    with pytest.raises(messages.MessageError):
        messages.decode(text)


@given(st.text())
def test_any_text_is_a_message_or_an_error(text):
    with pytest.raises(messages.MessageError):
        messages.decode(text)
