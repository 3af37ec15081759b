"""How an event that arrived, and what came of its post, is written."""

from __future__ import annotations

import pytest

from cli.listen import lines
from parley.attempts import Outcome

EVENT = {
    "date_created": "2026-11-20T08:00:00Z",
    "type": "message.received",
    "platform": "messagehub",
    "event": "message_created",
    "sid": "EV1",
    "conversation_id": "42\x1b[31m",
    "status": "accepted",
    "status_reason": None,
}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(0, 12, 204), "204 in 12 ms"),
        (Outcome(0, 12, 500), "500 in 12 ms"),
        (Outcome(0, 12, 500, response_body=b"\n bo\xff\x1b[31m\n om"), "500 in 12 ms: bo\ufffd\\u001b[31m  om"),
        (Outcome(0, 12, 500, response_body="日".encode() * 999), f"500 in 12 ms: {'日' * 120}…"),
        (Outcome(0, 10_001, error="timeout"), "no answer: timeout, after 10001 ms"),
    ],
)
def test_what_came_of_a_post_is_on_the_events_line(outcome, said):
    line = lines.line(EVENT, outcome)
    assert line.startswith("2026-11-20T08:00:00Z  message.received ")
    assert line.endswith(f"EV1  42\\u001b[31m  -> {said}")


def test_for_programs_it_stands_beside_the_apis_own_keys():
    outcome = Outcome(0, 12, 500, response_body=b"bo\xff\nom")
    forwarded = {"status_code": 500, "error": None, "duration_ms": 12, "response_body": "bo\ufffd\nom"}
    assert lines.as_object(EVENT, outcome) == {**EVENT, "forwarded": forwarded}
    assert lines.as_object(EVENT) == EVENT
