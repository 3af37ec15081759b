"""The demo's receiver takes what is genuine, says what is not, and cannot know Parley."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.demo.calls import post
from cli.demo.errors import DemoError
from cli.demo.process import RECEIVER, Receiver, library_folders
from cli.demo.receiver import Call, check, recognise
from cli.demo.scenario import CLOUD_EVENT_PROOFS, CLOUDEVENTS, PROOFS_OUT, RETRIED, SAMPLES, Sample
from tests.unit.demo.reports import SECRET, callback

PROJECT = Path(__file__).resolve().parents[3]

EVERY = pytest.mark.parametrize("sample", [*SAMPLES, RETRIED], ids=lambda sample: f"{sample.platform}-{sample.event}")


@EVERY
def test_genuine_callback_verifies_by_every_proof_of_its_platform(sample: Sample) -> None:
    checked = check(callback(sample), SECRET)
    assert (checked.platform, checked.event) == (sample.platform, sample.event)
    assert checked.verified == PROOFS_OUT[sample.platform]
    assert checked.problems == ()


@EVERY
def test_cloud_event_verifies_by_the_same_two_proofs_whatever_the_platform(sample: Sample) -> None:
    call = callback(sample, webhook_format=CLOUDEVENTS)
    checked = check(call, SECRET)
    assert (checked.platform, checked.event) == (sample.platform, sample.event)
    assert (checked.verified, checked.problems) == (CLOUD_EVENT_PROOFS, ())
    broken = replace(call, body=call.body.replace(b'"specversion": "1.0"', b'"specversion": "7.0"'))
    assert check(broken, SECRET).verified == ()


@EVERY
def test_another_secret_verifies_nothing(sample: Sample) -> None:
    checked = check(callback(sample, secret="another secret, just as long as it has to be"), SECRET)
    assert checked.verified == ()
    assert len(checked.problems) == len(PROOFS_OUT[sample.platform])


@EVERY
def test_changed_body_does_not_verify(sample: Sample) -> None:
    call = callback(sample)
    checked = check(replace(call, body=call.body + (b"&x=1" if call.parameters else b" ")), SECRET)
    assert "standardwebhooks" not in checked.verified
    assert checked.problems


@pytest.mark.parametrize(
    ("platform", "header"),
    [
        ("autopilot", "x-twilio-signature"),
        ("watsonx", "authorization"),
        ("watsonx", "authentication"),
        ("messagehub", "x-chatwoot-signature"),
        ("messagehub", "x-chatwoot-timestamp"),
        ("messagehub", "x-chatwoot-delivery"),
        ("tropo", "webhook-id"),
        ("tropo", "webhook-timestamp"),
        ("tropo", "webhook-signature"),
    ],
)
def test_proof_that_is_left_out_is_missed(platform: str, header: str) -> None:
    call = callback(next(sample for sample in SAMPLES if sample.platform == platform))
    rest = {name: value for name, value in call.headers.items() if name != header}
    checked = check(replace(call, headers=rest), SECRET)
    assert len(checked.problems) == 1
    assert len(checked.verified) == len(PROOFS_OUT[platform]) - 1


def test_old_callback_does_not_verify() -> None:
    checked = check(callback(RETRIED, at=time.time() - 400), SECRET)
    assert checked.verified == ()
    assert len(checked.problems) == 2


def test_signature_header_of_another_kind_is_a_problem_and_not_a_crash() -> None:
    call = callback(RETRIED)
    checked = check(replace(call, headers={**call.headers, "webhook-signature": "nonsense"}), SECRET)
    assert any(problem.startswith("standardwebhooks") for problem in checked.problems)


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"event":1}', b"\xff"])
def test_body_of_no_platform_is_named_as_that(body: bytes) -> None:
    checked = check(Call("POST", "http://localhost/", {"content-type": "application/json"}, body), SECRET)
    assert checked.problems[0].startswith("not recognised")


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"platform":1,"platformevent":2}', b"\xff"])
def test_what_only_says_that_it_is_a_cloud_event_is_none(body: bytes) -> None:
    checked = check(Call("POST", "http://localhost/", {"content-type": "application/cloudevents+json"}, body), SECRET)
    assert checked.problems[0].startswith("not recognised")
    assert any(problem.startswith("cloudevents: ") for problem in checked.problems)


def test_query_of_a_get_callback_is_autopilots() -> None:
    assert recognise(Call("GET", "http://localhost/x?Event=onDialogueEnd&Sid=", {}, b"")) == (
        "autopilot",
        "onDialogueEnd",
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


def test_receiver_in_its_own_process_verifies_reports_and_answers_in_turn(receiver: Receiver) -> None:
    assert set(receiver.libraries) == {"standardwebhooks", "PyJWT", "twilio", "cloudevents"}
    receiver.learn({"/recovering": {"secret": SECRET, "answers": [503, 200]}})
    call = callback(RETRIED)
    statuses = [post(f"{receiver.url}/recovering", call.headers, call.body).status for _ in range(3)]
    reports = [receiver.next_report(5) for _ in range(3)]
    assert statuses == [503, 200, 200]
    assert [report and report["answered"] for report in reports] == [503, 200, 200]
    assert all(report and report["problems"] == [] for report in reports)
    assert all(report and report["cloud_event"] is None for report in reports)
    assert receiver.next_report(0) is None


def test_receiver_reports_a_cloud_event(receiver: Receiver) -> None:
    receiver.learn({"/by-meaning": {"secret": SECRET, "answers": [200]}})
    call = callback(SAMPLES[0], webhook_format=CLOUDEVENTS)
    assert post(f"{receiver.url}/by-meaning", call.headers, call.body).status == 200
    report = receiver.next_report(5)
    assert report
    assert report["verified"] == list(CLOUD_EVENT_PROOFS)
    assert report["cloud_event"]["type"] == "dev.parley.turn.completed"


def test_callback_at_an_unknown_path_is_a_problem(receiver: Receiver) -> None:
    assert post(f"{receiver.url}/else", {}, b"").status == 404
    report = receiver.next_report(5)
    assert report
    assert report["problems"] == ["nobody told of /else"]


def test_closed_receiver_is_gone_and_says_so() -> None:
    running = Receiver()
    running.close()
    with pytest.raises(DemoError, match="status 0"):
        running.next_report(5)


def test_receiver_that_could_import_parley_refuses_to_start() -> None:
    folders = [*library_folders(), PROJECT, PROJECT / "layers" / "parley"]
    argv = [sys.executable, "-I", "-S", str(RECEIVER)] + [f"--site-packages={folder}" for folder in folders]
    ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "parley, cli, functions" in ended.stdout
