"""Each thing that is said to be answered has its tests, and each of these exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs/asks.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [0-9]+ \|", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`(tests/[^`]+)`", row[-1])})


@functools.cache
def functions(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert name in functions(ROOT / path)


def test_every_ask_has_tests_or_says_that_it_is_not_answered() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 18)]
    for number, _, answer, tests in ROWS:
        assert (tests == "none") == answer.startswith("Not in this release"), number
        assert tests == "none" or re.search(r"`tests/", tests), number
