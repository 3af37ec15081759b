"""The bundle itself under `parley up`: from the seeded sources to a receiver in a process of its own, and a kill."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB, Bundle
from tests.load.engine import ministack


def message(text: str) -> dict[str, object]:
    return {
        "event": "message_created",
        "id": 1,
        "content": text,
        "message_type": "incoming",
        "conversation": {"id": 7},
        "account": {"id": 1, "name": "A"},
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    with Bundle(tmp_path, "--time-scale", "30") as run:
        yield run


def test_an_event_goes_from_the_seeded_source_to_a_receiver_and_is_listed(bundle: Bundle) -> None:
    assert bundle.ready["console_url"] == f"{bundle.api_url}/console"
    sources = bundle.call("GET", f"{DEMO}/Sources")["sources"]
    assert sorted(source["unique_name"] for source in sources) == [
        "demo-autopilot",
        "demo-messagehub",
        "demo-tropo",
        "demo-watsonx",
    ]
    bundle.subscribe("/hook", "message_created")
    bundle.post_json(DEMO_MESSAGEHUB, message("日本"))

    [call] = bundle.wait_for("/hook", 1)
    assert json.loads(call.body) == message("日本")
    assert call.headers["webhook-id"].startswith("DL")
    [event] = bundle.listed(1)
    assert (event["event"], event["type"]) == ("message_created", "message.received")


def test_a_worker_killed_between_post_and_commit_shows_the_event_once_more_then_commits_it(bundle: Bundle) -> None:
    bundle.subscribe("/slow", "message_created")
    bundle.post_json(DEMO_MESSAGEHUB, message("once"))
    [first] = bundle.wait_for("/slow", 1)
    for pid in bundle.workers("DispatcherFunction"):
        os.kill(pid, signal.SIGKILL)

    # visibility is 120 s / 30 = 4 s
    _, second = bundle.wait_for("/slow", 2)
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    [event] = bundle.listed(1)
    fetched = bundle.call("GET", f"{DEMO}/Events/{event['sid']}")
    assert [(result["status"], result["delivery_sid"]) for result in fetched["results"]] == [
        ("delivered", first.headers["webhook-id"])
    ]
    assert len(bundle.seen("/slow")) == 2


def test_a_failing_receiver_is_retried_on_its_schedule_and_the_results_say_so(bundle: Bundle) -> None:
    bundle.subscribe("/failing", "message_created", RetrySchedule="30 60")
    bundle.post_json(DEMO_MESSAGEHUB, message("again"))
    first, second = bundle.wait_for("/failing", 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    [event] = bundle.listed(1)
    deadline = time.monotonic() + 10
    while True:
        [result] = bundle.call("GET", f"{DEMO}/Events/{event['sid']}")["results"]
        if result["status"] == "delivered":
            break
        assert time.monotonic() < deadline, result
        time.sleep(0.1)
    assert (result["attempts"], result["last_status_code"]) == (2, 204)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Bundle]:
    """A run on another engine than moto."""
    with (
        ministack(tmp_path) as url,
        Bundle(tmp_path, "--time-scale", "30", environ={"AWS_ENDPOINT_URL_DYNAMODB": url}) as run,
    ):
        yield run


def test_on_another_engine_a_kill_a_retry_and_an_event_of_many_webhooks_end_as_they_must(elsewhere: Bundle) -> None:
    elsewhere.subscribe("/slow", "message_created")
    elsewhere.subscribe("/failing", "message_created", RetrySchedule="30 60")
    for number in range(25):  # more than one chunk of them
        elsewhere.subscribe(f"/hook-{number}", "message_created")
    elsewhere.post_json(DEMO_MESSAGEHUB, message("elsewhere"))
    [first] = elsewhere.wait_for("/slow", 1)
    for pid in elsewhere.workers("DispatcherFunction"):
        os.kill(pid, signal.SIGKILL)

    _, second = elsewhere.wait_for("/slow", 2)
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    elsewhere.wait_for("/failing", 2)
    for number in range(25):
        assert json.loads(elsewhere.wait_for(f"/hook-{number}", 1)[0].body) == message("elsewhere")
    [event] = elsewhere.listed(1)
    deadline = time.monotonic() + 20
    while True:
        results = elsewhere.call("GET", f"{DEMO}/Events/{event['sid']}")["results"]
        if [each["status"] for each in results] == ["delivered"] * 27:
            break
        assert time.monotonic() < deadline, results
        time.sleep(0.2)
