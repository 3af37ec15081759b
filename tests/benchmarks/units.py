"""What an accepted event uses and costs: every AWS request of the real handlers, counted, at published prices.

Ten events are taken in by ingest and handed to the dispatcher as one batch, again and again: with caches warm, then
with routes and health aged, then with secrets aged too. The differences are what looking again costs, which an
environment pays once in four seconds, and in sixty.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto import mock_aws

from cli.up import seed
from cli.up.partiql import teach_moto
from cli.up.template import Template
from functions.dispatcher import app as dispatcher_app
from functions.dispatcher import routes
from tests.benchmarks import payloads, prices
from tests.benchmarks.bundle import TEMPLATE, Bundle, bundle, never_stale, written
from tests.benchmarks.metering import Units, attribute_bytes, item_bytes
from tests.benchmarks.results import Result
from tests.benchmarks.sink import sink
from tests.functional.gateway import http_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.attempts import Outcome
    from parley.platforms.interface import Callback
    from tests.benchmarks.run import Bench

BATCH = 10
FANOUT = (1, 3, 10, 100)
BUDGET_PLATFORM = "messagehub"
# What the gateway writes into its access line, at the lengths that it has there; $context.requestId is 16 characters.
_LINE = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1763700000000",
    "routeKey": "POST /ingest/{platform}/{source}/{token}",
    "status": "200",
    "responseLatency": "12",
    "responseLength": "0",
}


@dataclass(frozen=True, slots=True)
class Use:
    """What a batch of ten events used, by the two functions together.

    Attributes:
        invocations: Of the dispatcher.
        dispatcher_calls: AWS requests that it waited for.
        sent_bytes: Of all callbacks, with their headers.
        log_bytes: Of both functions.
    """

    ingest: Units
    dispatcher: Units
    invocations: int
    sent_bytes: int
    log_bytes: int


@dataclass(frozen=True, slots=True)
class Uses:
    """A batch with caches warm, and the read units of looking again at routes and health, and at secrets."""

    warm: Use
    routes_reads: float
    secrets_reads: float


@dataclass(frozen=True, slots=True)
class OwnTime:
    """How long the functions' own code takes on a whole core, in seconds."""

    ingest_seconds: float
    dispatcher_batch_seconds: float
    dispatcher_event_seconds: float
    dispatcher_delivery_seconds: float


def measure(bench: Bench) -> Iterator[Result]:
    """All counted figures, and the costs that follow."""
    teach_moto()
    with mock_aws(), bundle() as found, sink() as url:
        uses: dict[tuple[str, int], Uses] = {}
        subscribed = 0
        for fanout in FANOUT:
            found.subscribe(fanout - subscribed, url)
            subscribed = fanout
            for platform in payloads.TYPICAL:
                uses[platform, fanout] = _uses(found, platform, uses.get((BUDGET_PLATFORM, fanout)))
            if fanout == 10:
                yield from _sizes(found)
                yield from _history(found)
    yield from _units(uses[BUDGET_PLATFORM, 10])
    own = bench.own_time()
    yield from _costs(uses, own)


def _uses(found: Bundle, platform: str, like: Uses | None) -> Uses:
    """After a first one that fills the caches; what looking again costs is the same for all platforms."""
    with _sent() as sent, never_stale():
        ingest, dispatch = found.function("IngestFunction"), found.function("DispatcherFunction")
        _batch(found, platform, ingest, dispatch, sent)
        warm = _batch(found, platform, ingest, dispatch, sent)
        if like is not None:
            return replace(like, warm=warm)
        ports = dispatcher_app._ports()
        made: list[Use] = []
        for aged in ("routes", "secrets"):
            ports.routes._assistants |= {
                sid: replace(entry, checked_seconds=-1e9) for sid, entry in ports.routes._assistants.items()
            }
            ports.vitals._known.clear()
            if aged == "secrets":
                ports.routes._secrets.clear()
            made.append(_batch(found, platform, ingest, dispatch, sent))
    routes_aged, secrets_aged = (use.dispatcher for use in made)
    return Uses(warm, (routes_aged - warm.dispatcher).reads, (secrets_aged - routes_aged).reads)


def _batch(found: Bundle, platform: str, ingest: Any, dispatch: Any, sent: list[int]) -> Use:
    sent.clear()
    started = found.meter.units
    with written() as log:
        for _ in range(BATCH):
            answer = ingest(payloads.call(platform))
            assert answer["statusCode"] == 200, answer
        taken = found.meter.units
        invocations = 0
        for batch in found.batches():
            assert dispatch(batch) == {"batchItemFailures": []}
            invocations += 1
        log_bytes = len(log().encode())
    used = found.meter.units - taken
    assert sent, "nothing was sent"
    assert used.calls, "nothing was counted"
    return Use(taken - started, used, invocations, sum(sent), log_bytes)


