"""Times as they are typed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli import moments


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("30m", 1800), ("8h", 28_800), ("7d", 604_800)]
)
def test_a_length_of_time(text, expected):
    assert moments.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5h", "1w", "h", "１h", "9999999999"])
def test_what_is_no_length_of_time(text):
    with pytest.raises(argparse.ArgumentTypeError, match="no time"):
        moments.seconds(text)


def test_a_moment_may_be_said_by_how_long_ago_it_was():
    ago = datetime.now(UTC) - moments.parse(moments.moment("2h"))
    assert timedelta(hours=2) <= ago < timedelta(hours=2, seconds=5)


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T08:00:00+09:00", "20261120", "yesterday"])
def test_any_other_moment_is_the_apis_to_judge(text):
    assert moments.moment(text) == text


def test_a_time_without_a_zone_is_utc_and_one_with_a_zone_is_written_in_utc():
    assert moments.parse("2026-11-20") == datetime(2026, 11, 20, tzinfo=UTC)
    tokyo = timezone(timedelta(hours=9))
    assert moments.iso(datetime(2026, 11, 20, 8, tzinfo=tokyo)) == "2026-11-19T23:00:00Z"
