"""Imports point one way (design section 1): `functions/*` to the layer, the command line to anything, nothing back.

What is imported inside a function or for its types alone counts too: a layer that knows a function by its types is
changed with it all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"parley", "functions", "cli", "tests"}
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each module of ours that a file of the folder imports, a package's member included: `functions.webhooks.app`."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            match node:
                case ast.Import():
                    names = [alias.name for alias in node.names]
                case ast.ImportFrom():
                    names = [f"{node.module}.{alias.name}" for alias in node.names]
                case _:
                    continue
            yield from ((file, name) for name in names if name.partition(".")[0] in OURS)


@pytest.mark.parametrize(
    ("folder", "may"),
    [
        ("layers/parley/parley", ("parley.",)),
        *((f"functions/{name}", ("parley.", f"functions.{name}.")) for name in FUNCTIONS),
        ("cli", ("parley.", "functions.", "cli.")),
    ],
)
def test_a_folder_imports_what_it_may(folder: str, may: tuple[str, ...]) -> None:
    found = list(imported(ROOT / folder))
    assert found, "nothing was read"
    assert [f"{file.relative_to(ROOT)}: {name}" for file, name in found if not f"{name}.".startswith(may)] == []


def test_every_folder_of_functions_is_one_of_them() -> None:
    assert sorted(path.name for path in (ROOT / "functions").iterdir() if any(path.glob("*.py"))) == FUNCTIONS
