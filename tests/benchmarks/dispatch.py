"""What the dispatcher's CPU does for a delivery: signing, JWT, posting, logging and writing results included.

The floor is a bare aiohttp loop that posts the same requests to the same receiver, by turns with the dispatcher, in one
process. Tables and queues are in another process, so that their work is not counted; the SDK's is.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest import mock

import aiohttp
from yarl import URL

from functions.dispatcher import app as dispatcher_app
from parley.messages import EventMessage, decode, encode
from tests.benchmarks import payloads
from tests.benchmarks.bundle import Bundle, bundle, records, written
from tests.benchmarks.results import Result, spread
from tests.benchmarks.sink import sink
from tests.load.engine import ministack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parley.event import Event
    from parley.platforms.interface import Callback
    from tests.benchmarks.run import Bench

# Posts a batch: events and webhooks.
SHAPES = {1: (1, 1), 10: (1, 10), 100: (10, 10)}
ROUNDS = {1: 200, 10: 100, 100: 60}
_WARMING = 5
_BUDGET = {100: 2.0}
FANOUTS = (1, 10, 100, 1000)
_FANOUT_ROUNDS = 3


def measure(bench: Bench) -> Iterator[Result]:
    """CPU per delivery by posts a batch, then by fan-out."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack(Path(folder)) as endpoint,
        bundle(endpoint, metered=False) as found,
        sink() as url,
        written(),
    ):
        subscribed = 0
        per_delivery: dict[int, float] = {}
        for posts, (events, fanout) in SHAPES.items():
            found.subscribe(fanout - subscribed, url)
            subscribed = fanout
            samples, floors = _alternate(found, events, rounds=ROUNDS[posts])
            own = [each / posts * 1e6 for each in samples]
            bare = [each / posts * 1e6 for each in floors]
            per_delivery[posts] = median(own)
            ratios = [mine / median(bare) for mine in own]
            times = f"{median(own):.0f} µs of CPU a delivery to {median(bare):.0f} of bare aiohttp"
            how = f"{times}, alternating, {spread(ratios)}"
            yield Result(f"dispatch.cpu.{posts}", median(own) / median(bare), "×", how, _BUDGET.get(posts))
        yield from _shares(per_delivery)
        how = "1 / CPU a delivery at 100 posts a batch"
        yield Result("dispatch.throughput", 1e6 / per_delivery[100], "deliveries/s/core", how)
        yield from _growth(found, subscribed, url)


def _shares(per_delivery: Mapping[int, float]) -> Iterator[Result]:
    """What a batch, an event in it and a delivery of that cost: three equations, one for each shape."""
    one, ten, hundred = (per_delivery[posts] * posts / 1e6 for posts in (1, 10, 100))
    delivery = (ten - one) / 9
    event = (hundred - ten) / 9 - 10 * delivery
    shares = {"batch": one - event - delivery, "event": event, "delivery": delivery}
    for name, seconds in shares.items():
        how = f"CPU for each {name}, for costs: fitted to the three shapes, not below 0"
        yield Result(f"dispatch.own_seconds.{name}", max(0.0, seconds), "s", how)


def _events(found: Bundle, count: int, sample: Event) -> dict[str, Any]:
    """A batch of new events like this one."""
    fresh = (
        replace(sample, sid=sample.sid[:14] + secrets.token_hex(10), rid=secrets.token_hex(16)) for _ in range(count)
    )
    return {"Records": records([encode(EventMessage(event)) for event in fresh])}


def _sample(found: Bundle) -> Event:
    ingest = found.function("IngestFunction")
    assert ingest(payloads.call("messagehub"))["statusCode"] == 200
    (batch,) = found.batches()
    message = decode(batch["Records"][0]["body"])
    assert isinstance(message, EventMessage)
    return message.event


def _alternate(found: Bundle, events: int, *, rounds: int) -> tuple[list[float], list[float]]:
    """CPU seconds of a batch, of the dispatcher's and of the floor's, by turns."""
    sample = _sample(found)
    dispatch = found.function("DispatcherFunction")
    samples: list[float] = []
    floors: list[float] = []
    with _taken() as taken, _bare() as post:
        for number in range(_WARMING + rounds):
            batch = _events(found, events, sample)
            taken.clear()
            own = _cpu(lambda: dispatch(batch))  # noqa: B023 — called at once
            floor = _cpu(lambda: post(taken))
            if number >= _WARMING:
                samples.append(own)
                floors.append(floor)
    return samples, floors


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@contextmanager
def _taken() -> Iterator[list[Callback]]:
    """The callbacks that the dispatcher posts, for the floor to post them too."""
    taken: list[Callback] = []
    post_all = dispatcher_app.Calls.post_all

    def taking(self: dispatcher_app.Calls, callbacks: Sequence[Callback]) -> Any:
        taken.extend(callbacks)
        outcomes = post_all(self, callbacks)
        assert all(outcome.delivered for outcome in outcomes)
        return outcomes

    with mock.patch.object(dispatcher_app.Calls, "post_all", taking):
        yield taken


@contextmanager
def _bare() -> Iterator[Callable[[Sequence[Callback]], None]]:
    """The least that posting them with aiohttp takes."""
    loop = asyncio.new_event_loop()

    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    client = loop.run_until_complete(session())

    async def post_one(callback: Callback) -> None:
        url = URL(callback.url, encoded=True)
        async with client.post(url, data=callback.body, headers=callback.headers) as answer:
            await answer.read()

    async def post_all(callbacks: Sequence[Callback]) -> None:
        await asyncio.gather(*map(post_one, callbacks))

    yield lambda callbacks: loop.run_until_complete(post_all(callbacks))
    loop.run_until_complete(client.close())
    loop.close()


def _growth(found: Bundle, subscribed: int, url: str) -> Iterator[Result]:
    """CPU a delivery as an event's subscribers grow; what comes of a wide event's chunks is counted to it."""
    per_delivery: dict[int, float] = {}
    sample = _sample(found)
    while any(found.batches()):
        pass
    for fanout in (each for each in FANOUTS if each >= subscribed):
        found.subscribe(fanout - subscribed, url)
        subscribed = fanout
        dispatch = found.function("DispatcherFunction")
        samples: list[float] = []
        for number in range(1 + _FANOUT_ROUNDS):
            batch = _events(found, 10 if fanout <= 100 else 1, sample)
            deliveries = len(batch["Records"]) * fanout
            spent = _cpu(lambda: dispatch(batch))  # noqa: B023 — called at once
            for chunk in found.batches():
                spent += _cpu(lambda: dispatch(chunk))  # noqa: B023 — called at once
            if number:
                samples.append(spent / deliveries * 1e6)
        per_delivery[fanout] = median(samples)
        yield Result(f"dispatch.fanout.f{fanout}", median(samples), "µs/delivery", f"CPU, {spread(samples, 0)} batches")
    growth = per_delivery[FANOUTS[-1]] / per_delivery[10]
    yield Result("dispatch.fanout.growth", growth, "×", "CPU a delivery at 1,000 subscribers to that at ten")
