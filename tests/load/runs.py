"""Two runs of the whole bundle on MiniStack: one whose workers are killed, one beside receivers that fail."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.bundle import DEMO, Bundle
from tests.load import counting
from tests.load.engine import ministack
from tests.load.killing import Killer
from tests.load.sending import Sent, send

if TYPE_CHECKING:
    from tests.load.counting import Call, Count

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 60.0  # with a machine that others use too
QUIET_SECONDS = 1.0
PHASES = ("while one is down", "while it is probed and drained")


@dataclass(frozen=True, slots=True)
class Site:
    """The bundle with its receivers, and the tables and queues under it."""

    folder: Path
    bundle: Bundle
    engine_url: str
    receivers_url: str

    @property
    def down(self) -> Path:
        """While it is a file, `/down` is."""
        return self.folder / "down"

    def subscribe(self, path: str, url: str | None = None, **more: str) -> str:
        """A webhook; its SID."""
        form = {
            "UniqueName": path.strip("/"),
            "Events": "message.received",
            "WebhookUrl": url or self.receivers_url + path,
            **more,
        }
        return str(self.bundle.call("POST", f"{DEMO}/Webhooks", form=form)["sid"])

    def status(self, webhook_sid: str) -> str:
        """Of a webhook, as the API shows it."""
        return str(self.bundle.call("GET", f"{DEMO}/Webhooks/{webhook_sid}")["status"])

    def calls(self) -> list[Call]:
        """Every call that a receiver got so far."""
        return counting.read((self.folder / "calls").read_text().splitlines())

    def unfinished(self) -> tuple[int, int]:
        """Events that are not dispatched yet, and deliveries that have not ended.

        What RetryQueue holds is about these; the look at a webhook that is to come in a minute is no delivery.
        """
        sqs: Any = self._client("sqs")
        urls = [url for url in sqs.list_queues()["QueueUrls"] if "EventsQueue" in url or "EventsDeadLetter" in url]
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        counts = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls]
        return sum(int(value) for each in counts for value in each.values()), self._open_items()

    def _open_items(self) -> int:
        dynamodb: Any = self._client("dynamodb")
        [table] = [name for name in dynamodb.list_tables()["TableNames"] if name.endswith("DataTable")]
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression="begins_with(pk, :undelivered)",
            ExpressionAttributeValues={":undelivered": {"S": "U#"}},
            Select="COUNT",
            ConsistentRead=True,
        )
        return sum(page["Count"] for page in pages)

    def _client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.engine_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )


@contextmanager
def site(folder: Path, *, seed: int, time_scale: float = 1) -> Iterator[Site]:
    """Start everything, end everything."""
    folder.mkdir(parents=True)
    (folder / "calls").touch()
    with ministack(folder) as url, _receivers(folder, seed) as receivers_url:
        environ = {"AWS_ENDPOINT_URL_DYNAMODB": url, "AWS_ENDPOINT_URL_SQS": url}
        with Bundle(folder, "--time-scale", f"{time_scale:g}", environ=environ) as bundle:
            yield Site(folder, bundle, url, receivers_url)


@contextmanager
def _receivers(folder: Path, seed: int) -> Iterator[str]:
    script = Path(__file__).with_name("receivers.py")
    arguments = [sys.executable, "-I", str(script), str(folder), str(seed)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Killed:
    """What a run with kills came to.

    Attributes:
        kills: By function and whether it was at work.
        in_phase: Of dispatchers at work, by what the run was at.
        repeats: How often a platform had to send again.
        unfinished: Messages and deliveries that were left when the time was up.
        was_paused: The one that was down.
    """

    events: int
    webhooks: int
    count: Count
    kills: Mapping[tuple[str, str], int]
    in_phase: Mapping[str, int]
    repeats: int
    unfinished: tuple[int, int]
    was_paused: bool
    seconds: float

    @property
    def allowed_duplicates(self) -> int:
        """Each kill may repeat what one worker held."""
        return sum(self.kills.values()) * counting.BATCH * self.webhooks

    @property
    def broken(self) -> list[str]:
        """The criteria that do not hold."""
        criteria = {
            "nothing is left to do": self.unfinished == (0, 0),
            "lost = 0": self.count.lost == 0,
            "duplicates ≤ kills × batch × matching webhooks": self.count.duplicates <= self.allowed_duplicates,
            "every delivery under one webhook-id of its own": self.count.differing == self.count.shared == 0,
            "dispatchers were killed at work, of a mapping that probes and drains too": PHASES[1] in self.in_phase,
            "one was paused": self.was_paused,
        }
        return [name for name, holds in criteria.items() if not holds]


def killed(
    folder: Path,
    *,
    events: int,
    per_second: float,
    time_scale: float,
    kill_every_calls: int,
    seed: int,
) -> Killed:
    """Kill workers while events come, while one receiver fails half the time and another is down for a while.

    The killing goes on while what failed is retried, while the one that was down is probed and its backlog drained;
    then what the last kills left behind must end.
    """
    paths = ("/fine", "/half", "/down")
    hooks: dict[str, str] = {}
    schedule = " ".join([f"{time_scale:g}"] * 20)  # so long that no coin falls badly for all of it
    with site(folder, seed=seed, time_scale=time_scale) as place:
        for path in paths:
            hooks[path] = place.subscribe(path, RetrySchedule=schedule)
        place.down.touch()
        started = time.monotonic()
        with (
            Killer(place.bundle, lambda: len(place.calls()), seed, kill_every_calls) as killer,
            _sending(place, events, per_second) as sent,
        ):
            killer.phase = PHASES[0]
            was_paused = _until(lambda: place.status(hooks["/down"]) == "paused", PATIENCE_SECONDS)
            killer.phase = PHASES[1]
            time.sleep(60 / time_scale)  # so long that it is probed
            place.down.unlink()
            _until(lambda: len(sent.accepted) == events, PATIENCE_SECONDS + 2 * events / per_second)
            _until(lambda: counting.count(place.calls(), sent.accepted, ["/fine", "/down"]).lost == 0, PATIENCE_SECONDS)
        _until(lambda: place.unfinished() == (0, 0), PATIENCE_SECONDS + 600 / time_scale)
        time.sleep(QUIET_SECONDS)
        return Killed(
            events=len(sent.accepted),
            webhooks=len(paths),
            count=counting.count(place.calls(), sent.accepted, paths),
            kills=Counter(killer.kills),
            in_phase=Counter(killer.in_phase),
            repeats=sent.repeats,
            unfinished=place.unfinished(),
            was_paused=was_paused,
            seconds=time.monotonic() - started,
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run under load came to.

    Attributes:
        seconds: From acceptance to arrival at the healthy webhooks, of events accepted 15 s after the start or later.
        all_seconds: The same of all events.
        statuses: The webhooks' statuses at the end.
    """

    events: int
    counts: Mapping[str, Count]
    seconds: Sequence[float]
    all_seconds: Sequence[float]
    statuses: Mapping[str, str]
    accepted_per_second: float


