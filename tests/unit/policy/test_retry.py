"""Retry policy: what follows from an attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import retry
from parley.attempts import Outcome

NOW = 1_700_000_000.0
units = st.floats(0, 1)
schedules = st.lists(st.integers(1, 86_400), min_size=1, max_size=20).map(tuple)


def outcome(status: int | None = 500, retry_after: str | None = None, error: str | None = None) -> Outcome:
    return Outcome(started_ms=0, duration_ms=1, status_code=status, retry_after=retry_after, error=error)


def decide(result: Outcome, attempts: int = 1, schedule: tuple[int, ...] = (5, 300), unit: float = 0.5):
    return retry.decide(result, attempts=attempts, schedule=schedule, unit=unit, now_seconds=NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_delivered(status):
    assert decide(outcome(status)) == retry.Decision("delivered", None, None)


@pytest.mark.parametrize("status", [None, 100, 199, 301, 302, 304, 400, 401, 404, 408, 429, 500, 503])
def test_everything_else_is_tried_again(status):
    assert decide(outcome(status)).status == "retrying"


def test_410_waits_for_its_disabled_webhook():
    assert decide(outcome(410)) == retry.Decision("waiting", "gone", None)


@given(schedule=schedules, unit=units)
def test_the_schedule_is_walked_to_its_end_and_no_further(schedule, unit):
    for attempts in range(1, len(schedule) + 1):
        decision = decide(outcome(), attempts, schedule, unit)
        seconds = schedule[attempts - 1]
        assert decision.status == "retrying"
        assert decision.delay_seconds is not None
        assert max(1, 0.8 * seconds) - 1e-6 <= decision.delay_seconds <= max(1, 1.2 * seconds) + 1e-6
    assert decide(outcome(), len(schedule) + 1, schedule, unit) == retry.Decision("exhausted", "schedule_ended", None)


@given(schedule=schedules, unit=units, asked=st.integers(0, 10**8), status=st.sampled_from([429, 503]))
def test_retry_after_only_ever_delays_and_at_most_an_hour(schedule, unit, asked, status):
    without = decide(outcome(status), 1, schedule, unit).delay_seconds
    with_it = decide(outcome(status, str(asked)), 1, schedule, unit).delay_seconds
    assert without is not None
    assert with_it == max(without, min(asked, 3600))


def test_retry_after_counts_on_429_and_503_alone():
    assert decide(outcome(500, "3000")).delay_seconds == 5
    assert decide(outcome(429, "3000")).delay_seconds == 3000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("999999999", 3600),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tue, 14 Nov 2023 22:10:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("0", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after_in_both_forms(header, seconds):
    assert retry.retry_after_seconds(header, NOW) == seconds


@given(st.text())
def test_retry_after_takes_any_text(header):
    seconds = retry.retry_after_seconds(header, NOW)
    assert seconds is None or 0 < seconds <= 3600


@pytest.mark.parametrize("text", ["", "0", "86401", "-1", "1.5", "5,300", "a", "٣", "1 " * 21])
def test_a_wrong_schedule_is_refused(text):
    with pytest.raises(retry.ScheduleError):
        retry.parse_schedule(text)


@given(schedules)
def test_a_schedule_reads_as_it_is_written(schedule):
    assert retry.parse_schedule("  ".join(map(str, schedule))) == schedule


def test_the_default_schedule_is_within_its_own_rules():
    assert retry.parse_schedule(" ".join(map(str, retry.DEFAULT_SCHEDULE))) == retry.DEFAULT_SCHEDULE
