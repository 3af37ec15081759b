"""No event twice, none missed: whatever order and lag the list shows them with, up to what is promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cli import moments
from cli.listen.feed import LONG_EVERY, LONG_OVERLAP, OVERLAP, Feed

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
LONG_SECONDS = int(LONG_OVERLAP.total_seconds())
SHORT_SECONDS = int(OVERLAP.total_seconds())


def event(number: int, accepted_seconds: int) -> dict[str, str]:
    return {"sid": f"EV{number}", "date_created": moments.iso(START + timedelta(seconds=accepted_seconds))}


def look(events: list[tuple[int, int]], now_seconds: int, feed: Feed) -> list[str]:
    """What the feed makes of the list at a moment, of `(accepted, shown from then on)`, both in seconds."""
    after = feed.after()
    listed = [
        event(number, accepted)
        for number, (accepted, shown) in enumerate(events)
        if shown <= now_seconds and START + timedelta(seconds=accepted) >= after
    ]
    listed.sort(key=lambda each: each["date_created"], reverse=True)
    return [each["sid"] for each in feed.take(listed)]


moments_and_lags = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 240)), max_size=20)


@settings(deadline=None, max_examples=30)  # the machine is shared
@given(moments_and_lags, st.integers(1, 10))
def test_each_event_is_given_once_however_late_it_is_shown(accepted_and_lag, every_seconds):
    events = [(accepted, accepted + lag) for accepted, lag in accepted_and_lag]
    feed = Feed(START)
    given_sids = []
    for now in range(0, 900 + LONG_EVERY * every_seconds, every_seconds):
        given_sids += look(events, now, feed)
    assert sorted(given_sids) == sorted(f"EV{number}" for number in range(len(events)))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, SHORT_SECONDS - 10)), min_size=1, max_size=20))
def test_an_event_with_the_usual_lag_is_given_at_the_next_look(accepted_and_lag):
    events = [(accepted, accepted + lag) for accepted, lag in accepted_and_lag]
    feed = Feed(START)
    for now in range(0, 700, 10):
        before = {number for number, (_, shown) in enumerate(events) if now - 10 < shown <= now}
        assert set(look(events, now, feed)) == {f"EV{number}" for number in before}


def test_the_oldest_comes_first_and_within_a_second_in_the_order_of_the_list():
    listed = [event(3, 2), event(2, 1), event(1, 1), event(0, 0)]
    assert [each["sid"] for each in Feed(START).take(listed)] == ["EV0", "EV1", "EV2", "EV3"]


def test_what_was_before_the_start_is_never_asked_for():
    feed = Feed(START)
    feed.take([event(0, 1)])
    assert feed.after() == START


def test_it_forgets_what_no_look_can_find_again():
    feed = Feed(START)
    for number in range(10):
        feed.take([event(number, number * LONG_SECONDS)])
    assert len(feed._seen) == 2
