"""Plays the scenario: sends, waits for what comes out, judges and shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo.calls import Answer, post
from cli.demo.scenario import (
    DOWN,
    FORGERIES,
    OK,
    PROOFS_IN,
    REFUSED,
    RETRIED,
    SAMPLES,
    SUBSCRIBERS,
    Awaited,
    Callback,
    Forgery,
    Sample,
    problems_of,
)
from cli.demo.senders import SENDERS
from cli.demo.show import Line, Show

if TYPE_CHECKING:
    from cli.demo.configure import Configured
    from cli.demo.process import Receiver

PAYLOADS = Path(__file__).resolve().parents[2] / "events" / "payloads"
OUT_WITHIN_SECONDS = 20.0
_SAY_AFTER_SECONDS = 5.0
_FORGERS_SECRET = "forger:guess-guess-guess-guess-guess"  # noqa: S105 (it opens nothing: that is its point)

FORMATS = {each.path: each.format for each in SUBSCRIBERS}

Add = Callable[[Line], None]


@dataclass(slots=True)
class Total:
    """What happened, and what should not have."""

    events: int = 0
    callbacks: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    recovered_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class Play:
    """One run of the scenario."""

    def __init__(self, configured: Configured, receiver: Receiver, show: Show) -> None:
        """Takes what it plays with."""
        self._configured = configured
        self._receiver = receiver
        self._show = show
        self.total = Total()

    def run(self) -> Total:
        """All of it.

        Raises:
            DemoError: It cannot go on.
        """
        with self._show.section("Each platform's event in with its own proof, out verified") as add:
            for sample in SAMPLES:
                self._through(sample, add)
        with self._show.section("Forgeries") as add:
            for forgery in FORGERIES:
                self._forge(forgery, add)
        with self._show.section("A receiver that is down gets its event at the second attempt") as add:
            self._through(RETRIED, add)
        while report := self._receiver.next_report(0):
            late = Callback.from_report(report)
            self._problem(f"{late.platform} {late.event} came out at {late.name}: nobody expected it")
        return self.total

    def _post(self, sample: Sample, body: bytes, *, signed: bytes, secret: str) -> tuple[Answer, float]:
        source = self._configured.sources[sample.platform]
        headers = SENDERS[sample.platform](source.ingest_url, secret, signed, int(time.time()))
        began = time.monotonic()
        return post(source.ingest_url, headers, body), began

    def _through(self, sample: Sample, add: Add) -> None:
        body = (PAYLOADS / sample.file).read_bytes()
        secret = self._configured.sources[sample.platform].secret
        answer, began = self._post(sample, body, signed=body, secret=secret)
        took = time.monotonic() - began
        taken = answer.status == OK
        proof = PROOFS_IN[sample.platform]
        add(Line(sample.platform, sample.event, "in", proof, f"accepted ({answer.status})", took, good=taken))
        if not taken:
            said = answer.body.decode(errors="replace")[:200]
            self._problem(f"{sample.platform} {sample.event}: ingest answered {answer.status} {said}")
            return
        self.total.events += 1
        awaited = Awaited.of(sample, SUBSCRIBERS)
        while not awaited.is_over:
            callback = self._next(awaited, until=began + OUT_WITHIN_SECONDS)
            if callback is None:
                missing = ", ".join(path.strip("/") for path in awaited.paths_left)
                self._problem(f"{sample.platform} {sample.event} not out at {missing} in {OUT_WITHIN_SECONDS:.0f} s")
                return
            after = time.monotonic() - began
            self._came(callback, awaited, body, after, add)

    def _next(self, awaited: Awaited, *, until: float) -> Callback | None:
        while (left := until - time.monotonic()) > 0:
            report = self._receiver.next_report(min(left, _SAY_AFTER_SECONDS))
            if report is not None:
                return Callback.from_report(report)
            self._show.say(f"  ... {awaited.sample.event}: still waiting, {left:.0f} s at most")
        return None

    def _came(self, callback: Callback, awaited: Awaited, body: bytes, after_seconds: float, add: Add) -> None:
        problems = self._judge(callback, awaited, body)
        is_second = awaited.attempts.get(callback.path, 1) > 1
        if is_second:
            self.total.recovered_seconds = after_seconds
        else:
            self.total.slowest_seconds = max(self.total.slowest_seconds, after_seconds)
        if problems:
            outcome = "WRONG"
        elif callback.answered == DOWN:
            outcome = f"answered {DOWN}"
        else:
            outcome = "verified (2nd)" if is_second else "verified"
        add(
            Line(
                awaited.sample.platform,
                awaited.sample.event,
                f"out: {callback.name}",
                ", ".join(callback.verified),
                outcome,
                after_seconds,
                good=not problems,
            )
        )

    def _judge(self, callback: Callback, awaited: Awaited, body: bytes) -> tuple[str, ...]:
        """Counts a callback and notes what is wrong with it."""
        problems = awaited.take(callback)
        if webhook := self._configured.webhooks.get(callback.path):
            webhook_format = FORMATS[callback.path]
            problems += problems_of(callback, awaited.sample, body, webhook.sid, webhook_format)
        self.total.callbacks += 1
        for problem in problems:
            self._problem(f"{awaited.sample.platform} {awaited.sample.event} at {callback.name}: {problem}")
        return problems

    def _forge(self, forgery: Forgery, add: Add) -> None:
        sample = forgery.sample
        body = (PAYLOADS / sample.file).read_bytes()
        signed = (PAYLOADS / forgery.signed_file).read_bytes() if forgery.signed_file else body
        secret = _FORGERS_SECRET if forgery.other_secret else self._configured.sources[sample.platform].secret
        answer, began = self._post(sample, body, signed=signed, secret=secret)
        took = time.monotonic() - began
        refused = answer.status in REFUSED
        outcome = f"refused ({answer.status})" if refused else f"ANSWERED {answer.status}"
        add(Line(sample.platform, sample.event, "in", forgery.claim, outcome, took, good=refused))
        if refused:
            self.total.refused += 1
        else:
            self._problem(f"a forged {sample.platform} {sample.event} ({forgery.claim}) was answered {answer.status}")

    def _problem(self, text: str) -> None:
        self.total.problems.append(text)
