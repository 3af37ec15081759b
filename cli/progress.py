"""How far something has come: a bar on a terminal, lines elsewhere. Knows nothing of what is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

if TYPE_CHECKING:
    from rich.progress import TaskID

_LINE_EVERY_SECONDS = 5.0
# What counts of five digits, a note of a few words and the time need beside the title.
_BAR_COLUMNS = 42


class Meter(Protocol):
    """What is told how far it has come."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """Args:
        done: How many are dealt with.
        total: Of how many; None while that is not known.
        note: What else there is to say, in a word or two.
        """


@contextmanager
def shown(title: str, stream: TextIO, *, now: Callable[[], float] = time.monotonic) -> Iterator[Meter]:
    """A meter for as long as something lasts; on stderr, so that what is printed stays clean.

    On a terminal a bar is redrawn; a pipe, a log or a terminal without such abilities or room gets a line at each
    change of the note, and one every few seconds.
    """
    console = Console(file=stream, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal or console.width < len(title) + _BAR_COLUMNS:
        yield _Lines(title, stream, now)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),  # it gives way, not the words
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, expand=True) as bars:
        yield _Bar(bars, bars.add_task(title, total=None, note=""))


class _Bar:
    """Redraws its line."""

    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        self._bars.update(self._task, completed=done, total=total, note=note)


class _Lines:
    """Writes lines that are never changed."""

    def __init__(self, title: str, stream: TextIO, now: Callable[[], float]) -> None:
        self._title = title
        self._stream = stream
        self._now = now
        self._said: tuple[str, int | None, int | None] = ("", None, None)
        self._said_at = float("-inf")

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        state = (note, done, total)
        changed = note != self._said[0] or self._now() - self._said_at >= _LINE_EVERY_SECONDS
        if state == self._said or not changed:
            return
        self._said, self._said_at = state, self._now()
        count = f"{done}" if total is None else f"{done}/{total}"
        print(f"{self._title} {count}{f' {note}' if note else ''}", file=self._stream, flush=True)