@contextmanager
def _sent() -> Iterator[list[int]]:
    """The bytes of each callback: request line, headers, body."""
    sizes: list[int] = []
    post_all = dispatcher_app.Calls.post_all

    def counting(self: dispatcher_app.Calls, callbacks: Sequence[Callback]) -> list[Outcome]:
        for callback in callbacks:
            head = (
                len(callback.method) + len(callback.url) + sum(len(k) + len(v) + 4 for k, v in callback.headers.items())
            )
            sizes.append(head + len(callback.body))
        return post_all(self, callbacks)

    with mock.patch.object(dispatcher_app.Calls, "post_all", counting):
        yield sizes


def access_line() -> str:
    """The gateway's line for an accepted event, by the template's format."""
    text = TEMPLATE.read_text(encoding="utf-8")
    line = re.search(r"AccessLogSettings:.*?Format: >-\n\s*(\{.*?\})\n", text, re.DOTALL)
    assert line
    return re.sub(r"\$context\.([\w.]+)", lambda name: _LINE.get(name[1], "-"), line[1])


def _units(use: Uses) -> Iterator[Result]:
    warm = use.warm
    how = f"{BUDGET_PLATFORM} message, batch of ten, ten webhooks, all succeed at first; per event"
    both = [warm.ingest, warm.dispatcher]

    def each(name: str, value: float, unit: str, budget: float | None = None, how: str = how) -> Result:
        return Result(f"units.{name}", value, unit, how, budget, counted=True)

    yield each("writes", sum(use.writes for use in both) / BATCH, "write units", 2)
    yield each(
        "index_writes", sum(use.index_writes for use in both) / BATCH, "write units", how="of these, the index's"
    )
    yield each("strong_reads", sum(use.strong_reads for use in both) / BATCH, "read units", 1)
    yield each("eventual_reads", sum(use.eventual_reads for use in both) / BATCH, "read units")
    # Lambda's poller receives and deletes a batch by a request each
    sqs = sum(use.sqs_requests for use in both) + 2 * warm.invocations
    yield each("sqs_requests", sqs / BATCH, "requests", 1.3, f"{how}; with the poller's receives and deletes")
    yield each("ingest_invocations", 1, "invocations", 1)
    yield each("dispatcher_invocations", warm.invocations / BATCH, "invocations", 0.1)
    yield each("refresh_reads.routes", use.routes_reads, "read units", how="an environment looks again, once in 4 s")
    yield each("refresh_reads.secrets", use.secrets_reads, "read units", how="the same for secrets, once in 60 s")
    line = len(access_line().encode()) + 1
    yield each("access_line_bytes", line, "bytes", 200, "the template's format with values of usual length")
    yield each("log_bytes", line + warm.log_bytes / BATCH, "bytes", 500, f"{how}; the access line included")
    yield each("sent_bytes", warm.sent_bytes / BATCH / 10, "bytes", how="a callback with its headers")


def _sizes(found: Bundle) -> Iterator[Result]:
    """Items as they stand in the table."""
    items = found.dynamodb.scan(TableName=found.data_table)["Items"]
    for platform in payloads.TYPICAL:
        item = next(item for item in items if item.get("p", {}).get("S") == platform and len(item["res"]["B"]) == 240)
        payload = attribute_bytes(item["z"])
        how = f"{item['sz']['N']} bytes of payload stored in {payload}; results of ten webhooks 240"
        yield Result(f"units.item_bytes.{platform}", item_bytes(item), "bytes", how)


def _history(found: Bundle) -> Iterator[Result]:
    """What looking costs."""
    history = found.function("HistoryFunction")
    caller = {"account": seed.ACCOUNT_SID, "scopes": "read", "expires": "4102444800"}
    paths = {"list": "/v1/Assistants/demo-bot/Events"}
    listed: dict[str, Any] = {}
    for name in ("list", "fetch"):
        if name == "fetch":
            paths[name] = f"/v1/Assistants/demo-bot/Events/{listed['events'][0]['sid']}"
        started = found.meter.units
        with written():
            answer = history(http_event("GET", paths[name], authorizer=caller))
        assert answer["statusCode"] == 200, answer
        listed = listed or json.loads(answer["body"])
        what = "a page of 50 events" if name == "list" else "one event with its results"
        yield Result(f"units.history.{name}_reads", (found.meter.units - started).reads, "read units", what)


