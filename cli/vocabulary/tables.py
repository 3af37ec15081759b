"""Every table of the vocabulary: the platforms' and Parley's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from parley.cloudevents import own
from parley.platforms import PLATFORM_NAMES, vocabulary
from parley.vocabulary import PARLEY

if TYPE_CHECKING:
    from parley.cloudevents.mapping import Row


def rows() -> Iterator[tuple[str, Row]]:
    """Each row with its platform's name."""
    for name in PLATFORM_NAMES:
        for row in vocabulary(name).rows:
            yield name, row
    for row in own.COMMON.rows:
        yield PARLEY, row


def fields_of(event_type: str) -> dict[str, set[str]]:
    """The fields that events of this type may have, with the platforms that give them.

    Returns:
        Names with dots, of objects that are taken whole the object's own.
    """
    given: dict[str, set[str]] = {}
    for platform, row in rows():
        if event_type in row.types:
            for rule in row.rules:
                given.setdefault(rule.target, set()).add(platform)
    return given
