"""Which files are made, and what stands in each."""

from __future__ import annotations

import json
from pathlib import Path

from cli.vocabulary.page import page
from cli.vocabulary.schemas import schema
from parley.cloudevents.schemas import FOLDER
from parley.vocabulary import TYPES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "vocabulary.md"


def generated() -> dict[Path, str]:
    """Each file's text."""
    schemas = {FOLDER / f"{name}.json": json.dumps(schema(name), indent=2) + "\n" for name in TYPES}
    return {PAGE: page(), **schemas}
