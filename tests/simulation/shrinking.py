"""Making a schedule that fails smaller, as long as it fails by the same rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.world import World, play

if TYPE_CHECKING:
    from tests.simulation.scenario import Scenario


def shrunk(failing: World, run: Callable[[Scenario], World] = play) -> World:
    """A smaller run that breaks the rule which this one broke first.

    Args:
        failing: A run with violations.
        run: Runs a schedule.
    """
    rule = failing.violations[0].rule

    def fails(scenario: Scenario) -> World | None:
        made = run(scenario)
        return made if made.violations and made.violations[0].rule == rule else None

    return _without_more(failing, fails)


def _without_more(best: World, fails: Callable[[Scenario], World | None]) -> World:
    """Take one thing after another away, each as long as the rule stays broken."""
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(best):
            if (found := fails(smaller)) is not None:
                best, changed = found, True
                break
    return best


def _smaller(world: World) -> Iterator[Scenario]:
    """Scenarios with one thing less, those that save most first."""
    scenario = world.scenario
    happened = world.opportunities
    for most in (0, happened // 2, happened - 1):
        if most < min(happened, scenario.max_faults):
            yield replace(scenario, max_faults=most)
    for name in ("hooks", "arrivals", "changes", "outages", "jobs", "erasures"):
        values = getattr(scenario, name)
        if len(values) > (name in ("hooks", "arrivals")):
            for less in itertools.combinations(values, len(values) - 1):
                changes: dict[str, Any] = {name: less}
                yield replace(scenario, **changes)
    yield from (
        replace(scenario, faults=tuple(entry for entry in scenario.faults if entry[0] != name))
        for name, _ in scenario.faults
    )
    yield from (
        replace(scenario, muted=scenario.muted | {number})
        for number in range(min(happened, scenario.max_faults))
        if number not in scenario.muted
    )
    if scenario.deadly:
        yield replace(scenario, deadly=0)
    if scenario.skew_ms:
        yield replace(scenario, skew_ms=0)
    if scenario.crowd > 1:
        yield replace(scenario, crowd=scenario.crowd - 1)
