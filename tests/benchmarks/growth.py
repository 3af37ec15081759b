"""What grows with what: subscribers of an event, webhooks of an assistant, events that are kept.

Counted, not timed, but for the one look-up in memory that every event needs.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from functions.dispatcher.app import Tables
from functions.dispatcher.routes import Routes
from parley import results, retry
from parley.attributes import to_item
from parley.config_table import assistants, webhooks
from parley.data_table import event_lists, events, keys, listing
from tests.benchmarks import payloads
from tests.benchmarks.bundle import bundle, never_stale, written
from tests.benchmarks.metering import Meter, Metered, Units, index_copy
from tests.benchmarks.results import Result
from tests.benchmarks.sink import sink
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, START_MS, event
from tests.load.engine import ministack
from tests.simulation.table import PROJECTED, Client, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.run import Bench

SUBSCRIBERS = (1, 10, 100, 1000)
WEBHOOKS = (1, 100, 10_000)
STORED = (1_000, 10_000, 100_000, 1_000_000)
_MATCHING = 10
_SHARDS = 8
_LOOKS = 200
_RESULTS = results.pack(results.Result(f"UM{number:032x}", retry.DELIVERED, 1, 200, 100) for number in range(10))


def measure(bench: Bench) -> Iterator[Result]:
    """Each at several sizes."""
    yield from _subscribers()
    yield from _webhooks()
    yield from _stored()


def _subscribers() -> Iterator[Result]:
    """Units of one event as more and more webhooks take it, alone in its batch."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack(Path(folder)) as endpoint,
        bundle(endpoint) as found,
        sink() as url,
        never_stale(),
    ):
        subscribed = 0
        for subscribers in SUBSCRIBERS:
            found.subscribe(subscribers - subscribed, url)
            subscribed = subscribers
            ingest, dispatch = found.function("IngestFunction"), found.function("DispatcherFunction")
            for warm in (False, True):
                started = found.meter.units
                with written():
                    assert ingest(payloads.call("messagehub"))["statusCode"] == 200
                    invocations = sum(bool(dispatch(batch)) for batch in found.batches())
                if not warm:
                    continue
                used = found.meter.units - started
                name, each = f"growth.subscribers.{subscribers}", f"{subscribers:,} webhooks, caches warm"
                yield Result(f"{name}.writes", used.writes / subscribers, "write units/delivery", each, counted=True)
                yield Result(f"{name}.reads", used.reads / subscribers, "read units/delivery", each, counted=True)
                yield Result(f"{name}.invocations", invocations / subscribers, "/delivery", each, counted=True)


def _metered(name: str, table: Table) -> tuple[Metered, Meter, Client]:
    client = Client({name: table})
    meter = Meter(client, frozenset(PROJECTED))  # type: ignore[arg-type]  # the client's face, as far as it is used
    return Metered(client, meter), meter, client


def _webhooks() -> Iterator[Result]:
    """A dispatcher's configuration as an assistant has more and more webhooks, ten of which take the event."""
    made = 0
    metered, meter, client = _metered("config", Table())
    plain: Any = client
    assistants.create(plain, "config", account_sid=ACCOUNT, unique_name="a", now_ms=START_MS, sid=ASSISTANT)
    for webhooks_in_all in WEBHOOKS:
        for number in range(made, webhooks_in_all):
            webhooks.create(
                plain,
                "config",
                account_sid=ACCOUNT,
                assistant_sid=ASSISTANT,
                unique_name=f"webhook {number}",
                events="message.received" if number < _MATCHING else "conversation.started inbox.created",
                url=f"https://receiver-{number}.example/parley",
                secret="whsec_" + "0" * 43 + "=",
                now_ms=START_MS,
            )
        made = webhooks_in_all
        clock = iter((0.0, 5.0, *[5.0] * _LOOKS))
        found = Routes(Tables(metered, "config"), clock.__next__)  # type: ignore[arg-type]  # as above
        look = partial(found.matching, event())
        loaded, polled = _used(meter, look).reads, _used(meter, look).reads
        name, what = f"growth.webhooks.{webhooks_in_all}", f"an assistant of {webhooks_in_all:,} webhooks"
        yield Result(f"{name}.load_reads", loaded, "read units", f"once a change and environment: {what}", counted=True)
        yield Result(f"{name}.poll_reads", polled, "read units", f"without one, every 4 s: {what}", counted=True)
        times = [_microseconds(look) for _ in range(_LOOKS)]
        yield Result(f"{name}.matching", median(times), "µs/event", f"in memory: {what}")


def _microseconds(work: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - started) / 1000


def _used(meter: Meter, work: Callable[[], object]) -> Units:
    started = meter.units
    work()
    return meter.units - started


def _stored() -> Iterator[Result]:
    """Reads and the commit of one event as an assistant's log grows, its conversations with it."""
    table = Table()
    metered, meter, _ = _metered("data", table)
    client: Any = metered
    numbers = count()
    for stored in STORED:
        _fill(table, stored, numbers)
        new = replace(event(stored + 1), sid=_sid(stored * 2))
        values = events.to_values(new, packed_results=_RESULTS, chunks=0, shards=_SHARDS, retention_days=30)
        key = keys.event(ASSISTANT, new.sid)
        works: dict[str, tuple[Callable[[], object], str]] = {
            "known": (partial(events.known, client, "data", [key]), "the look whether an event is known"),
            "commit": (partial(events.put, client, "data", values), "the put that commits it"),
            "fetch": (partial(events.load, client, "data", ASSISTANT, new.sid), "one event"),
            "page": (partial(_page, client), "the newest 50 events"),
        }
        for name, (work, what) in works.items():
            used = _used(meter, work)
            how = f"{what}, with {stored:,} events stored"
            yield Result(f"growth.stored.{stored}.{name}", used.reads + used.writes, "units", how, counted=True)


def _page(client: Any) -> object:
    between = listing.Between(keys.listing_sort(0, ""), "~")
    return event_lists.list_newest(
        client, "data", ASSISTANT, shards=_SHARDS, wanted=event_lists.Wanted(), between=between, limit=50
    )


def _sid(number: int) -> str:
    return f"EV{number // 5:012x}{number:020x}"


def _fill(table: Table, stored: int, numbers: Iterator[int]) -> None:
    """More events of ordinary size, five a conversation; a million share what they have in common."""
    sample = events.to_values(event(), packed_results=_RESULTS, chunks=0, shards=_SHARDS, retention_days=30)
    common = to_item({**sample, "z": os.urandom(400)})
    for number in numbers:
        sid = _sid(number)
        key = keys.event(ASSISTANT, sid)
        listed = keys.listing(ASSISTANT, sid, START_MS + number, shards=_SHARDS)
        own = {"pk": key.pk, "sk": key.sk, "ipk": listed.pk, "isk": listed.sk}
        item: dict[str, Any] = {**common, **{name: {"S": value} for name, value in own.items()}}
        table.partitions.setdefault(key.pk, {})[key.sk] = item
        copy: Any = index_copy(item, frozenset(PROJECTED))
        table.index.setdefault(listed.pk, {})[listed.sk, key.pk, key.sk] = copy
        if number + 1 == stored:
            return
