"""Unique names: what a resource may be called, given that the name stands in paths in place of its SID."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from parley.api.parameters import quoted, text_of
from parley.config_table.keys import MOST_NAME_CHARACTERS
from parley.errors import InvalidParameterError

ALLOWED = f"1 to {MOST_NAME_CHARACTERS} characters of any script, but / ? # % and control characters, and not . or .."
REFUSED_CHARACTERS = frozenset("/?#%")
# Control characters, line and paragraph separators. Format characters stay: emoji are joined by them.
REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp"})


def unique_name(values: Mapping[str, Any]) -> str | None:
    """The name in `UniqueName`, exactly as given, or None when it was not.

    The gateway decodes paths before it routes, so `%2F` in a name could not be reached; HTTP clients resolve `.` and
    `..` away.

    Raises:
        InvalidParameterError: Saying what is wrong with it.
    """
    name = text_of(values, "unique_name", most=MOST_NAME_CHARACTERS)
    if name is None:
        return None
    refused = [
        character
        for character in name
        if character in REFUSED_CHARACTERS or unicodedata.category(character) in REFUSED_CATEGORIES
    ]
    if refused:
        raise InvalidParameterError("UniqueName", f"{quoted(name)} has {quoted(refused[0])}", ALLOWED)
    if not name.strip() or name in (".", ".."):
        raise InvalidParameterError("UniqueName", quoted(name), ALLOWED)
    return name


def required_unique_name(values: Mapping[str, Any]) -> str:
    """The name, which must be given.

    Raises:
        InvalidParameterError: It is missing or refused.
    """
    name = unique_name(values)
    if name is None:
        raise InvalidParameterError("UniqueName", "it is required", ALLOWED)
    return name
