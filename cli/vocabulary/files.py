"""Which files are made, and what stands in each."""

from __future__ import annotations

import json
from pathlib import Path

from cli.vocabulary.console import console
from cli.vocabulary.page import page
from cli.vocabulary.schemas import schema
from parley.cloudevents.schemas import FOLDER
from parley.vocabulary import TYPES

_PROJECT = Path(__file__).resolve().parents[2]
PAGE = _PROJECT / "docs" / "vocabulary.md"
CONSOLE = _PROJECT / "functions" / "console" / "page" / "vocabulary.js"


def generated() -> dict[Path, str]:
    """Each file's text."""
    schemas = {FOLDER / f"{name}.json": json.dumps(schema(name), indent=2) + "\n" for name in TYPES}
    return {PAGE: page(), CONSOLE: console(), **schemas}
