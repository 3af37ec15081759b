"""What becomes of a delivery: every kind of attempt put to the policy, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate

from functions.dispatcher import admission
from parley import reasons, retry
from parley.attempts import Outcome
from parley.health import SLOW_MANY, Health
from parley.retry import DEFAULT_SCHEDULE, Decision, Standing
from parley.webhook import ACTIVE, PAUSED, Webhook

_NOW_MS = 1_800_000_000_000
_ANY = Outcome(started_ms=_NOW_MS, duration_ms=1)
_LAST = len(DEFAULT_SCHEDULE) + 1


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of answer, in words and as the policy is given it."""

    words: str
    outcome: Outcome
    short: str


def _answer(status: int | None, retry_after: str | None = None) -> Outcome:
    return replace(_ANY, status_code=status, error=None if status else "timeout", retry_after=retry_after)


CASES = (
    Case("2xx within the time limit", _answer(200), "2xx"),
    Case("3xx (a redirect is not followed)", _answer(301), "no 2xx"),
    Case("any other 4xx or 5xx", _answer(500), "no 2xx"),
    Case("no answer: time limit, DNS, connection, TLS, a refused address …", _answer(None), "no 2xx"),
    Case("429 or 503 with `Retry-After: 60`", _answer(429, "60"), "no 2xx"),
    Case("the same with a date an hour and a half away", _answer(503, formatdate(_NOW_MS / 1000 + 5400)), "no 2xx"),
    Case("the same with a date that is past", _answer(429, formatdate(_NOW_MS / 1000 - 5)), "no 2xx"),
    Case("410", _answer(410), "410"),
)


def _decide(case: Case, attempts: int, unit: float) -> Decision:
    return retry.decide(
        case.outcome, attempts=attempts, schedule=DEFAULT_SCHEDULE, unit=unit, now_seconds=_NOW_MS / 1000
    )


def _words(low: Decision, high: Decision) -> str:
    """A decision with the earliest and the latest that its jitter allows."""
    said = f"`{low.status}`" + (f" (`{low.reason}`)" if low.reason else "")
    if low.delay_seconds is None or high.delay_seconds is None:
        return said
    least, most = round(low.delay_seconds), round(high.delay_seconds)
    return f"{said}, next in {f'{least:,}' if least == most else f'{least:,} to {most:,}'} s"


def outcomes() -> Iterator[tuple[str, str, str, str]]:
    """For each kind of answer: what follows from the first attempt, from the second, and from the last one there is."""
    for case in CASES:
        first, second, last = (
            _words(_decide(case, attempts, 0.0), _decide(case, attempts, 1.0)) for attempts in (1, 2, _LAST)
        )
        yield case.words, first, second, last


_WEBHOOK = Webhook(
    sid="UM", account_sid="AC", assistant_sid="UA", unique_name="", events="*", url="", method="POST",
    format="native", jwt="auto", retry_schedule=DEFAULT_SCHEDULE, header_names=(), enabled=True, status=ACTIVE,
    status_reason=None, status_since_ms=None, version=1, created_ms=0, updated_ms=0,
)  # fmt: skip
_HEALTH = Health("AC", "UA", "UM")
_HELD = replace(_HEALTH, hold_until_ms=_NOW_MS + 60_000)
_SLOW = replace(_HEALTH, speeds="1" * SLOW_MANY)


def not_made() -> Iterator[tuple[str, str]]:
    """Why a first attempt may not be made at once, and what becomes of the delivery then."""
    for words, webhook, health, record_only, crowded in (
        ("its webhook is in order", _WEBHOOK, None, False, False),
        ("its webhook is paused", replace(_WEBHOOK, status=PAUSED), None, False, False),
        ("its receiver asked, a minute ago and for two, to be left alone", _WEBHOOK, _HELD, False, False),
        ("its webhook is slow", _WEBHOOK, _SLOW, False, False),
        ("its batch's bodies fill the function's memory", _WEBHOOK, None, False, True),
        ("dispatching the event failed fifty times", _WEBHOOK, None, True, False),
    ):
        decision = admission.refusal(
            webhook, health, record_only=record_only, now_ms=_NOW_MS, time_scale=1.0, crowded=crowded
        )
        yield words, _words(decision, decision) if decision else "the attempt is made"