def _costs(uses: dict[tuple[str, int], Uses], own: OwnTime) -> Iterator[Result]:
    budgets = {10: 3.60, 100: 16.0}
    for fanout in FANOUT:
        lines = cost(uses[BUDGET_PLATFORM, fanout], fanout, own)
        how = ", ".join(f"{name} {dollars:.2f}" for name, dollars in lines.items())
        name = f"cost.usd_per_million.f{fanout}"
        yield Result(name, sum(lines.values()), "USD", how, budgets.get(fanout), counted=True)
        if fanout == 10:
            without = sum(lines.values()) - lines["API"]
            yield Result(f"{name}.function_url", without, "USD", "without the API's charge", 2.60, counted=True)
        for platform in payloads.TYPICAL:
            total = sum(cost(uses[platform, fanout], fanout, own).values())
            yield Result(f"{name}.{platform}", total, "USD", "its typical payload", counted=True)
        sns = prices.per_million("sns_publish") + fanout * prices.per_million("sns_http_delivery")
        bus = prices.per_million("eventbridge_event") + fanout * prices.per_million("eventbridge_api_destination")
        published = f"published prices of {prices.DATE}"
        yield Result(f"{name}.sns", sns, "USD", f"SNS to HTTP, one attempt; {published}")
        yield Result(f"{name}.eventbridge", bus, "USD", f"API destinations, one attempt; {published}")
    warm = uses[BUDGET_PLATFORM, 10].warm
    data_out = warm.sent_bytes / BATCH * 1e6 / 1e9 * prices.per_gigabyte("data_out")
    yield Result("cost.beside.data_out.f10", data_out, "USD", "per million events, ten callbacks each", counted=True)
    for name in ("month", "backup_month"):
        # an item's storage has 100 bytes more, in the table and in the index each
        stored = (1024 + 600 + 200) * 1e6 / 1e9 * prices.per_gigabyte(f"dynamodb_{name}")
        yield Result(f"cost.beside.storage.{name}", stored, "USD", "per million events kept, 1 KB, index copy")


def cost(use: Uses, fanout: int, own: OwnTime) -> dict[str, float]:
    """Dollars per million events, by what is charged."""
    warm = use.warm
    call, wait = prices.AWS_CALL_SECONDS, prices.RECEIVER_SECONDS
    functions = Template(TEMPLATE, {}).functions
    memory: dict[str, int] = {name: function.memory_mb for name, function in functions.items()}

    def gigabyte_seconds(logical_id: str, cpu_seconds: float, waiting_seconds: float) -> float:
        megabytes = memory[logical_id]
        return megabytes / 1024 * (cpu_seconds * max(1, prices.FULL_CORE_MEGABYTES / megabytes) + waiting_seconds)

    deliveries = BATCH * fanout
    ingest = gigabyte_seconds("IngestFunction", own.ingest_seconds, call)
    cpu = (
        warm.invocations * own.dispatcher_batch_seconds
        + BATCH * own.dispatcher_event_seconds
        + deliveries * own.dispatcher_delivery_seconds
    )
    posting = -(-fanout // 10) if fanout > 10 else 1  # invocations that wait for receivers
    dispatching = gigabyte_seconds("DispatcherFunction", cpu, warm.dispatcher.calls * call + posting * wait)
    seconds = dispatching / (memory["DispatcherFunction"] / 1024) / warm.invocations
    busy = warm.invocations * seconds
    looks = busy / routes.FRESH_SECONDS * use.routes_reads + busy / routes.SECRET_SECONDS * use.secrets_reads
    reads = warm.ingest.reads + warm.dispatcher.reads + looks
    writes = warm.ingest.writes + warm.dispatcher.writes
    sqs = warm.ingest.sqs_requests + warm.dispatcher.sqs_requests + 2 * warm.invocations
    log_gigabytes = (BATCH * (len(access_line()) + 1) + warm.log_bytes) * 1e6 / 1e9
    return {
        "API": prices.per_million("http_api_request"),
        "writes": writes / BATCH * prices.per_million("dynamodb_write_unit"),
        "reads": reads / BATCH * prices.per_million("dynamodb_read_unit"),
        "SQS": sqs / BATCH * prices.per_million("sqs_request"),
        "Lambda requests": (1 + warm.invocations / BATCH) * prices.per_million("lambda_request"),
        "Lambda time": (ingest + dispatching / BATCH) * prices.per_million("lambda_arm64_gb_second"),
        "logs": log_gigabytes / BATCH * prices.per_gigabyte("logs_ingested"),
    }
