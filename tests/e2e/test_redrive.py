"""Dead letters of a running `parley up`, and `parley redrive` beside it: they go back, and are delivered once each."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.up.seed import ACCOUNT_SID, ASSISTANT_SID, SOURCES
from parley.messages import EventMessage, encode
from tests.e2e.bundle import Bundle
from tests.functional.dispatcher.world import event

EVENTS, RETRIES = "EventsDeadLetterQueue", "RetryDeadLetterQueue"


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    # a message is visible again after two seconds: three failures are six
    with Bundle(tmp_path, "--time-scale", "60") as run:
        yield run


def redrive(bundle: Bundle, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "redrive", *options],
        cwd=bundle.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def counted(bundle: Bundle) -> dict[str, int]:
    ended = redrive(bundle, "--dry-run", "--json")
    assert ended.returncode == 0, ended.stderr
    return {row["queue"]: row["found"] for row in json.loads(ended.stdout)["queues"]}


def message(number: int) -> str:
    """What ingest sends for an event of the demo's MessageHub source."""
    source = next(source for source in SOURCES if source.platform == "messagehub")
    made = event(
        number,
        account_sid=ACCOUNT_SID,
        assistant_sid=ASSISTANT_SID,
        source_sid=source.sid,
        received_ms=int(time.time() * 1000),
    )
    return encode(EventMessage(made))


def test_what_lies_among_the_dead_letters_is_counted_moved_and_delivered_once(bundle: Bundle) -> None:
    left = json.loads((bundle.folder / ".parley/queues.json").read_text())
    dead = left["dead_letters"]
    sqs: Any = boto3.client(
        "sqs",
        endpoint_url=left["sqs_url"],
        region_name=left["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

    def send(url: str, body: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=ASSISTANT_SID)

    bundle.subscribe("/hook", "message.received")
    bodies = [message(number) for number in range(1, 26)]
    for body in bodies:
        send(dead[EVENTS]["url"], body)
    # what a redrive leaves that is killed between sending and deleting: a message in both queues
    send(dead[EVENTS]["source_url"], bodies[0])
    bundle.listed(1)  # committed: a copy is recognised from now on
    send(dead[RETRIES]["source_url"], "no message of ours")
    assert counted(bundle)[EVENTS] == 25

    moved = redrive(bundle, "--queue", EVENTS)
    assert (moved.returncode, moved.stdout) == (0, f"{EVENTS}: 25 found, 25 moved\n"), moved.stderr
    assert moved.stderr.splitlines()[0] == f"{EVENTS} 0/25"
    bundle.listed(25)
    assert len({call.headers["webhook-id"] for call in bundle.wait_for("/hook", 25)}) == 25
    # the others may be sent twice where a busy machine lets a message's time run out
    assert [call.body for call in bundle.seen("/hook")].count(event(1).payload) == 1, "it was in both queues"

    deadline = time.monotonic() + 30
    while counted(bundle) != {EVENTS: 0, RETRIES: 1}:
        assert time.monotonic() < deadline, "what failed three times is no dead letter"
        time.sleep(0.5)
