"""Compact results: 24 bytes a webhook."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley import results

entries = st.builds(
    results.Result,
    webhook_sid=st.integers(0, 2**128 - 1).map(lambda number: f"UM{number:032x}"),
    status=st.sampled_from(["delivered", "retrying", "waiting", "exhausted", "cancelled", "expired"]),
    attempts=st.integers(0, 20),
    last_status_code=st.none() | st.integers(100, 999),
    duration_ms=st.integers(0, 2**32 - 1),
)


@given(st.lists(entries))
def test_results_come_back_as_they_went_in_24_bytes_each(rows):
    packed = results.pack(rows)
    assert len(packed) == 24 * len(rows)
    assert results.unpack(packed) == rows
