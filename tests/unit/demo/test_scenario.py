"""What the demo sends is what it says, and what comes back is judged by its bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from cli.demo.play import PAYLOADS
from cli.demo.receiver import Call, recognise
from cli.demo.scenario import (
    CLOUD_EVENT_PROOFS,
    CLOUDEVENTS,
    DOWN,
    FORGERIES,
    NATIVE,
    OK,
    PROOFS_IN,
    PROOFS_OUT,
    RETRIED,
    SAMPLES,
    SUBSCRIBERS,
    Awaited,
    Callback,
    Sample,
    problems_of,
)
from cli.demo.senders import SENDERS
from parley.vocabulary import PLATFORM_TYPES
from tests.unit.demo.reports import WEBHOOK_SID, callback, payload

EVERY_SAMPLE = [*SAMPLES, RETRIED, *(forgery.sample for forgery in FORGERIES)]


def reported(
    sample: Sample, *, path: str = "/everything", answered: int = OK, webhook_format: str = NATIVE
) -> Callback:
    call = callback(sample, webhook_format=webhook_format)
    is_cloud_event = webhook_format == CLOUDEVENTS
    return Callback(
        path=path,
        method="POST",
        platform=sample.platform,
        event=sample.event,
        webhook_id="DL1",
        verified=CLOUD_EVENT_PROOFS if is_cloud_event else PROOFS_OUT[sample.platform],
        problems=(),
        body_sha256=hashlib.sha256(call.body).hexdigest(),
        parameters=None if call.parameters is None else tuple(call.parameters),
        cloud_event=json.loads(call.body) if is_cloud_event else None,
        answered=answered,
    )


@pytest.mark.parametrize("sample", EVERY_SAMPLE, ids=lambda sample: sample.file)
def test_sample_is_the_event_that_it_says(sample: Sample) -> None:
    kind = "application/x-www-form-urlencoded" if sample.file.endswith(".form") else "application/json"
    call = Call("POST", "http://localhost/", {"content-type": kind}, payload(sample))
    assert recognise(call) == (sample.platform, sample.event)
    assert sample.type in PLATFORM_TYPES


def test_every_platform_sends_an_event_and_a_forgery() -> None:
    platforms = set(SENDERS)
    assert {sample.platform for sample in SAMPLES} == platforms
    assert {forgery.sample.platform for forgery in FORGERIES} == platforms
    assert set(PROOFS_IN) == set(PROOFS_OUT) == platforms


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.sample.platform)
def test_forgery_differs_from_a_genuine_call(forgery) -> None:
    others = forgery.signed_file and (PAYLOADS / forgery.signed_file).read_bytes() != payload(forgery.sample)
    assert forgery.other_secret or others


def test_subscribers_take_by_star_by_meaning_and_by_name() -> None:
    everything, by_meaning, recovering = SUBSCRIBERS
    assert all(everything.wants(sample) for sample in EVERY_SAMPLE)
    assert [by_meaning.wants(sample) for sample in (*SAMPLES, RETRIED)] == [True] * 4 + [False]
    assert [recovering.wants(sample) for sample in (*SAMPLES, RETRIED)] == [False] * 4 + [True]


@pytest.mark.parametrize("sample", [*SAMPLES, RETRIED], ids=lambda sample: sample.platform)
def test_callback_with_the_sent_bytes_is_right(sample: Sample) -> None:
    assert problems_of(reported(sample), sample, payload(sample), WEBHOOK_SID) == ()


@pytest.mark.parametrize("sample", [*SAMPLES, RETRIED], ids=lambda sample: sample.platform)
def test_one_changed_byte_is_noticed(sample: Sample) -> None:
    body = payload(sample).replace(b"o", b"0", 1)
    assert problems_of(reported(sample), sample, body, WEBHOOK_SID) == ("the body is not what was sent",)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.platform)
def test_cloud_event_with_the_common_type_and_the_original_is_right(sample: Sample) -> None:
    came = reported(sample, webhook_format=CLOUDEVENTS)
    assert problems_of(came, sample, payload(sample), WEBHOOK_SID, CLOUDEVENTS) == ()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"type": "dev.parley.message.sent"}, "its type is dev.parley.message.sent"),
        ({"data": {"original": {}}}, "the original in it is not what was sent"),
        ({"data": None}, "the original in it is not what was sent"),
    ],
)
def test_cloud_event_of_another_type_or_original_is_noticed(changed, problem) -> None:
    came = reported(SAMPLES[0], webhook_format=CLOUDEVENTS)
    came = replace(came, cloud_event={**(came.cloud_event or {}), **changed})
    assert problems_of(came, SAMPLES[0], payload(SAMPLES[0]), WEBHOOK_SID, CLOUDEVENTS) == (problem,)


def test_the_platforms_own_format_where_a_cloud_event_is_due_is_noticed() -> None:
    problems = problems_of(reported(SAMPLES[0]), SAMPLES[0], payload(SAMPLES[0]), WEBHOOK_SID, CLOUDEVENTS)
    assert problems == ("not verified by cloudevents", "its type is None", "the original in it is not what was sent")


def test_autopilots_callback_must_name_the_webhook_that_is_called() -> None:
    sample = SAMPLES[0]
    wrong = problems_of(reported(sample), sample, payload(sample), "UM" + "0b" * 16)
    assert wrong == ("the body is not what was sent",)


def test_parameter_that_came_twice_is_noticed() -> None:
    came = reported(SAMPLES[0])
    assert came.parameters
    twice = replace(came, parameters=(*came.parameters, came.parameters[0]))
    assert problems_of(twice, SAMPLES[0], payload(SAMPLES[0]), WEBHOOK_SID) == ("the body is not what was sent",)


def test_missing_proof_is_named_even_when_the_receiver_says_nothing() -> None:
    came = replace(reported(RETRIED), verified=("standardwebhooks",))
    assert problems_of(came, RETRIED, payload(RETRIED), WEBHOOK_SID) == ("not verified by Chatwoot HMAC",)


def test_receivers_problems_and_another_event_are_named() -> None:
    came = replace(reported(RETRIED), problems=("twilio: no",), event="else")
    assert problems_of(came, RETRIED, payload(RETRIED), WEBHOOK_SID) == ("twilio: no", "messagehub else came")


def test_event_is_over_when_every_subscriber_had_every_attempt() -> None:
    awaited = Awaited.of(RETRIED, SUBSCRIBERS)
    left = [awaited.paths_left]
    for path, answered in (("/everything", OK), ("/recovering", DOWN), ("/recovering", OK)):
        assert awaited.take(reported(RETRIED, path=path, answered=answered)) == ()
        left.append(awaited.paths_left)
    assert left == [("/everything", "/recovering"), ("/recovering",), ("/recovering",), ()]
    assert awaited.is_over
    assert awaited.attempts["/recovering"] == 2


def test_second_attempt_under_another_webhook_id_is_a_problem() -> None:
    awaited = Awaited.of(RETRIED, SUBSCRIBERS)
    awaited.take(reported(RETRIED, path="/recovering", answered=DOWN))
    again = replace(reported(RETRIED, path="/recovering"), webhook_id="DL2")
    assert awaited.take(again) == ("a second attempt has another webhook-id",)


def test_callback_too_many_or_of_nobody_is_a_problem() -> None:
    awaited = Awaited.of(RETRIED, SUBSCRIBERS)
    awaited.take(reported(RETRIED))
    assert awaited.take(reported(RETRIED)) == ("nobody expected it",)
    assert awaited.take(reported(RETRIED, path="/by-meaning")) == ("nobody expected it",)
