"""Regular expressions in the dialect of JSON Schema (ECMA-262), made of the lists that the code itself checks with."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Collection, Iterable

from functions.webhooks.unique_names import REFUSED_CATEGORIES, REFUSED_CHARACTERS

_SPECIAL = frozenset("\\^$.*+?()[]{}|/")


def literal(text: str) -> str:
    """The text itself; `re.escape` escapes more than ECMA-262 allows."""
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def any_case(text: str) -> str:
    """The text in upper and lower case: the dialect has no flag for it."""
    return "".join(
        f"[{character.lower()}{character.upper()}]" if character.isalpha() else literal(character) for character in text
    )


def one_of(alternatives: Iterable[str]) -> str:
    """A group of alternatives."""
    return f"(?:{'|'.join(alternatives)})"


def words(word: str, *, most: int | None = None) -> str:
    """One or more words between white space, as `str.split` finds them."""
    times = "*" if most is None else f"{{0,{most - 1}}}"
    return rf"^\s*{word}(?:\s+{word}){times}\s*$"


def sid(prefix: str) -> str:
    """A SID of that kind."""
    return f"^{prefix}[0-9a-f]{{32}}$"


def unique_name() -> str:
    """Not empty, not white space alone, and none of the refused characters."""
    refused = _class(REFUSED_CHARACTERS, REFUSED_CATEGORIES)
    return rf"^[^{refused}]*[^{refused}\s][^{refused}]*$"


def _class(characters: Collection[str], categories: Collection[str]) -> str:
    """The inside of a character class, as ranges of escapes."""
    codes = [
        code
        for code in range(sys.maxunicode + 1)
        if (character := chr(code)) in characters or unicodedata.category(character) in categories
    ]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(_escape(low) if low == high else f"{_escape(low)}-{_escape(high)}" for low, high in ranges)


def _escape(code: int) -> str:
    return f"\\u{code:04x}"
