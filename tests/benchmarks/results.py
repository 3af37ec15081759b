"""What a benchmark found: a figure with unit, budget and how it was come by; as JSON, for people, for docs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_SHOWN_HOW = 72


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes:
        budget: The most it may be (design, section 7); None where the design has none.
        how: What was done, with the spread of a time.
        counted: Follows from the code alone, not from the machine: CI fails when it grows.
    """

    name: str
    value: float
    unit: str
    how: str
    budget: float | None = None
    counted: bool = False

    @property
    def within(self) -> bool | None:
        """Whether the budget is kept; None without one."""
        return None if self.budget is None else self.value <= self.budget


def spread(samples: Sequence[float], digits: int = 2) -> str:
    """Median's company: the middle half of the samples, and how many there were."""
    low, _, high = quantiles(samples, n=4)
    return f"middle half {low:.{digits}f} to {high:.{digits}f} of {len(samples)}"


def shown(value: float) -> str:
    """A figure with the digits that mean something."""
    if value == 0 or (abs(value) >= 1 and float(value).is_integer()):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def table(results: Iterable[Result]) -> str:
    """For people."""
    rows = [
        (
            result.name,
            shown(result.value),
            result.unit,
            "" if result.budget is None else shown(result.budget),
            {True: "yes", False: "NO", None: ""}[result.within],
            result.how if len(result.how) <= _SHOWN_HOW else f"{result.how[: _SHOWN_HOW - 1]}…",
        )
        for result in results
    ]
    head = ("figure", "value", "unit", "budget", "within", "how")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    aligned = (str.ljust, str.rjust, str.ljust, str.rjust, str.ljust, str.ljust)
    return "\n".join(
        "  ".join(align(cell, width) for align, cell, width in zip(aligned, row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def write(path: Path, results: Iterable[Result]) -> None:
    """The file that machines read."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(to_json(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def to_json(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """By name."""
    return {
        result.name: {
            "value": round(result.value, 6),
            "unit": result.unit,
            "budget": result.budget,
            "within": result.within,
            "how": result.how,
        }
        for result in results
    }


def markdown(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of docs/performance.md, from what `write` wrote."""
    verdicts = {True: "yes", False: "**no**", None: ""}
    lines = ["| figure | value | unit | budget | within | how |", "| --- | ---: | --- | ---: | --- | --- |"]
    for name, row in results.items():
        budget = "" if row["budget"] is None else f"≤ {shown(row['budget'])}"
        cells = (f"`{name}`", shown(row["value"]), row["unit"], budget, verdicts[row["within"]], row["how"])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
