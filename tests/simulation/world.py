"""The world of one schedule: real handlers on fakes of tables, queues and receivers, in virtual time.

Dispatchers, sweepers and users are functions that take turns at each of their calls to a table, a queue or a receiver
(`batons.py`); who goes on, how long a call takes and which fault happens is drawn from the scenario's seed. A fault may
happen before and after every side effect. From `calm_ms` on there are none, and the schedule goes on until nothing is
left to do; `invariants.py` says what must then be true, and some of it at every write.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import random
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.exceptions import ReadTimeoutError

from functions.dispatcher import batch, fanout, replaying, tending
from functions.dispatcher.ports import Ports
from functions.dispatcher.replaying import Replaying
from functions.dispatcher.retries import Retries
from functions.dispatcher.routes import Routes
from functions.dispatcher.tending import Tending
from functions.dispatcher.vitals import Vitals
from functions.sweeper import sweep
from parley import health as health_policy
from parley import replays
from parley.attempts import Outcome
from parley.aws import UNAVAILABLE
from parley.config_table import assistants, secrets, webhooks
from parley.config_table.transactions import ChangedMeanwhileError
from parley.data_table import erasure, jobs, keys, walk
from parley.data_table.event_lists import Wanted
from parley.data_table.events import ERASED
from parley.data_table.listing import between_times
from parley.messages import EventMessage, ReplayMessage, RetryMessage, TendMessage
from parley.queues import events as events_queue
from parley.queues import retries as retry_queue
from parley.settings import DispatcherSettings, SweeperSettings
from parley.sids import REPLAY
from parley.subscriptions import takes
from parley.webhook import ACTIVE, BY_USER, DISABLED
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, START_MS, event
from tests.simulation import queues, receivers, table
from tests.simulation.batons import Baton
from tests.simulation.scenario import (
    DELETE,
    DISABLE,
    ENABLE,
    MOVE,
    POISONED,
    Arrival,
    Change,
    Erase,
    Hook,
    Job,
    Scenario,
)

if TYPE_CHECKING:
    from parley.event import Event
    from parley.platforms.interface import Callback
    from parley.webhook import Webhook, WebhookSecrets

DATA, CONFIG, EVENTS, RETRIES = "data", "config", "events", "retries"
VISIBILITY_MS = 120_000
FUNCTION_MS = 20_000
RESERVE_MS = 3_000
SWEEPER_MS = 55_000
LIMIT_MS = 6 * 3_600_000
RETRY_RECEIVES = 3
EFFECTS = frozenset(
    (
        *("put_item", "update_item", "delete_item", "transact_write_items", "batch_execute_statement"),
        *("send_message", "send_message_batch"),
    )
)
_TARGETS = {"transact_write_items": CONFIG, "batch_execute_statement": DATA}
# What no fault draws, because it follows from times, orders and users; counted all the same.
MET = (
    "cache older than the configuration", "clock skew", "deadly event", "delete midway", "disable midway",
    "enable midway", "erasure midway", "lease expiry", "move midway", "outage", "partial batch failure",
    "platform repeats", "redriven under a new message id", "reordering", "replay taken over", "slow receiver",
    "slow table",
)  # fmt: skip
# after these what was posted may not be written, after those a message may come again that has sent others
_UNWRITTEN = frozenset(("crash before", "crash after", "timeout", "throttle", "lost response", "client repeats"))
_UNSENT = frozenset(("unprocessed keys", "partial send"))


class Crash(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Violation:
    """What must not be, and where it was seen."""

    rule: str
    detail: str


@dataclass
class Post:
    """One callback as its receiver saw it.

    Attributes:
        since_ms: Since when the invocation's view of the configuration cannot be older than a cache.
        delivered: The engine has been told of its success.
        paused: The webhook was paused at that moment.
        again: It was an attempt at an item that was claimed for it, not the first of an event's message.
        replay: The SID of the replay that sent it, if one did.
    """

    at_ms: int
    hook: int
    webhook_id: str
    url: str
    body: bytes
    status: int | None
    since_ms: int
    delivered: bool
    paused: bool
    again: bool
    round: Round
    replay: str | None


@dataclass(eq=False)
class Round:
    """Posts that were made at once.

    Attributes:
        excused: A crash, or a table's answer that was lost, may have kept their outcomes from being written.
    """

    excused: bool = False


@dataclass(eq=False)
class Invocation:
    """A function at work."""

    name: str
    environment: Environment | None
    started_ms: int
    killed_ms: int
    wake_ms: int
    since_ms: int
    baton: Baton = field(init=False)
    round: Round | None = None
    tends: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)
    looking: str | None = None
    again: bool = False
    replay: str | None = None
    sent: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Environment:
    """A dispatcher's process with its caches and its clock."""

    number: int
    skew_ms: int
    ports: Ports = field(init=False)
    invocation: Invocation | None = None


@dataclass(frozen=True)
class Begun:
    """A replay that has begun.

    Attributes:
        wanted: The events that it was to send, as things stood then.
    """

    job: Job
    sid: str
    at_ms: int
    wanted: frozenset[str]


@dataclass(frozen=True)
class Changed:
    """A change of the configuration that has happened."""

    at_ms: int
    hook: int
    kind: str
    url: str


