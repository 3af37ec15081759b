"""The counting that the runs are judged by sees what must not be."""

from __future__ import annotations

from tests.load.counting import Call, Count, count, percentile, read, seconds_until_taken

PATHS = ("/a", "/b")


def calls(*rows: tuple[str, int, str, int]) -> list[Call]:
    return [Call(float(at), path, number, sid, status) for at, (path, number, sid, status) in enumerate(rows)]


FINE = calls(("/a", 1, "DLa1", 200), ("/b", 1, "DLb1", 500), ("/b", 1, "DLb1", 200), ("/c", 1, "DLc1", 200))


def test_a_failure_that_was_made_good_is_no_loss_and_no_duplicate() -> None:
    assert count(FINE, [1], PATHS) == Count(owed=2, lost=0, duplicates=0, differing=0, shared=0)


def test_what_no_receiver_took_is_lost() -> None:
    assert count(FINE, [1, 2], PATHS).lost == 2
    assert count(calls(("/a", 1, "DLa1", 500)), [1], ["/a"]).lost == 1


def test_what_was_taken_again_is_a_duplicate_each_time() -> None:
    again = calls(*[("/a", 1, "DLa1", 200)] * 3)
    assert count(again, [1], ["/a"]).duplicates == 2


def test_ids_that_change_or_are_shared_are_seen() -> None:
    changed = calls(("/a", 1, "DLa1", 500), ("/a", 1, "DLother", 200))
    shared = calls(("/a", 1, "DLa1", 200), ("/b", 1, "DLa1", 200))
    assert (count(changed, [1], PATHS).differing, count(changed, [1], PATHS).shared) == (1, 0)
    assert (count(shared, [1], PATHS).differing, count(shared, [1], PATHS).shared) == (0, 1)


def test_an_event_that_never_said_it_was_accepted_is_not_owed() -> None:
    assert count(FINE, [], PATHS).owed == 0


def test_times_are_those_of_the_first_time_it_was_taken() -> None:
    seen = [Call(7.0, "/a", 1, "DL", 500), Call(9.0, "/a", 1, "DL", 200), Call(12.0, "/a", 1, "DL", 200)]
    assert seconds_until_taken(seen, {1: 5.0, 2: 6.0}, "/a", accepted_after=0) == [4.0]
    assert seconds_until_taken(seen, {1: 5.0}, "/a", accepted_after=5.5) == []


def test_percentiles_are_by_the_nearest_rank() -> None:
    assert percentile([float(value) for value in range(1, 101)], 95) == 95
    assert percentile([3.0], 50) == 3
    assert percentile([], 95) == float("inf")


def test_calls_are_read_as_the_receivers_write_them() -> None:
    assert read(["12.5\t/half\t7\tDL1\t500\n"]) == [Call(12.5, "/half", 7, "DL1", 500)]
