"""docs/metrics.md says what the code and the template say; docs/operations.md has a word on each alarm."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.metrics_page import page
from cli.up.intrinsics import load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(load((ROOT / "template.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def committed() -> str:
    return (ROOT / "docs/metrics.md").read_text("utf-8")


def told() -> Iterator[tuple[str, Path]]:
    """Each operation that a function tells of, and where."""
    for folder in ("functions", "layers/parley/parley"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name("telemetry"), attr="tell"), args=[ast.Constant(str(what)), *_]
                    ):
                        yield what, path


def test_the_committed_page_is_the_one_that_code_and_template_make(template: dict[str, Any], committed: str) -> None:
    assert committed == page(template), "run `make metrics`"


def test_every_operation_that_is_told_has_its_row(committed: str) -> None:
    found = list(told())
    assert len(found) > 5
    for what, path in found:
        assert f"| `{what}` |" in committed, (what, path)


def test_operations_has_a_word_on_each_alarm(template: dict[str, Any]) -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert f"`{name}`" in text, name


def test_operations_names_every_parameter_that_changes_a_deployment(template: dict[str, Any]) -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    for name, parameter in template["Parameters"].items():
        assert f"`{name}`" in text, name
        default = str(parameter["Default"])
        assert f"| `{name}` | {f'`{default}`' if default else 'empty'} |" in text, (name, default)
