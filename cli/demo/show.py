"""How the demo looks: a table on a terminal, plain lines in a pipe. Knows nothing of what the lines mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO

from rich import box
from rich.console import Console
from rich.text import Text

_WIDTHS = (10, 20, 15, 31, 14)  # of a line's texts but the last
_AFTER_WIDTH = 6
_TABLE_WIDTH = 79
_MS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One call.

    Attributes:
        way: `in`, or `out:` and the webhook.
        proof: What proved it.
        after_seconds: How long it took.
        good: Whether it is as it must be.
    """

    platform: str
    event: str
    way: str
    proof: str
    outcome: str
    after_seconds: float
    good: bool = True

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's texts, from left to right."""
        return (self.platform, self.event, self.way, self.proof, self.outcome, duration(self.after_seconds))


def duration(seconds: float) -> str:
    """`43 ms`, or `1.1 s` from a second up."""
    milliseconds = round(seconds * _MS_PER_SECOND)
    return f"{milliseconds} ms" if milliseconds < _MS_PER_SECOND else f"{seconds:.1f} s"


class Show(Protocol):
    """Where the demo's lines go."""

    def say(self, *texts: str, good: bool = True) -> None:
        """Lines of text."""

    def section(self, title: str) -> AbstractContextManager[Callable[[Line], None]]:
        """A titled part; what it gives takes each call as soon as its outcome is known."""


class Plain:
    """Lines that a pipe, a log and `grep` can take: each is complete, none is ever changed."""

    def __init__(self, stream: TextIO) -> None:
        """Writes to the stream."""
        self._stream = stream

    def say(self, *texts: str, good: bool = True) -> None:  # noqa: ARG002 (a pipe has no colours)
        """Lines of text."""
        for text in texts:
            print(text, file=self._stream, flush=True)

    @contextmanager
    def section(self, title: str) -> Iterator[Callable[[Line], None]]:
        """A title over its lines."""
        self.say("", f"{title}:")
        yield lambda line: self.say(plain_text(line))


class Terminal:
    """A table of 79 columns that is written line by line: nothing is redrawn, so any height of terminal will do."""

    def __init__(self, stream: TextIO) -> None:
        """Draws on the stream."""
        self._console = Console(file=stream, highlight=False)
        self._box = box.ASCII if self._console.options.ascii_only else box.ROUNDED

    def say(self, *texts: str, good: bool = True) -> None:
        """Lines of text, never broken, so that a command in them can be copied."""
        for text in texts:
            self._write(text, style="" if good else "bold red")

    @contextmanager
    def section(self, title: str) -> Iterator[Callable[[Line], None]]:
        """A table with a heading for each event."""
        lines = self._box
        headings: list[str] = []

        def add(line: Line) -> None:
            heading = f"{line.platform} {line.event}"
            if headings[-1:] != [heading]:
                left, right = (lines.row_left, lines.row_right) if headings else (lines.top_left, lines.top_right)
                rule = lines.top * (_TABLE_WIDTH - len(heading) - 5)
                self._write((f"{left}{lines.top} ", "dim"), (heading, "bold"), (f" {rule}{right}", "dim"))
                headings.append(heading)
            self._row(line)

        self._write("")
        self._write(title, style="bold cyan")
        yield add
        self._write(f"{lines.bottom_left}{lines.bottom * (_TABLE_WIDTH - 2)}{lines.bottom_right}", style="dim")

    def _row(self, line: Line) -> None:
        way, proof, outcome, after = line.cells[2:]
        edge, between = (f"{self._box.mid_left} ", "dim"), (f" {self._box.mid_vertical} ", "dim")
        self._write(
            edge,
            way.ljust(_WIDTHS[2]),
            between,
            proof.ljust(_WIDTHS[3]),
            between,
            (outcome.ljust(_WIDTHS[4]), "green" if line.good else "bold red"),
            between,
            after.rjust(_AFTER_WIDTH),
            (f" {self._box.mid_right}", "dim"),
        )

    def _write(self, *parts: str | tuple[str, str], style: str = "") -> None:
        self._console.print(Text.assemble(*parts, style=style), soft_wrap=True)


def plain_text(line: Line) -> str:
    """The texts in columns."""
    *cells, after = line.cells
    columns = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    return f"  {' '.join(columns)} {after:>{_AFTER_WIDTH}}{'' if line.good else '  FAILED'}"
