"""docs/architecture.md is drawn from the template, whole; the tests that it names for the invariants are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from cli.architecture import drawing
from cli.architecture.invariants import INVARIANTS
from cli.architecture.page import PAGE, page, template

ROOT = Path(__file__).parents[2]
DRAWN = {
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
    "AWS::SQS::Queue",
}


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return dict(template())


def test_the_committed_page_is_the_one_that_the_template_makes(declared: dict[str, Any]) -> None:
    assert PAGE.read_text("utf-8") == page(declared), "make architecture"


def test_every_function_and_queue_is_drawn_with_an_arrow(declared: dict[str, Any]) -> None:
    lines = [line for line in drawing.diagram(declared).splitlines() if "--" in line or ".->" in line]
    connected = {word for line in lines for word in re.findall(r"\w+", line)}
    expected = {name for name, found in declared["Resources"].items() if found["Type"] in DRAWN}
    assert expected - connected == set()
    assert len(expected) > 10


def test_every_table_is_one_that_a_function_reads_and_one_writes(declared: dict[str, Any]) -> None:
    told = drawing.functions(declared)
    for name in drawing.of_type(declared, "AWS::DynamoDB::Table"):
        assert re.search(rf"reads[^,|]* `{name}`", told), name
        assert re.search(rf"writes `{name}`", told), name


def test_a_template_that_changes_changes_the_drawing(declared: dict[str, Any]) -> None:
    queue = {**declared["Resources"]["RetryQueue"]["Properties"]}
    queue["RedrivePolicy"] = {**queue["RedrivePolicy"], "maxReceiveCount": 7}
    changed = {**declared["Resources"], "RetryQueue": {"Type": "AWS::SQS::Queue", "Properties": queue}}
    assert "RetryQueue -.->|after 7 receives| RetryDeadLetterQueue" in page({**declared, "Resources": changed})


def test_the_sequence_names_what_is_deployed(declared: dict[str, Any]) -> None:
    named = re.findall(r"participant \w as ([A-Z]\w+)", page(declared))
    assert set(named) <= set(declared["Resources"])
    assert len(named) == 4


def test_each_invariant_has_tests_that_there_are() -> None:
    assert len(INVARIANTS) == 10
    for text, tests in INVARIANTS:
        assert tests, text
        for test in tests:
            path, _, name = test.partition("::")
            functions = {
                node.name
                for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
                if isinstance(node, ast.FunctionDef)
            }
            assert name in functions, test
