"""Each state has a reason and a way on; and the page that draws them is what the policy answers today."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.states import deliveries, webhooks
from cli.states.page import PAGE, page
from parley import health, reasons, retry, webhook
from parley.attempts import Outcome
from parley.health import Health
from parley.reasons import REASONS

ROOT = Path(__file__).parents[3]
KNOWN = {reason.name: reason for reason in REASONS}
OPEN = (retry.RETRYING, retry.WAITING)


def test_the_page_is_what_the_policy_answers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make states`"


outcomes = st.builds(
    Outcome,
    started_ms=st.just(0),
    duration_ms=st.integers(0, 20_000),
    status_code=st.none() | st.integers(100, 599),
    retry_after=st.none() | st.integers(0, 10**6).map(str),
)
standings = st.one_of(
    st.builds(
        retry.Standing,
        attempts=st.integers(0, 25),
        reason=st.sampled_from([reasons.PAUSED, reasons.BY_USER, reasons.GONE, reasons.FAILING]),
    ),
    st.just(retry.Standing(0, reasons.TEST, retry.EXHAUSTED, reasons.TEST)),
    st.just(retry.Standing(3, reasons.RESEND, retry.EXHAUSTED, reasons.SCHEDULE_ENDED)),
    st.just(retry.Standing(1, reasons.REPLAY, retry.DELIVERED, None)),
)


@given(outcomes, standings, st.lists(st.integers(1, 86_400), min_size=1, max_size=20).map(tuple), st.booleans())
def test_whatever_an_attempt_comes_to_its_end_has_a_reason_and_what_goes_on_has_a_next_attempt(
    outcome: Outcome, standing: retry.Standing, schedule: tuple[int, ...], paused: bool
) -> None:
    by_schedule = retry.decide(outcome, attempts=standing.attempts + 1, schedule=schedule, unit=0.5, now_seconds=0)
    decision, attempts = retry.decide_for(standing, by_schedule, paused=paused)

    if decision.status == retry.RETRYING:
        assert decision.delay_seconds is not None
    elif decision.status == retry.DELIVERED:
        assert outcome.delivered or standing.ended_as == retry.DELIVERED
        assert decision.reason is None
    else:
        assert decision.delay_seconds is None
        assert decision.reason is not None
        assert decision.status in KNOWN[decision.reason].statuses
    assert attempts - standing.attempts == (decision.status != retry.WAITING or not paused)


def test_a_probe_that_is_answered_410_waits_for_its_disabled_webhook() -> None:
    gone = retry.Decision(retry.WAITING, reasons.GONE, None)
    assert retry.decide_for(retry.Standing(3, reasons.PAUSED), gone, paused=True) == (gone, 3)


def test_every_status_has_a_reason_or_needs_none_and_every_reason_a_status() -> None:
    statuses = {status for reason in REASONS for status in reason.statuses}
    assert statuses == {*OPEN, *retry.ENDED} - {retry.DELIVERED}
    assert len(KNOWN) == len(REASONS)


def test_every_status_is_reached_and_every_open_one_leads_to_every_end() -> None:
    ways: dict[str, set[str]] = {}
    for begin, end, _ in deliveries.edges():
        ways.setdefault(begin, set()).add(end)
    assert set(ways) == {"[*]", *OPEN, retry.DELIVERED, retry.EXHAUSTED}
    assert set().union(*ways.values()) == {*OPEN, *retry.ENDED}
    for status in OPEN:
        assert ways[status] >= set(retry.ENDED)


def test_every_reason_on_an_arrow_or_in_a_table_is_explained() -> None:
    drawn = {
        word
        for _, end, label in deliveries.edges()
        for word in label.replace(",", " ").split()
        if "_" in word or end == retry.WAITING
    }
    assert {word for word in drawn if word not in KNOWN} <= {"2xx", "no", "410", "probe:", "drain:"}
    assert set(KNOWN) - {reasons.TEST} <= {
        word for _, _, label in deliveries.edges() for word in label.replace(",", " ").split()
    }


def reason_arguments(tree: ast.AST) -> Iterator[ast.expr]:
    """What the code gives as a reason: to a decision, an end, a postponement, or an item."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("Decision", "_postpone", "end") and len(node.args) > 1:
            yield from node.args[1:]
        if name in ("replace", "Undelivered", "Standing"):
            yield from (keyword.value for keyword in node.keywords if keyword.arg in ("reason", "ended_reason"))


@pytest.mark.parametrize(
    "folder", ["functions/dispatcher", "functions/history", "layers/parley/parley/data_table", "layers/parley/parley"]
)
def test_no_reason_is_made_up_on_the_spot(folder: str) -> None:
    """A string in the code would be one that the table, and so the page, does not know."""
    made_up = [
        f"{path.name}:{given.lineno} {given.value}"
        for path in (ROOT / folder).glob("*.py")
        for given in reason_arguments(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(given, ast.Constant) and isinstance(given.value, str)
    ]
    assert made_up == []


@given(st.sampled_from(webhooks.STATES), st.sampled_from(webhooks.STATUSES), st.integers(-5, 5))
def test_state_and_status_agree_after_a_look(state: str | None, status: str, since: int) -> None:
    known = Health("AC", "UA", "UM", state=state, state_since_ms=0)
    wanted = health.state_for(known, status=status, status_since_ms=since)

    assert wanted is not None, "who is looked at has something to look after"
    assert (wanted == health.DISABLED) == (status == webhook.DISABLED)
    # what the look then makes the status leads to the same state again
    settled = {health.PAUSED: webhook.PAUSED, health.DRAINING: webhook.ACTIVE, health.DISABLED: webhook.DISABLED}
    after = Health("AC", "UA", "UM", state=wanted, state_since_ms=0)
    assert health.state_for(after, status=settled[wanted], status_since_ms=since) == wanted


def test_a_webhook_in_every_state_has_a_way_back() -> None:
    ways = {(begin, end) for begin, end, _ in webhooks.edges()}
    reached = {"none"}
    while grown := {begin for begin, end in ways if end in reached} - reached:
        reached |= grown
    assert reached == {webhooks.shown(state) for state in webhooks.STATES}