HEALTHY = ("/fine-1", "/fine-2")
LEARNING_SECONDS = 15.0
WARMING_EVENTS = 200
TAKES_EFFECT_SECONDS = 6.0  # a warm dispatcher knows new webhooks within five


def loaded(folder: Path, *, events: int, per_second: float, bad: bool, seed: int) -> Loaded:
    """Events for two healthy webhooks, alone or beside one that hangs, one that refuses and one that fails by half."""
    with site(folder, seed=seed) as place, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        # before there are webhooks: environments that start while events wait would be measured in their place
        asyncio.run(send(place.bundle.api_url, events=WARMING_EVENTS, per_second=1e6, sent=Sent(), first=1_000_000))
        _until(lambda: place.unfinished() == (0, 0), 60)
        paths = [*HEALTHY]
        for path in HEALTHY:
            place.subscribe(path)
        if bad:
            place.subscribe("/hang")
            place.subscribe("/refuse", f"http://127.0.0.1:{nobody.getsockname()[1]}/")
            place.subscribe("/half", RetrySchedule=" ".join(["2"] * 20))
            paths.append("/half")
        time.sleep(TAKES_EFFECT_SECONDS)
        started = time.monotonic()
        with _sending(place, events, per_second) as sent:
            _until(lambda: len(sent.accepted) == events, 60 + 2 * events / per_second)
            accepting = time.monotonic() - started
            _until(lambda: counting.count(place.calls(), sent.accepted, paths).lost == 0, 180)
        calls = place.calls()

        def seconds(after: float) -> list[float]:
            return sorted(
                each
                for path in HEALTHY
                for each in counting.seconds_until_taken(calls, sent.accepted, path, accepted_after=after)
            )

        return Loaded(
            events=len(sent.accepted),
            counts={path: counting.count(calls, sent.accepted, [path]) for path in paths},
            seconds=seconds(started + LEARNING_SECONDS),
            all_seconds=seconds(started),
            statuses={
                hook["unique_name"]: hook["status"] for hook in place.bundle.call("GET", f"{DEMO}/Webhooks")["webhooks"]
            },
            accepted_per_second=events / accepting,
        )


@contextmanager
def _sending(place: Site, events: int, per_second: float) -> Iterator[Sent]:
    sent = Sent()
    work = send(place.bundle.api_url, events=events, per_second=per_second, sent=sent)
    thread = threading.Thread(target=asyncio.run, args=(work,), name="sender", daemon=True)
    thread.start()
    yield sent
    thread.join(60)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait, at most so long; whether it came about."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return holds
