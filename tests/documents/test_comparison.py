"""docs/comparison.md: each cell names a source, each source has a date, each loss that is marked is listed."""

from __future__ import annotations

import re

import pytest

from tests.documents.blocks import text_of

TEXT = text_of("docs/comparison.md")
COMPARED, _, SOURCES = TEXT.partition("## Sources\n")
SECTIONS = re.split(r"(?m)^## ", COMPARED)


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line[1:].rstrip("|").split("|")] for line in lines if not line.startswith("| ---")
    ]


CELLS = [(row[0], cell) for section in SECTIONS for row in rows(section)[1:] for cell in row[1:]]
DATED = {key: (what, date) for key, what, date in rows(SOURCES) if key}


def test_there_is_something_to_compare() -> None:
    assert len(CELLS) > 100
    assert len(DATED) > 25


@pytest.mark.parametrize(("what", "cell"), CELLS)
def test_a_cell_ends_with_a_source_that_has_a_date(what: str, cell: str) -> None:
    found = re.fullmatch(r".+ \[(\w+)\]", cell)
    assert found, (what, cell)
    source, date = DATED[found[1]]
    assert re.search(r"\]\(|`", source), source
    assert re.search(r"\b20\d\d-\d\d(-\d\d)?$", date), date


def test_every_source_is_used() -> None:
    named = {found for _, cell in CELLS for found in re.findall(r"\[(\w+)\]$", cell)}
    assert set(DATED) == named


def test_each_cell_of_ours_that_is_marked_is_among_the_losses() -> None:
    losses = " ".join(TEXT.partition("## Where Parley loses")[2].partition("## Sources")[0].lower().split())
    words = {
        "asymmetric signatures": "asymmetric signatures",
        "which events": "filters on content",
        "payload changed on the way": "changed payloads",
        "order": "strict order",
        "a rate for live events": "a rate limit for live events",
        "time for a receiver": "ten seconds for a receiver",
        "page": "no portal",
        "filter on content": "filters on content",
        "a receiver is asked first whether it wants the calls": "asks a receiver whether it wants",
    }
    marked = {what for what, cell in CELLS if "**" in cell}
    assert marked == set(words)
    assert [what for what, said in words.items() if said not in losses] == []