class World:
    """One schedule.

    Attributes:
        trace: What happened, when it is asked for.
        met: What happened that no fault draws, by name (`MET`): it follows from times, orders and users.
        looks: Of each invocation that probed: its name, the webhook, how often it was to look, how often it probed.
        excuses: Copies of messages and of events by the SIDs that they are about: each may be posted once more.
    """

    def __init__(self, scenario: Scenario, *, traced: bool = False) -> None:
        self.scenario = scenario
        self.now_ms = START_MS
        self.calm_ms = START_MS + scenario.calm_ms
        self.hooks = {hook.number: hook for hook in scenario.hooks}
        self.chance = random.Random(scenario.seed * 7919 + 1)
        self.rates = dict(scenario.faults)
        self.faults: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.opportunities = 0
        self.calls = 0
        self.trace: list[str] | None = [] if traced else None
        self.violations: list[Violation] = []
        self.posts: list[Post] = []
        self.excuses: Counter[str] = Counter()
        self.accepted: dict[str, Event] = {}
        self.changed: list[Changed] = []
        self.begun: list[Begun] = []
        self.erased: dict[str, int] = {}
        self.deaths: Counter[int] = Counter()
        self._told: dict[str, Invocation] = {}
        self.looks: list[tuple[str, str, int, int]] = []
        self.running: list[Invocation] = []
        self.environments: list[Environment] = []
        self.due: dict[table.Key, int] = {}
        self._happenings: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self._swept_ms = START_MS - 60_000 + scenario.sweep_ms
        self.data = table.Table(self._now, self._lag_ms, self._index_delay_ms, self._written)
        self.config = table.Table(self._now, self._lag_ms)
        self.client = table.Client({DATA: self.data, CONFIG: self.config})
        numbers = queues.numbers()
        self.queues = {
            EVENTS: queues.Queue(EVENTS, VISIBILITY_MS, scenario.scale.max_receives, numbers),
            RETRIES: queues.Queue(RETRIES, VISIBILITY_MS, RETRY_RECEIVES, numbers),
        }
        self.sqs = queues.Client(self.queues, self._now, lambda: self.fault("partial send"))

    # --- time, chance and turns

    def _now(self) -> int:
        return self.now_ms

    def _lag_ms(self) -> int:
        return self.chance.randrange(1, 1_000) if self.fault("stale read") else 0

    def _index_delay_ms(self) -> int:
        return self.chance.choice((50, 1_000, 20_000)) if self.fault("stale index") else 0

    def note(self, text: str, *values: object) -> None:
        """Add to the trace."""
        if self.trace is not None:
            who = f"{self._current.name}: " if self._current else ""
            self.trace.append(f"{self.now_ms - START_MS:>8} {who}{text % values if values else text}")

    _current: Invocation | None = None

    def fault(self, name: str) -> bool:
        """Whether this fault happens here."""
        rate = self.rates.get(name)
        if not rate or self.now_ms >= self.calm_ms or self.chance.random() >= rate:
            return False
        number = self.opportunities
        self.opportunities += 1
        if number >= self.scenario.max_faults or number in self.scenario.muted:
            return False
        self.faults[name] += 1
        self.note("FAULT %d %s", number, name)
        if name in _UNWRITTEN:
            self._excuse_current()
        elif name in _UNSENT and self._current is not None:
            self._excuse_sent(self._current)
        return True

    def _excuse_current(self) -> None:
        """What this function has posted may not be written, what it has sent be sent again."""
        if self._current is None:
            return
        if self._current.round is not None:
            self._current.round.excused = True
        self._excuse_sent(self._current)

    def _excuse_sent(self, invocation: Invocation) -> None:
        self.excuses.update(invocation.sent)
        invocation.sent.clear()

    def sleep(self, invocation: Invocation, milliseconds: int) -> None:
        """Time passes for a function; others may go on meanwhile."""
        wake_ms = min(self.now_ms + milliseconds, invocation.killed_ms)
        if self._alone_until(invocation, wake_ms):
            self.now_ms = wake_ms
        else:
            invocation.wake_ms = wake_ms
            invocation.baton.give_back()
        if self.now_ms >= invocation.killed_ms:
            self.note("KILLED at its time limit")
            self._excuse_current()
            raise Crash

    def _alone_until(self, invocation: Invocation, wake_ms: int) -> bool:
        if self._happenings and self._happenings[0][0] <= wake_ms:
            return False
        if any(other is not invocation and other.wake_ms <= wake_ms for other in self.running):
            return False
        coming = self._next_receive_ms()
        if coming is not None and coming <= wake_ms:
            return False
        swept = self._next_sweep_ms()
        return swept is None or swept > wake_ms

    def call(
        self, environment: Environment | None, name: str, method: Callable[..., Any], request: dict[str, Any]
    ) -> Any:
        """A call of a table or queue, with what may go wrong."""
        invocation = self._current
        assert invocation is not None
        self.calls += 1
        if name == "query" and self._is_nothing(request):
            return {"Items": [], "Count": 0}
        self._wait_for_a_slow_table(invocation, name)
        stalled = self.fault("stall")
        self.sleep(invocation, self.chance.choice((100, 3_000)) if stalled else self.chance.randrange(2, 14))
        if self.trace is not None:
            self.note("%s %s", name, _shown(request))
        if environment is None:
            return method(**request)
        target = request.get("TableName") or next(iter(request.get("RequestItems", ())), None)
        if target is None:
            target = _TARGETS.get(name, "queues")
        if self._is_out(target):
            self.met["outage"] += 1
            self._excuse_current()
            raise table.refused("ProvisionedThroughputExceededException", name)
        if self.fault("throttle"):
            raise table.refused("ProvisionedThroughputExceededException", name)
        if name == "batch_get_item" and self.fault("unprocessed keys"):
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
        if name not in EFFECTS:
            return method(**request)
        if target == "queues":
            self._sends(invocation, request)
        if name == "batch_execute_statement" and self.fault("refused statements"):
            method = partial(self._refusing, method)
        return self._affect(method, request, target)

    def _wait_for_a_slow_table(self, invocation: Invocation, name: str) -> None:
        slow, since_ms = self.scenario.slowness, self.now_ms - START_MS
        if slow and slow.from_ms <= since_ms < slow.to_ms and invocation.environment and not name.startswith("send"):
            self.met["slow table"] += 1
            self.sleep(invocation, slow.call_ms)

    def _affect(self, method: Callable[..., Any], request: dict[str, Any], target: object) -> Any:
        """A side effect, with what may go wrong before and after it."""
        self._may_die("crash before")
        answer = method(**request)
        if self.fault("client repeats"):
            # botocore had no answer and sent the same again
            self._excuse_copies(request)
            answer = method(**request)
        if self.fault("lost response"):
            self._excuse_copies(request)
            raise ReadTimeoutError(endpoint_url=str(target))
        self._may_die("crash after")
        return answer

    def _refusing(self, method: Callable[..., Any], *, Statements: Sequence[Any]) -> dict[str, Any]:  # noqa: N803
        """Some statements of a request are throttled, the others run."""
        refused = {number for number in range(len(Statements)) if self.chance.random() < 0.5}
        kept = [statement for number, statement in enumerate(Statements) if number not in refused]
        answers = iter(method(Statements=kept)["Responses"] if kept else [])
        throttled = {"Error": {"Code": "ThrottlingError", "Message": "throttled"}}
        return {"Responses": [throttled if number in refused else next(answers) for number in range(len(Statements))]}

    def _is_nothing(self, request: Mapping[str, Any]) -> bool:
        """One empty shard of many: whoever reads them all takes a turn at the first, which is enough."""
        values = request["ExpressionAttributeValues"]
        if "IndexName" in request:
            return not self.data.index_partition(values[":ipk"]["S"])
        partition: str = values[":pk"]["S"]
        return partition.startswith("U#") and partition[-1] != "0" and not self.data.partitions.get(partition)

    def _sends(self, invocation: Invocation, request: Mapping[str, Any]) -> None:
        """Copies of messages that the protocol itself makes."""
        for body in [entry["MessageBody"] for entry in request.get("Entries", ())]:
            if '"kind":"chunk"' in body:
                # should anything go wrong from here on, the event's message comes again and sends them again
                invocation.sent.update(_subjects(body))
        for sid in _subjects(request["MessageBody"]) if "MessageBody" in request else ():
            # two that look after one webhook at once tell the same: one event, as a platform's repeat is
            if self._told.setdefault(sid, invocation) is not invocation:
                self.excuses[sid] += 1

    def _excuse_copies(self, request: Mapping[str, Any]) -> None:
        for entry in (request, *request.get("Entries", ())):
            if "MessageBody" in entry:
                self._excuse(entry["MessageBody"])

    def _is_out(self, target: str) -> bool:
        since_ms = self.now_ms - START_MS
        return any(out.what == target and out.from_ms <= since_ms < out.to_ms for out in self.scenario.outages)

    def _may_die(self, name: str) -> None:
        if self.fault(name):
            raise Crash
        if self.fault("timeout"):
            assert self._current is not None
            # it hangs until its time limit, and others go on
            self.sleep(self._current, FUNCTION_MS)
            raise Crash

    # --- what the code under test is given

    def _environment(self) -> Environment:
        skew = self.scenario.skew_ms
        made = Environment(next(self._numbers), self.chance.randint(-skew, skew))
        self.met["clock skew"] += made.skew_ms != 0

        def now_ms() -> int:
            return self.now_ms + made.skew_ms

        dynamodb: Any = Faulty(self, made, self.client)
        sqs: Any = Faulty(self, made, self.sqs)
        made.ports = Ports(
            settings=SETTINGS,
            dynamodb=dynamodb,
            sqs=sqs,
            poster=Receivers(self),
            routes=Routes(Configured(dynamodb, now_ms), lambda: now_ms() / 1000),
            vitals=Vitals(dynamodb, DATA, now_ms),
            now_ms=now_ms,
            unit=(lambda: 0.5) if self.scenario.steady else self.chance.random,
            sleep=self._sleep_seconds,
        )
        return made

    def _sleep_seconds(self, seconds: float) -> None:
        assert self._current is not None
        self.sleep(self._current, round(seconds * 1000))

    def post_all(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        """What the receivers of these calls answer."""
        invocation = self._current
        assert invocation is not None
        assert invocation.environment is not None
        self._may_die("crash before")
        invocation.round = made = Round()
        outcomes: list[Outcome] = []
        dead = 0
        for callback in callbacks:
            number = int(callback.url.removeprefix("https://receiver-").partition(".")[0])
            hook = self.hooks[number]
            webhook_id = callback.headers["webhook-id"]
            given = receivers.answer(hook, _event_number(callback.body), self.now_ms - START_MS, self.chance)
            lost = given.status is not None and self.fault("lost answer")
            status = None if lost else given.status
            webhook = self.stored_webhook(number)
            paused = webhook is not None and webhook["status"]["S"] == "paused"
            self.met["slow receiver"] += given.duration_ms > health_policy.SLOW_MS
            is_old = webhook is None or webhook["status"]["S"] == DISABLED or webhook["url"]["S"] != callback.url
            self.met["cache older than the configuration"] += is_old
            self.note("POST to %d %s: %s", number, webhook_id[-6:], given.status)
            self.posts.append(
                Post(
                    at_ms=self.now_ms,
                    hook=number,
                    webhook_id=webhook_id,
                    url=callback.url,
                    body=callback.body,
                    status=given.status,
                    since_ms=invocation.since_ms,
                    delivered=status is not None and 200 <= status < 300,
                    paused=paused,
                    again=invocation.again,
                    round=made,
                    replay=invocation.replay if invocation.again else None,
                )
            )
            if invocation.again and self.scenario.deadly == _event_number(callback.body) > 0:
                dead = number
            if paused and invocation.looking == webhook_sid(number):
                invocation.probes[invocation.looking] += 1
            outcomes.append(
                Outcome(
                    started_ms=self.now_ms + invocation.environment.skew_ms,
                    duration_ms=given.duration_ms,
                    status_code=status,
                    error="timeout" if status is None else None,
                    retry_after=given.retry_after,
                )
            )
        if dead:
            # not a fault that is drawn: it kills whoever posts it again, for ever
            self.met["deadly event"] += 1
            self.deaths[dead] += 1
            self._excuse_current()
            raise Crash
        self.sleep(invocation, max(outcome.duration_ms for outcome in outcomes))
        invocation.since_ms = self.now_ms
        self._may_die("crash after")
        return outcomes

    def stored_webhook(self, number: int) -> table.Item | None:
        """A webhook as the config table has it."""
        return self.config.get((ASSISTANT, webhook_sid(number)), consistent=True)

    # --- what happens

    def run(self) -> None:
        """The whole schedule."""
        self._prepare()
        while not self.violations:
            ready = self._ready()
            if ready:
                ready[self.chance.randrange(len(ready))]()
                continue
            coming = self._next_ms()
            if coming is None or self._is_settled():
                return
            if coming > START_MS + LIMIT_MS:
                self.violations.append(Violation("settles", f"still at work: {sorted(self.due)}"))
                return
            self.now_ms = coming

    def _prepare(self) -> None:
        client: Any = self.client
        assistants.create(client, CONFIG, account_sid=ACCOUNT, unique_name="simulated", now_ms=START_MS, sid=ASSISTANT)
        for hook in self.scenario.hooks:
            webhooks.create(
                client,
                CONFIG,
                account_sid=ACCOUNT,
                assistant_sid=ASSISTANT,
                unique_name=f"hook {hook.number}",
                events=hook.events,
                url=_url(hook),
                secret="a secret",
                now_ms=START_MS,
                retry_schedule=hook.schedule,
                sid=webhook_sid(hook.number),
            )
        for arrival in self.scenario.arrivals:
            self._at(arrival.at_ms, partial(self._arrive, arrival, "first"))
            if arrival.again_after_ms is not None:
                at_ms = arrival.at_ms + arrival.again_after_ms
                self._at(at_ms, partial(self._arrive, arrival, "again"))
        for change in self.scenario.changes:
            self._at(change.at_ms, partial(self._start_change, change))
        for job in self.scenario.jobs:
            self._at(job.at_ms, partial(self._begin_replay, job))
        for erase in self.scenario.erasures:
            self._at(erase.at_ms, partial(self._start_erasure, erase))
        for number in range(1, 4):
            self._at(number * self.scenario.calm_ms // 4, self._maybe_redrive)
            self._at(number * self.scenario.calm_ms // 4, self._maybe_lose)
        self._at(self.scenario.calm_ms, self._redrive)

    def _at(self, since_ms: int, happening: Callable[[], None]) -> None:
        heapq.heappush(self._happenings, (START_MS + since_ms, next(self._order), happening))

    def _ready(self) -> list[Callable[[], None]]:
        now_ms = self.now_ms
        if self._happenings and self._happenings[0][0] <= now_ms:
            return [heapq.heappop(self._happenings)[2]]
        ready: list[Callable[[], None]] = [
            partial(self._resume, invocation) for invocation in self.running if invocation.wake_ms <= now_ms
        ]
        ready += [
            partial(self._receive, name)
            for name, queue in self.queues.items()
            if self._has_room(name) and any(message.visible_ms <= now_ms for message in queue.messages.values())
        ]
        swept = self._next_sweep_ms()
        if swept is not None and swept <= now_ms:
            ready.append(self._start_sweep)
        return ready

    def _has_room(self, queue: str) -> bool:
        return sum(invocation.name.startswith(queue) for invocation in self.running) < self.scenario.crowd

    def _next_receive_ms(self) -> int | None:
        times = [
            message.visible_ms
            for name, queue in self.queues.items()
            if queue.messages and self._has_room(name)
            for message in queue.messages.values()
        ]
        return min(times, default=None)

    def _next_sweep_ms(self) -> int | None:
        """The minute in which a sweeper would find something; in the others it is not run at all."""
        if not self.due:
            return None
        wanted_ms = max(self._swept_ms + 1, min(self.due.values()) if self.now_ms >= self.calm_ms else 0, self.now_ms)
        return self._swept_ms + -(-(wanted_ms - self._swept_ms) // 60_000) * 60_000

    def _next_ms(self) -> int | None:
        times = [invocation.wake_ms for invocation in self.running]
        if self._happenings:
            times.append(self._happenings[0][0])
        times += [at_ms for at_ms in (self._next_receive_ms(), self._next_sweep_ms()) if at_ms is not None]
        return max(self.now_ms, min(times)) if times else None

    def _is_settled(self) -> bool:
        if self.running or self._happenings or any(queue.messages for queue in self.queues.values()):
            return False
        return all(self._rests(key) for key in self.due)

    def _rests(self, key: table.Key) -> bool:
        """A webhook that its user or its receiver keeps out of service is looked at for ever."""
        if keys.is_job(key[0]):
            return self._replay_rests(key)
        if not keys.is_health(key[0]):
            return False
        health = self.data.get(key, consistent=True)
        number = int(keys.webhook_of_health(key[0])[2:], 16)
        webhook = self.stored_webhook(number)
        if health is None or webhook is None or "hs" not in health:
            return False
        state, status = health["hs"]["S"], webhook["status"]["S"]
        announced = health.get("an") == health.get("ep")
        return announced and state == status and (status == DISABLED or self._refuses_all(number))

    def _replay_rests(self, key: table.Key) -> bool:
        """One that waits for such a webhook, or for another that does."""
        client: Any = self.client
        replay = jobs.load(client, DATA, keys.webhook_of_job(key[0]), key[1])
        if replay is None or replay.status != replays.WAITING:
            return False
        if replay.reason == replays.OLDER_REPLAY:
            return any(other != key and other[0] == key[0] for other in self.due)
        webhook = self.stored_webhook(int(replay.webhook_sid[2:], 16))
        return webhook is not None and webhook["status"]["S"] != ACTIVE

    def _refuses_all(self, number: int) -> bool:
        """What waits is what its receiver never takes."""
        if self.hooks[number].until_ms is None:
            return True
        waiting = {
            sk.partition("#")[2]
            for partition in keys.undelivered_partitions(webhook_sid(number))
            for sk in self.data.partitions.get(partition, ())
        }
        return self.hooks[number].receiver == POISONED and waiting == {event(1).sid}

    def _start(
        self, name: str, environment: Environment | None, body: Callable[[Invocation], None], limit_ms: int
    ) -> Invocation:
        now_ms = self.now_ms
        made = Invocation(name, environment, now_ms, now_ms + limit_ms, now_ms, now_ms)
        made.baton = Baton(lambda: body(made))
        if environment is not None:
            environment.invocation = made
        self.running.append(made)
        return made

    def _resume(self, invocation: Invocation) -> None:
        self._current = invocation
        try:
            invocation.baton.resume()
        except Crash:
            self.note("DEAD")
            if invocation.environment in self.environments:
                self.environments.remove(invocation.environment)
        except Exception as error:  # noqa: BLE001 — whatever it is, it is the finding
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.violations.append(Violation("no handler raises", f"{error!r} at {where.filename}:{where.lineno}"))
        finally:
            self._current = None
        if invocation.baton.finished:
            self.running.remove(invocation)
            for sid, probes in invocation.probes.items():
                self.looks.append((invocation.name, sid, invocation.tends[sid], probes))
            if invocation.environment is not None:
                invocation.environment.invocation = None

    def stop(self) -> None:
        """End what is still at work."""
        for invocation in list(self.running):
            invocation.killed_ms = self.now_ms
            with suppress(BaseException):
                while not invocation.baton.finished:
                    self._resume(invocation)

    # --- platforms and users

    def _arrive(self, arrival: Arrival, which: str) -> None:
        made = event(arrival.number, received_ms=self.now_ms, rid=f"rid-{arrival.number}-{which}")
        sqs: Any = self.sqs
        events_queue.send(sqs, EVENTS, EventMessage(made))
        self.note("ARRIVES %s %s", made.sid[-4:], which)
        if which == "again":
            self.met["platform repeats"] += 1
            self.excuses[made.sid] += 1
        self.accepted.setdefault(made.sid, made)

    def _begin_replay(self, job: Job) -> None:
        """As the management API does; what it is to send follows from what the index has and how all stands now."""
        sid = f"{REPLAY}{self.now_ms:012x}{job.number:020x}"
        replay = jobs.Replay(
            sid=sid,
            webhook_sid=webhook_sid(job.hook),
            assistant_sid=ASSISTANT,
            account_sid=ACCOUNT,
            mode=job.mode,
            from_ms=None,
            to_ms=self.now_ms,
            type=None,
            platform=None,
            conversation_id=None,
            dry_run=job.dry_run,
            rate=job.rate,
            created_ms=self.now_ms,
            status=replays.COUNTING,
        )
        client: Any = self.client
        if self.stored_webhook(job.hook) is None:
            return
        self.begun.append(Begun(job, sid, self.now_ms, frozenset(self._wanted(replay))))
        jobs.create(client, DATA, replay, due_ms=self.now_ms + 60_000)
        self.note("REPLAY %s %s", sid[-4:], job)
        sqs: Any = self.sqs
        with suppress(*UNAVAILABLE):
            retry_queue.send_replays(sqs, RETRIES, [ReplayMessage(ACCOUNT, ASSISTANT, replay.webhook_sid, replay.sid)])
        if job.cancelled_after_ms is not None:
            at_ms = self.now_ms - START_MS + job.cancelled_after_ms
            self._at(at_ms, lambda: self._cancel_replay(replay.webhook_sid, sid))

    def _cancel_replay(self, webhook: str, sid: str) -> None:
        client: Any = self.client
        jobs.cancel(client, DATA, webhook, sid)

    def _wanted(self, replay: jobs.Replay) -> Iterator[str]:
        client: Any = self.client
        webhook = webhooks.load(client, CONFIG, ASSISTANT, replay.webhook_sid, consistent=True)
        assert webhook is not None
        after: str | None = None
        while True:
            stretch = walk.onward(
                client,
                DATA,
                ASSISTANT,
                shards=8,
                wanted=Wanted(),
                between=between_times(None, replay.to_ms),
                after=after,
            )
            known = walk.standings(client, DATA, replay.webhook_sid, stretch.events)
            for listed in stretch.events:
                standing = known[listed.event_sid]
                matches = takes(webhook, listed)
                if standing.committed and replays.wanted(replay.mode, standing.status, matches=matches):
                    yield listed.event_sid
            if (after := stretch.reached) is None:
                return

    def _start_erasure(self, erase: Erase) -> None:
        self._start(f"user erases {erase.event}", None, lambda _: self._erase(event(erase.event).sid), SWEEPER_MS)

    def _erase(self, sid: str) -> None:
        erasing = erasure.Erasure(
            client=Faulty(self, None, self.client),  # type: ignore[arg-type] # as all that is given to the code
            table=DATA,
            assistant_sid=ASSISTANT,
            webhook_sids=[webhook_sid(number) for number in self.hooks],
            now_ms=self.now_ms,
            time_left=lambda: True,
        )
        if erasing.erase(sid):
            self.note("ERASED %s", sid[-4:])
            self.erased[sid] = self.now_ms
            self.met["erasure midway"] += len(self.running) > 1

    def _start_change(self, change: Change) -> None:
        self._start(f"user {change.kind} {change.hook}", None, lambda _: self._change(change), SWEEPER_MS)

    def _change(self, change: Change) -> None:
        """As the management API does: read, decide, write under the version that was read, and again if it was late."""
        client: Any = Faulty(self, None, self.client)
        sid = webhook_sid(change.hook)
        while present := webhooks.load_record(client, CONFIG, ASSISTANT, sid):
            webhook = present.webhook
            try:
                match change.kind:
                    case x if x == DELETE:
                        webhooks.remove(client, CONFIG, present)
                    case x if x == MOVE:
                        moved = replace(webhook, url=webhook.url + "/moved")
                        webhooks.change(client, CONFIG, present, moved, now_ms=self.now_ms)
                        webhook = moved
                    case x if x == DISABLE:
                        if webhook.status == DISABLED and webhook.status_reason == BY_USER:
                            return
                        self._switch(client, present, DISABLED, BY_USER)
                    case x if x == ENABLE:
                        if webhook.status != DISABLED:
                            return
                        self._switch(client, present, ACTIVE, None)
            except ChangedMeanwhileError:
                continue
            self.note("CHANGED")
            self.changed.append(Changed(self.now_ms, change.hook, change.kind, webhook.url))
            if len(self.running) > 1 or any(queue.messages for queue in self.queues.values()):
                self.met[f"{change.kind} midway"] += 1
            return

    def _switch(self, client: Any, present: webhooks.WebhookRecord, status: str, reason: str | None) -> None:
        webhook = present.webhook
        switched = replace(
            webhook,
            enabled=status != DISABLED,
            status=status,
            status_reason=reason,
            status_since_ms=self.now_ms,
        )
        webhooks.change(client, CONFIG, present, switched, now_ms=self.now_ms)

    # --- the event source mappings and the schedule

    def _receive(self, name: str) -> None:
        queue = self.queues[name]
        visible = queue.visible(self.now_ms)
        if not visible:
            return
        self.chance.shuffle(visible)
        taken = visible[: self.chance.choice((1, 2, 10))]
        self.met["reordering"] += [message.number for message in taken] != sorted(message.number for message in taken)
        queue.receive(taken, self.now_ms)
        batch_records = _records(taken)
        for message in taken:
            if self.fault("duplicate receive"):
                message.visible_ms = self.now_ms + self.chance.choice((0, 20, 2_000))
                self._excuse(message.body, claims=True)
        idle = [environment for environment in self.environments if environment.invocation is None]
        if idle and self.chance.random() < 0.9:
            environment = self.chance.choice(idle)
        else:
            environment = self._environment()
            self.environments.append(environment)
        numbers = [message.number for message in taken]

        def body(invocation: Invocation) -> None:
            deadline_ms = environment.ports.now_ms() + FUNCTION_MS - RESERVE_MS
            failed = batch.run(environment.ports, batch_records, deadline_ms=deadline_ms)
            self._acknowledge(queue, numbers, failed, invocation)

        invocation = self._start(f"{name} e{environment.number}", environment, body, FUNCTION_MS)
        self.note("%s receives %s", invocation.name, numbers)

    def _acknowledge(
        self, queue: queues.Queue, numbers: Sequence[int], failed: Sequence[str], invocation: Invocation
    ) -> None:
        done = [number for number in numbers if str(number) not in failed]
        self.met["partial batch failure"] += 0 < len(done) < len(numbers)
        if self.fault("batch again"):
            done = []
        for number in list(done):
            if self.fault("not deleted"):
                done.remove(number)
        if len(done) < len(numbers):
            # an event that was cut into chunks, and comes again, sends them again
            self._excuse_sent(invocation)
        for number in set(numbers) - set(done):
            if number in queue.messages and str(number) not in failed:
                # what was handled is recognised when it comes again, but a look is a look
                self.excuses.update(_tended([queue.messages[number].body]))
        self.note("deletes %s of %s", done, numbers)
        queue.delete(done)

    def _excuse(self, body: str, *, claims: bool = False) -> None:
        """There is a second copy of this message; that of a retry is what the claim is for."""
        if claims and '"kind":"retry"' in body:
            return
        for sid in _subjects(body):
            self.excuses[sid] += 1

    def _start_sweep(self) -> None:
        self._swept_ms = self._next_sweep_ms() or self.now_ms
        self._start("sweeper", Environment(0, 0), self._sweep, SWEEPER_MS)
        if self.fault("second sweeper"):
            self._start("sweeper 2", Environment(0, 0), self._sweep, SWEEPER_MS)

    def _sweep(self, invocation: Invocation) -> None:
        dynamodb: Any = Faulty(self, invocation.environment, self.client)
        sqs: Any = Faulty(self, invocation.environment, self.sqs)
        ports = sweep.Ports(SweeperSettings(DATA, RETRIES, 1.0), dynamodb, sqs, self._now)
        try:
            sweep.sweep(ports, deadline_ms=self.now_ms + SWEEPER_MS - 5_000)
        except UNAVAILABLE:
            self.note("the sweeper gave up")

    def _maybe_lose(self) -> None:
        """RetryQueue only makes prompt: whatever it holds may be lost."""
        if self.queues[RETRIES].messages and self.fault("lost retries"):
            self.queues[RETRIES].messages.clear()

    def _maybe_redrive(self) -> None:
        if self.fault("redrive"):
            self._redrive()

    def _redrive(self) -> None:
        for queue in self.queues.values():
            queue.visible(self.now_ms)
            if letters := queue.redrive(self.now_ms):
                self.met["redriven under a new message id"] += letters
                self.note("REDRIVE %s", queue.name)
        if self.now_ms >= self.calm_ms and any(queue.messages for queue in self.queues.values()):
            self._at(self.now_ms - START_MS + 613_000, self._redrive)

    # --- watched at every write

    def _written(self, key: table.Key, before: table.Item | None, item: table.Item | None) -> None:
        if item is not None and "isk" in item and item["ipk"]["S"].startswith("DUE#"):
            self.due[key] = int(item["isk"]["S"][:13])
        else:
            self.due.pop(key, None)
        if before is not None and item is not None:
            self._expect_kept(key, before, item)
        if key[0].startswith("U#") and _is_stranded(item):
            self._expect_watched(keys.webhook_of_undelivered(key[0]), f"parked {key}")
        elif keys.is_health(key[0]) and (item is None or "isk" not in item):
            webhook = keys.webhook_of_health(key[0])
            for partition in keys.undelivered_partitions(webhook):
                for waiting in self.data.partitions.get(partition, {}).values():
                    if _is_stranded(waiting):
                        self._expect_watched(webhook, f"let go of {waiting['sk']}")

    def _expect_kept(self, key: table.Key, before: table.Item, item: table.Item) -> None:
        if key[0].startswith("UA") and ERASED not in item:
            self.violations.append(Violation("written once", f"{key[1]} is written again"))
        elif key[0].startswith("U#") and "lease" in before and item.get("lease", before["lease"]) != before["lease"]:
            self.met["lease expiry"] += 1
        if keys.is_job(key[0]) and "lh" in before and item.get("lh", before["lh"]) != before["lh"]:
            self.met["replay taken over"] += 1
        if key[0].startswith("U#") and int(item["at"]["N"]) < int(before["at"]["N"]):
            self.violations.append(Violation("attempts count", f"{key[1]}: {item['at']} after {before['at']}"))

    def _expect_watched(self, webhook: str, what: str) -> None:
        health = self.data.get((f"H#{webhook}", "H"), consistent=True)
        if health is None or "isk" not in health:
            self.note("VIOLATION: stranded")
            self.violations.append(Violation("looked after", f"{what}, and nobody looks after {webhook[-4:]}"))


def _is_stranded(item: table.Item | None) -> bool:
    return item is not None and "isk" not in item and item["st"]["S"] in ("waiting", "retrying")


class Faulty:
    """A client whose calls take their turns and go wrong."""

    def __init__(self, world: World, environment: Environment | None, client: object) -> None:
        self._world = world
        self._environment = environment
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            return self._world.call(self._environment, name, method, request)

        self.__dict__[name] = call
        return call


@dataclass(frozen=True)
class Receivers:
    """The HTTP client of an environment."""

    world: World

    def post_all(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        """Make these calls."""
        return self.world.post_all(callbacks)


@dataclass(frozen=True)
class Configured:
    """The configuration as the dispatcher's `app.Tables` reads it, with the world's clock."""

    client: Any
    now_ms: Callable[[], int]

    def webhooks_version(self, assistant_sid: str) -> int:
        """Counts the changes."""
        return webhooks.load_version(self.client, CONFIG, assistant_sid)

    def webhooks(self, assistant_sid: str) -> tuple[int, list[Webhook]]:
        """All of them."""
        return webhooks.load_all(self.client, CONFIG, assistant_sid, consistent=True)

    def webhook(self, assistant_sid: str, webhook_sid: str) -> Webhook | None:
        """One, read strongly."""
        return webhooks.load(self.client, CONFIG, assistant_sid, webhook_sid, consistent=True)

    def secrets(self, webhook_sids: Iterable[str]) -> Mapping[str, WebhookSecrets]:
        """What callbacks are signed with."""
        return secrets.load_webhook_secrets(self.client, CONFIG, list(webhook_sids), now_seconds=self.now_ms() / 1000)

    def set_status(self, webhook: Webhook, status: str, *, reason: str | None) -> None:
        """The engine's switch."""
        webhooks.set_status(self.client, CONFIG, webhook, status=status, reason=reason, now_ms=self.now_ms())


SETTINGS = DispatcherSettings(
    config_table=CONFIG,
    data_table=DATA,
    events_queue_url=EVENTS,
    retry_queue_url=RETRIES,
    public_url="",
    own_urls=(),
    retention_days=30,
    event_shards=8,
    allow_http_targets=False,
    allowed_private_cidrs=(),
    time_scale=1.0,
)


def webhook_sid(number: int) -> str:
    """The SID of a scenario's webhook."""
    return f"UM{number:032x}"


def _url(hook: Hook) -> str:
    return f"https://receiver-{hook.number}.example/hook"


def _event_number(body: bytes) -> int:
    """0 for Parley's own events."""
    if not body.startswith(b'{"event":"message_created","id":'):
        return 0
    return int(body.rpartition(b":")[2].rstrip(b"}"))


def _records(messages: Iterable[queues.Message]) -> list[dict[str, Any]]:
    return [
        {
            "messageId": str(message.number),
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.receives)},
        }
        for message in messages
    ]


def _shown(request: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in request.items() if name not in ("TableName", "ExpressionAttributeNames")}
    return str(shown)[:400]


def _subjects(body: str) -> Iterator[str]:
    """What a message is about: an event, or a webhook that is looked after."""
    message = json.loads(body)
    match message["kind"]:
        case "event":
            yield message["sid"]
        case "commit":
            yield message["event"]["sid"]
        case "tend":
            yield message["webhook_sid"]
        case "replay":
            yield message["replay_sid"]
        case _:
            yield message["event_sid"]


def _tended(bodies: Iterable[str]) -> Iterator[str]:
    return (sid for body in bodies if '"kind":"tend"' in body for sid in _subjects(body))


def _looking(world: World, run: Callable[..., None]) -> Callable[..., None]:
    """Looking after a webhook, with a note of it."""

    def noted(self: Tending, message: TendMessage, *, deadline_ms: int) -> None:
        invocation = world._current
        assert invocation is not None
        invocation.tends[message.webhook_sid] += 1
        invocation.looking = message.webhook_sid
        try:
            run(self, message, deadline_ms=deadline_ms)
        finally:
            invocation.looking = None

    return noted


def _attempting(world: World, attempt: Callable[..., Any]) -> Callable[..., Any]:
    """Attempts at claimed items, noted as such."""

    def noted(self: Retries, messages: Sequence[RetryMessage], *, deadline_ms: int) -> Any:
        invocation = world._current
        assert invocation is not None
        invocation.again = True
        try:
            return attempt(self, messages, deadline_ms=deadline_ms)
        finally:
            invocation.again = False

    return noted


def _replaying(world: World, run: Callable[..., None]) -> Callable[..., None]:
    """A replay at work, noted as such."""

    def noted(self: Replaying, message: ReplayMessage, *, deadline_ms: int) -> None:
        invocation = world._current
        assert invocation is not None
        invocation.replay = message.replay_sid
        try:
            run(self, message, deadline_ms=deadline_ms)
        finally:
            invocation.replay = None

    return noted


@contextmanager
def scaled(world: World) -> Iterator[None]:
    """The engine's numbers made small, its log silent, and its random ids the seed's."""
    scale = world.scenario.scale
    identity = SimpleNamespace(uuid4=lambda: uuid.UUID(int=world.chance.getrandbits(128)))
    logging.disable(logging.CRITICAL)
    with (
        mock.patch.object(fanout, "INLINE_TARGETS", scale.inline_targets),
        mock.patch.object(health_policy, "PAUSE_AFTER_FAILURES", scale.pause_after_failures),
        mock.patch.object(health_policy, "PAUSE_AFTER_MS", scale.pause_after_ms),
        mock.patch.object(tending, "DRAIN_AT_ONCE", scale.drain_at_once),
        mock.patch.object(batch, "RECORD_ONLY_AFTER_RECEIVES", scale.record_only_after),
        mock.patch.object(sweep, "PAGE", scale.page),
        mock.patch.object(tending, "uuid", identity),
        mock.patch.object(replaying, "uuid", identity),
        mock.patch.object(replaying, "AT_ONCE", scale.drain_at_once),
        mock.patch.object(walk, "_LOOK", 1 + scale.page),
        mock.patch.object(Replaying, "run", _replaying(world, Replaying.run)),
        mock.patch.object(Tending, "run", _looking(world, Tending.run)),
        mock.patch.object(Retries, "_attempt", _attempting(world, Retries._attempt)),
    ):
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def play(scenario: Scenario, *, traced: bool = False) -> World:
    """Run a schedule and look at what came of it."""
    from tests.simulation import invariants  # noqa: PLC0415

    world = World(scenario, traced=traced)
    with scaled(world):
        try:
            world.run()
            if not world.violations:
                world.violations += invariants.broken(world)
        finally:
            world.stop()
    return world
