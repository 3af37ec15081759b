"""What is a problem, what is worth a note, and what to do about each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.doctor import findings
from cli.doctor.findings import NOTE, OK, PROBLEM, UNCHECKED, Queue
from cli.token_claims import Claims

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ALL = ("read", "write", "emit", "replay")


@pytest.mark.parametrize(
    ("skew_seconds", "status"), [(0, OK), (30, OK), (-30, OK), (31, PROBLEM), (-31, PROBLEM), (86_400, PROBLEM)]
)
def test_a_clock_may_be_half_a_minute_off(skew_seconds, status):
    assert findings.clock(NOW + timedelta(seconds=skew_seconds), NOW).status == status


def test_a_clock_that_is_off_is_said_by_how_much_and_which_way():
    assert "90 s ahead" in findings.clock(NOW + timedelta(seconds=90), NOW).said
    assert "90 s behind" in findings.clock(NOW - timedelta(seconds=90), NOW).said
    assert findings.clock(NOW, None).status == UNCHECKED


@pytest.mark.parametrize(
    ("claims", "status", "said"),
    [
        (None, PROBLEM, "no JWT"),
        (Claims("AC1", ALL, NOW), PROBLEM, "expired at 2026-11-20 08:00:00"),
        (Claims(None, ALL, NOW + timedelta(days=1)), PROBLEM, "names no account"),
        (Claims("AC1", ALL, NOW + timedelta(minutes=59)), NOTE, "within the hour"),
        (Claims("AC1", ("read",), NOW + timedelta(days=1)), NOTE, "not write emit replay"),
        (Claims("AC1", ALL, NOW + timedelta(days=1)), OK, "account AC1"),
        (Claims("AC1", ALL, None), OK, "scopes read write emit replay"),
    ],
)
def test_a_token_is_judged_by_time_account_and_scopes(claims, status, said):
    found = findings.token(claims, NOW)
    assert found.status == status
    assert said in found.said
    assert (found.advice is None) == (status == OK)


@pytest.mark.parametrize(
    ("status", "code", "token", "advice"),
    [
        (403, None, OK, "the parameter Jwks"),
        (403, None, NOTE, "the parameter Jwks"),
        (403, None, PROBLEM, None),
        (401, None, OK, "the parameter Jwks"),
        (403, 20403, NOTE, None),
        (302, None, OK, "the stack's output ApiUrl"),
        (404, None, OK, "the stack's output ApiUrl"),
        (404, 20404, OK, None),
        (429, None, OK, "in a minute"),
        (500, None, OK, "log"),
        (502, None, PROBLEM, "log"),
        (503, 20503, OK, "log"),
    ],
)
def test_a_refusal_is_answered_by_what_was_refused(status, code, token, advice):
    found = findings.refusal(status, code, "why\n  and what then", findings.Finding("token", token, ""))
    assert (found.status, found.said) == (PROBLEM, "why; and what then")
    assert found.advice is None if advice is None else advice in str(found.advice)


def hook(status: str, reason: str | None = None) -> dict[str, object]:
    return {"unique_name": "crm", "status": status, "status_reason": reason, "status_since": "2026-11-20T07:00:00Z"}


@pytest.mark.parametrize(
    ("status", "reason", "expected", "advice"),
    [
        ("active", None, OK, None),
        ("paused", "failing", PROBLEM, "parley deliveries list bot crm --status waiting"),
        ("disabled", "by_user", NOTE, "parley webhooks update bot crm --enabled true"),
        ("disabled", "gone", PROBLEM, "parley replay create bot crm --mode missing"),
        ("disabled", "failing", PROBLEM, "parley replay create bot crm --mode missing"),
    ],
)
def test_a_webhook_that_is_not_called_is_said_with_the_command_that_helps(status, reason, expected, advice):
    found = findings.webhook_state("bot", hook(status, reason), "7")
    assert (found.check, found.status) == ("webhook bot/crm", expected)
    assert "7 events wait" in found.said
    assert found.advice is None if advice is None else advice in str(found.advice)


def test_a_source_has_events_by_its_own_word_or_by_the_list():
    source = {"sid": "SR1", "unique_name": "s", "platform": "tropo", "last_event_at": None}
    assert findings.source_state("bot", source, {"SR1"}).status == OK
    assert findings.source_state("bot", source | {"last_event_at": "2026-11-20T07:00:00Z"}, ()).status == OK
    found = findings.source_state("bot", source, {"SR2"})
    assert found.status == NOTE
    assert "parley sources show bot s" in str(found.advice)


@pytest.mark.parametrize(
    ("queue", "status"),
    [
        (Queue("EventsQueue", 10_000), OK),
        (Queue("EventsQueue", 3, oldest_seconds=180.0), OK),
        (Queue("EventsQueue", 3, oldest_seconds=181.0), PROBLEM),
        (Queue("RetryQueue", 3, oldest_seconds=900.0), OK),
        (Queue("RetryQueue", 3, oldest_seconds=1081.0), PROBLEM),
        (Queue("EventsDeadLetterQueue", 0, dead=True), OK),
        (Queue("EventsDeadLetterQueue", 1, dead=True), PROBLEM),
        (Queue("EventsDeadLetterQueue", 0, held=1, dead=True), PROBLEM),
    ],
)
def test_an_old_message_or_a_dead_letter_is_a_problem(queue, status):
    found = findings.queue(queue)
    assert found.status == status
    assert (found.advice is None) == (status == OK)


@pytest.mark.parametrize(
    ("limit", "unreserved", "mappings", "status"),
    [(1000, 900, 70, OK), (1000, 90, 70, OK), (1000, 89, 70, PROBLEM), (10, 10, 70, PROBLEM)],
)
def test_the_dispatcher_must_leave_platforms_calls_room(limit, unreserved, mappings, status):
    assert findings.concurrency(limit, unreserved, mappings).status == status
