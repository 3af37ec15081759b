"""The arithmetic that costs stand on: sizes, units, the index's copies; and a figure that grew is seen."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import metering, run, units
from tests.benchmarks.metering import Units, attribute_bytes, index_copy, index_units, item_bytes, units_of
from tests.benchmarks.results import Result

PROJECTED = frozenset(("t",))
INDEXED = {"pk": {"S": "a"}, "sk": {"S": "b"}, "ipk": {"S": "L"}, "isk": {"S": "1"}, "t": {"S": "x" * 500}}


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ({"S": "日本"}, 6),
        ({"B": b"123"}, 3),
        ({"N": "1795235212178"}, 8),
        ({"N": "-12"}, 3),
        ({"BOOL": True}, 1),
        ({"L": [{"S": "a"}]}, 5),
        ({"M": {"k": {"S": "v"}}}, 6),
    ],
)
def test_a_value_has_the_size_that_the_developer_guide_gives_it(attribute, size):
    assert attribute_bytes(attribute) == size


def test_an_items_names_count():
    assert item_bytes({"pk": {"S": "abc"}}) == 5


def test_a_unit_is_begun_and_what_is_not_there_costs_one():
    assert [units_of(size, metering.WRITE_UNIT_BYTES) for size in (0, 1, 1024, 1025)] == [1, 1, 1, 2]


def test_an_index_takes_its_own_attributes_of_items_that_have_its_keys():
    assert index_copy(INDEXED | {"z": {"B": b"payload"}}, PROJECTED) == INDEXED
    assert index_copy({"pk": {"S": "a"}, "sk": {"S": "b"}}, PROJECTED) is None


def test_a_changed_index_key_is_a_deletion_and_a_put():
    assert index_units(None, INDEXED) == 1
    assert index_units(INDEXED, INDEXED) == 0
    assert index_units(INDEXED, INDEXED | {"isk": {"S": "2"}}) == 2
    assert index_units(INDEXED, INDEXED | {"t": {"S": "y"}}) == 1
    assert index_units(INDEXED, None) == 1


def test_an_eventual_read_is_half_a_strong_one():
    assert Units(strong_reads=2, eventual_reads=3).reads == 3.5


def test_a_figure_that_grew_is_named_and_times_are_not_compared(tmp_path, monkeypatch, capsys):
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps({"units.writes": 2, "dispatch.cpu.100": 1}))
    monkeypatch.setattr(run, "BASELINE", file)
    same, time = Result("units.writes", 2, "write units", "", counted=True), Result("dispatch.cpu.100", 9, "×", "")
    assert run._grown([same, time]) == 0
    assert run._grown([Result("units.writes", 3, "write units", "", counted=True)]) == 1
    assert "GREW: units.writes: 3 write units, was 2" in capsys.readouterr().out


def test_the_access_line_names_no_path():
    assert "/ingest/{platform}" in units.access_line()
    assert "$context" not in units.access_line()
