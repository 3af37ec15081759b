"""The JSON Schemas of `data`, one for each type, as they are served: `make vocabulary` writes their files."""

from __future__ import annotations

from pathlib import Path

from parley.vocabulary import TYPES

FOLDER = Path(__file__).with_name("v1")
CONTENT_TYPE = "application/schema+json"


def read(name: str) -> bytes | None:
    """The schema `{type}.json`; None when there is no such type.

    Only a type's own name reaches the file system.
    """
    event_type = name.removesuffix(".json")
    return (FOLDER / f"{event_type}.json").read_bytes() if event_type in TYPES and event_type != name else None
