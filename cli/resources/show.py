"""How resources look: tables that are read without colour, and JSON for programs."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What makes a terminal do something, or shows text in another order than it has; as JSON and Python write them.
_CONTROLS = {
    code: f"\\u{code:04x}"
    for codes in ((0x00, 0x20), (0x7F, 0xA0), (0x202A, 0x202F), (0x2066, 0x206A), (0xD800, 0xE000))
    for code in range(*codes)
}
_CONTROLS_IN_JSON = {code: escaped for code, escaped in _CONTROLS.items() if code > ord(" ")}
# A line in a pipe holds its whole item, so that `grep` and `cut` work.
_PIPE_COLUMNS = 100_000
# What a narrow terminal shows on more than one line, so that SIDs and dates stay whole.
_FOLDED = ("unique_name", "events", "webhook_url", "conversation_id", "reason")
_LEAST_FOLDED = 16
_GAP = 2


def as_json(value: object, stream: TextIO) -> None:
    """The API's own keys and values."""
    print(json.dumps(value, ensure_ascii=False, indent=2).translate(_CONTROLS_IN_JSON), file=stream)


def as_json_line(value: object, stream: TextIO) -> None:
    """The same on one line, at once, for what comes one after the other."""
    print(json.dumps(value, ensure_ascii=False).translate(_CONTROLS_IN_JSON), file=stream, flush=True)


def as_list(items: Sequence[dict[str, Any]], columns: Sequence[str], stream: TextIO) -> None:
    """A line for each item, under the API's own keys; folded where that makes it fit a terminal, and never cut."""
    rows = [[_cell(item.get(column)) for column in columns] for item in items]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    least = 0
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        width = max(map(cell_len, (column, *cells)))
        least += _GAP + (min(width, max(_LEAST_FOLDED, len(column))) if column in _FOLDED else width)
        table.add_column(column, overflow="fold", no_wrap=column not in _FOLDED)
    for row in rows:
        table.add_row(*map(Text, row))  # texts, so that square brackets are no markup
    width = _width(stream)
    _print(table, stream, width if least <= width else _PIPE_COLUMNS)


def found(items: Sequence[dict[str, Any]], columns: Sequence[str], called: str, *, for_programs: bool) -> None:
    """A list on stdout, in JSON for programs; that there is nothing in it is said on stderr."""
    if for_programs:
        as_json(items, sys.stdout)
    elif items:
        as_list(items, columns, sys.stdout)
    else:
        print(f"no {called}", file=sys.stderr)


def as_one(item: dict[str, Any], stream: TextIO) -> None:
    """A line for each key; what a key holds more of stands on lines below.

    A terminal gets long texts on several lines, but no word on two: a URL or a secret is whole when it is copied.
    """
    indent = max(map(len, item), default=0) + _GAP
    room = max(_width(stream) - indent, _LEAST_FOLDED)
    for key, value in item.items():
        lines = [part for line in _lines(value) or ["-"] for part in _wrapped(line, room)]
        stream.writelines(f"{('' if number else key).ljust(indent)}{line}\n" for number, line in enumerate(lines))


def _wrapped(line: str, room: int) -> list[str]:
    if cell_len(line) <= room:
        return [line]
    return textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False)


def _lines(value: object) -> list[str]:
    match value:
        case dict():
            return [f"{key}: {_cell(inner)}" for key, inner in value.items()]
        case list():
            return [f"{number}. {_cell(inner)}" for number, inner in enumerate(value, 1)]
        case _:
            return [_cell(value)]


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "-"
        case str():
            return printable(value)
        case _:
            return printable(json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """A text on one line, without what would make a terminal do something: a platform's users wrote it, not we."""
    return " ".join(text.expandtabs(1).splitlines()).translate(_CONTROLS)


def _width(stream: TextIO) -> int:
    return Console(file=stream).width if stream.isatty() else _PIPE_COLUMNS


def _print(table: Table, stream: TextIO, width: int) -> None:
    console = Console(file=stream, highlight=False, width=width)
    with console.capture() as printed:
        console.print(table)
    stream.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
