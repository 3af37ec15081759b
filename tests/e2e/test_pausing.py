"""A receiver that is down for a while, on the bundle as it runs: paused, probed, resumed, drained, told to others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB, Bundle

# a minute is three seconds: that long ten failures must take, that often the sweeper looks
SCALE = "20"


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    with Bundle(tmp_path, "--time-scale", SCALE) as run:
        yield run


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def post(bundle: Bundle, number: int) -> None:
    body = {"event": "message_created", "id": number, "message_type": "incoming", "conversation": {"id": number}}
    assert bundle.post_json(DEMO_MESSAGEHUB, body).status == 200


def ids(bundle: Bundle, path: str) -> set[str]:
    """Each delivery once: on a slow machine the scaled visibility may show one twice."""
    return {call.headers["webhook-id"] for call in bundle.seen(path)}


def test_a_receiver_that_comes_back_gets_all_that_waited(bundle: Bundle) -> None:
    bundle.down.touch()
    hook = bundle.subscribe("/down", "message.received", RetrySchedule="200")
    bundle.subscribe("/fine", "message.received")
    bundle.subscribe("/told", "webhook.paused webhook.resumed", Format="cloudevents")

    def shown() -> dict[str, object]:
        return dict(bundle.call("GET", f"{DEMO}/Webhooks/{hook['sid']}"))

    for number in range(1, 15):
        post(bundle, number)
        time.sleep(0.3)
    until(lambda: shown()["status"] == "paused", 20, "it was not paused")
    assert (shown()["status_reason"], shown()["enabled"]) == ("failing", True)
    for number in range(15, 21):
        post(bundle, number)
    until(lambda: len(ids(bundle, "/fine")) == 20, 20, "others do not get everything")
    until(lambda: shown()["waiting"] == 20, 20, "what it is still to get is not counted")

    bundle.down.unlink()
    until(lambda: shown()["status"] == "active", 20, "it was not resumed")
    # by webhook-id, for whatever was posted while it was down was refused
    until(lambda: len(ids(bundle, "/down")) == 20, 40, "not all came")
    told = [call.headers for call in bundle.wait_for("/told", 2)]
    assert {headers["content-type"] for headers in told} == {"application/cloudevents+json; charset=utf-8"}
    events = bundle.call("GET", f"{DEMO}/Events?PageSize=100")["events"]
    delivered = 0
    for event in events:
        for row in bundle.call("GET", f"{DEMO}/Events/{event['sid']}")["results"]:
            if row["webhook_sid"] == hook["sid"]:
                until(
                    lambda sid=event["sid"]: all(  # type: ignore[misc]
                        each["status"] == "delivered" for each in bundle.call("GET", f"{DEMO}/Events/{sid}")["results"]
                    ),
                    30,
                    f"{event['sid']} was not delivered",
                )
                delivered += 1
    assert delivered == 20
    assert shown()["waiting"] == 0
    [source] = [each for each in bundle.call("GET", f"{DEMO}/Sources")["sources"] if each["sid"] in DEMO_MESSAGEHUB]
    of_source = [each["date_created"] for each in events if each["source_sid"] == source["sid"]]
    assert source["last_event_at"] == max(of_source)
