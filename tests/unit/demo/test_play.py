"""Whatever is not as it must be ends up in the total's problems, and so in the exit status."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from cli.demo import play, texts
from cli.demo.calls import Answer
from cli.demo.configure import Configured, Source, Webhook
from cli.demo.play import Play, Total
from cli.demo.scenario import (
    CLOUD_EVENT_PROOFS,
    CLOUDEVENTS,
    FORGERIES,
    PROOFS_OUT,
    RETRIED,
    SAMPLES,
    SUBSCRIBERS,
    Sample,
)
from cli.demo.senders import SENDERS
from cli.demo.show import Plain
from tests.unit.demo.reports import WEBHOOK_SID, callback, payload

if TYPE_CHECKING:
    from cli.demo.process import Receiver

GENUINE = [*SAMPLES, RETRIED]


class Bundle:
    """Stands in for Parley and the receiver: what is posted comes out at once, reported as a sound receiver would."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        self.accepts_forgeries = False
        self.loses = ""
        self.changes: dict[str, Any] = {}

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        del url, headers
        sample = next((each for each in GENUINE if payload(each) == body), None)
        if sample is None:
            return Answer(200 if self.accepts_forgeries else 403, b"")
        for subscriber in SUBSCRIBERS:
            if subscriber.wants(sample) and subscriber.name != self.loses:
                self.reports += [self.report(sample, subscriber.path, answered) for answered in subscriber.answers]
        return Answer(200, b"")

    def report(self, sample: Sample, path: str, answered: int) -> dict[str, Any]:
        webhook_format = play.FORMATS.get(path, "native")
        call = callback(sample, webhook_format=webhook_format)
        is_cloud_event = webhook_format == CLOUDEVENTS
        return {
            "kind": "callback",
            "path": path,
            "method": "POST",
            "platform": sample.platform,
            "event": sample.event,
            "webhook_id": f"DL{sample.event}{path}",
            "verified": list(CLOUD_EVENT_PROOFS if is_cloud_event else PROOFS_OUT[sample.platform]),
            "problems": [],
            "body_sha256": hashlib.sha256(call.body).hexdigest(),
            "parameters": call.parameters,
            "cloud_event": json.loads(call.body) if is_cloud_event else None,
            "answered": answered,
            **self.changes,
        }

    def next_report(self, timeout_seconds: float) -> dict[str, Any] | None:
        del timeout_seconds
        return self.reports.pop(0) if self.reports else None


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Bundle:
    stands_in = Bundle()
    monkeypatch.setattr(play, "post", stands_in.post)
    monkeypatch.setattr(play, "OUT_WITHIN_SECONDS", 0.05)
    return stands_in


def played(bundle: Bundle) -> tuple[Total, str]:
    sources = {
        platform: Source(f"http://localhost/{platform}", "a secret of " + "32 bytes " * 4) for platform in SENDERS
    }
    webhooks = {each.path: Webhook(WEBHOOK_SID, "s") for each in SUBSCRIBERS}
    stream = io.StringIO()
    total = Play(Configured(sources, webhooks), cast("Receiver", bundle), Plain(stream)).run()
    return total, stream.getvalue()


def test_sound_bundle_has_no_problems_and_a_total(bundle: Bundle) -> None:
    total, shown = played(bundle)
    assert (total.events, total.callbacks, total.refused, total.problems) == (5, 11, 4, [])
    assert "FAILED" not in shown
    assert shown.count("verified (2nd)") == 1
    assert shown.count("answered 503") == 1
    assert texts.closing(total, ".parley")[1] == "Total: 5 events in, 11 callbacks out, 4 of 4 forgeries refused."


def test_accepted_forgery_is_a_problem(bundle: Bundle) -> None:
    bundle.accepts_forgeries = True
    total, shown = played(bundle)
    assert total.refused == 0
    assert len(total.problems) == len(FORGERIES)
    assert shown.count("FAILED") == len(FORGERIES)


def test_event_that_does_not_come_out_is_a_problem_and_waiting_is_said(bundle: Bundle) -> None:
    bundle.loses = "by-meaning"
    total, shown = played(bundle)
    assert len(total.problems) == len(SAMPLES)
    assert all("not out at by-meaning" in problem for problem in total.problems)
    assert "still waiting" in shown


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"problems": ["standardwebhooks: No matching signature found"]}, "No matching signature found"),
        ({"verified": []}, "not verified by standardwebhooks"),
        ({"body_sha256": "0" * 64, "parameters": None, "cloud_event": {}}, "is not what was sent"),
        ({"answered": 204}, "it was answered 204"),
        ({"event": "another"}, "another came"),
    ],
)
def test_callback_that_is_not_right_is_a_problem_at_every_webhook(
    bundle: Bundle, changes: dict[str, Any], problem: str
) -> None:
    bundle.changes = changes
    total, shown = played(bundle)
    assert sum(problem in each for each in total.problems) == 11
    assert shown.count("WRONG") == 11
    assert texts.closing(total, ".parley")[1].startswith("FAILED")


def test_callback_that_nobody_expected_is_a_problem(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = bundle.report(RETRIED, "/everything", 200)
    post = bundle.post

    def posting_twice(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = post(url, headers, body)
        if body == payload(RETRIED):
            bundle.reports.append(stray)
        return answer

    monkeypatch.setattr(play, "post", posting_twice)
    total, _ = played(bundle)
    assert total.problems == ["messagehub conversation_created came out at everything: nobody expected it"]


def test_call_of_a_stranger_at_the_receiver_is_a_problem_and_not_a_crash(bundle: Bundle) -> None:
    bundle.reports.append(bundle.report(SAMPLES[0], "/favicon.ico", 404))
    total, _ = played(bundle)
    assert total.problems == ["autopilot onDialogueTurn at favicon.ico: nobody expected it"]
    assert total.events == 5


@pytest.mark.parametrize("folder", [".parley", ".parley/2"])
def test_what_to_try_next_is_in_the_folder_of_this_run(folder):
    sources = {"tropo": Source("http://127.0.0.1:3000/ingest/tropo/SR1/token", "user:password")}
    commands = "\n".join(texts.next_steps("http://127.0.0.1:3000", folder, Configured(sources, {}), terminal=True))
    assert commands.count(f"$(cat {folder}/token)") == 2
    assert texts.closing(Total(problems=["x"]), folder)[-1].endswith(f" {folder}/logs.")