_OVER = Standing(3, None, retry.EXHAUSTED, reasons.SCHEDULE_ENDED)
_HAD = Standing(1, None, retry.DELIVERED, None)


def out_of_turn() -> Iterator[tuple[str, str, str]]:
    """Attempts that somebody asked for, or that probe: what follows from success and from failure."""
    for words, standing, paused in (
        ("by its schedule, or draining", Standing(3), False),
        ("a probe of a paused webhook", Standing(3, reasons.PAUSED), True),
        ("a resend or a replay of one that is exhausted", _OVER, False),
        ("a resend or a replay of one that was delivered", _HAD, False),
        ("a test event", Standing(0, reasons.TEST, retry.EXHAUSTED, reasons.TEST), False),
    ):
        success, failure = (_follows(standing, case, paused=paused) for case in (CASES[0], CASES[2]))
        yield words, success, failure


def _follows(standing: Standing, case: Case, *, paused: bool) -> str:
    attempts = standing.attempts + 1
    ends = [retry.decide_for(standing, _decide(case, attempts, unit), paused=paused) for unit in (0.0, 1.0)]
    (low, counted), (high, _) = ends
    used = "" if counted == attempts else ", no attempt used up"
    return _words(low, high) + used


Edge = tuple[str, str, str]

_BEGIN = "[*]"
# With its webhook a cancelled delivery is out of reach, with its event an expired one.
_SENT_AGAIN = (retry.DELIVERED, retry.EXHAUSTED)
# What ends, parks or begins a delivery without an attempt at it.
_WITHOUT_AN_ATTEMPT: tuple[Edge, ...] = (
    (_BEGIN, retry.RETRYING, reasons.SLOW_LANE),
    (_BEGIN, retry.RETRYING, reasons.CROWDED),
    (_BEGIN, retry.RETRYING, reasons.DISPATCHER_ERROR),
    (_BEGIN, retry.RETRYING, reasons.RETRY_AFTER),
    (_BEGIN, retry.WAITING, reasons.PAUSED),
    (retry.RETRYING, retry.WAITING, reasons.PAUSED),
    (retry.RETRYING, retry.WAITING, reasons.BY_USER),
    (retry.RETRYING, retry.WAITING, reasons.FAILING),
    (retry.RETRYING, retry.RETRYING, reasons.RETRY_AFTER),
    (retry.RETRYING, retry.EXHAUSTED, reasons.DISPATCHER_ERROR),
    (retry.WAITING, retry.EXHAUSTED, reasons.DISPATCHER_ERROR),
    (retry.RETRYING, retry.CANCELLED, reasons.WEBHOOK_DELETED),
    (retry.WAITING, retry.CANCELLED, reasons.WEBHOOK_DELETED),
    (retry.RETRYING, retry.EXPIRED, reasons.RETENTION_ENDED),
    (retry.WAITING, retry.EXPIRED, reasons.RETENTION_ENDED),
    *((ended, retry.RETRYING, f"{reasons.RESEND}, {reasons.REPLAY}") for ended in _SENT_AGAIN),
)


def edges() -> list[Edge]:
    """Every way from one status to another: those of attempts by asking the policy, and those without one."""
    found: dict[Edge, None] = {}
    for case in CASES:
        for begin, attempts in ((_BEGIN, 1), (retry.RETRYING, 2), (retry.RETRYING, _LAST)):
            _add(found, begin, _decide(case, attempts, 0.5), case.short)
        for standing, paused in (
            (Standing(1, reasons.PAUSED), True),
            (Standing(1), False),
            (Standing(_LAST - 1), False),
        ):
            by_schedule = _decide(case, standing.attempts + 1, 0.5)
            decision, _ = retry.decide_for(standing, by_schedule, paused=paused)
            _add(found, retry.WAITING, decision, f"probe: {case.short}" if paused else f"drain: {case.short}")
        if case.outcome.delivered:
            continue
        for ended in _SENT_AGAIN:
            decision, _ = retry.decide_for(Standing(1, None, ended), _decide(case, 2, 0.5), paused=False)
            _add(found, retry.RETRYING, decision, f"was {ended}: {case.short}")
    return [*found, *_WITHOUT_AN_ATTEMPT]


def _add(found: dict[Edge, None], begin: str, decision: Decision, label: str) -> None:
    reason = f", {decision.reason}" if decision.reason else ""
    found[(begin, decision.status, f"{label}{reason}")] = None
