"""The page: diagrams in Mermaid, which GitHub draws, and the tables behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cli.states import deliveries, webhooks
from parley import health, retry
from parley.reasons import REASONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "states.md"

_HEAD = """\
<!-- Made by `make states` from the policy that runs; do not edit. -->
# How a delivery and a webhook go from state to state

Everything here was answered by the code that decides (`parley/retry.py`, `parley/health.py`, `parley/reasons.py`,
`functions/dispatcher/admission.py`) when this page was made; a test fails when they no longer agree.

## A delivery: one event, one webhook
"""


_ENDS = f"""\
{", ".join(f"`{status}`" for status in retry.ENDED)} are ends. A delivery leaves one only when somebody
sends it again. Each end but `delivered`, whose reason is the 2xx of its last attempt, has one of the reasons below.

What follows from an attempt, with the default schedule
({" ".join(str(seconds) for seconds in retry.DEFAULT_SCHEDULE)} s,
each ±{retry.JITTER:.0%}, never under {retry.MIN_SECONDS} s):
"""
_AFTER_OUTCOMES = f"""\
`Retry-After` is believed up to {retry.MAX_RETRY_AFTER_SECONDS:,} s, never shortens the schedule's own wait,
and holds all of the webhook's other deliveries too.

When the first attempt is due:
"""
_WEBHOOKS = f"""\
A webhook's `status` is `paused` in the state paused, `disabled` in the state disabled, and `active` in the two others.
Every {health.LOOK_EVERY_MS // 1000} s somebody looks at each webhook that has trouble, and brings state and status
together, for users change the status too, and a process may die between the two writes:
"""


def page() -> str:
    """The whole page."""
    reasons = ((f"`{each.name}`", _codes(each.statuses), each.means, each.then) for each in REASONS)
    parts = (
        _HEAD,
        _diagram(deliveries.edges()),
        _ENDS,
        _table(("the answer", "first attempt", "second", "the one after the last entry"), deliveries.outcomes()),
        _AFTER_OUTCOMES,
        _table(("if", "then"), deliveries.not_made()),
        "Attempts in and out of turn:\n",
        _table(("the attempt", "it succeeds", "it fails"), deliveries.out_of_turn()),
        "### Every reason\n",
        _table(("reason", "status", "how it came to that", "what happens next"), reasons),
        "An event that was erased takes its deliveries with it: they are in no list any more.\n",
        "## A webhook in trouble\n",
        _diagram(webhooks.edges()),
        _WEBHOOKS,
        _table(("state", "status", "which it got", "state after the look"), webhooks.reconciled()),
    )
    return "\n".join(parts)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _diagram(edges: Iterable[tuple[str, str, str]]) -> str:
    """One arrow for each pair of states, with all that leads along it."""
    labels: dict[tuple[str, str], list[str]] = {}
    for begin, end, label in edges:
        along = labels.setdefault((begin, end), [])
        if label not in along:
            along.append(label)
    # a colon ends a label's beginning in Mermaid, a semicolon the statement
    arrows = [
        f"    {begin} --> {end}: {'<br/>'.join(label.replace(':', ' –') for label in along)}"
        for (begin, end), along in labels.items()
    ]
    ends = [f"    {status} --> [*]" for status in retry.ENDED if any(end == status for _, end in labels)]
    # from left to right, no label lies upon another
    return "\n".join(["```mermaid", "stateDiagram-v2", "    direction LR", *arrows, *ends, "```", ""])
