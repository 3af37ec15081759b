"""A world around the real dispatcher and sweeper: the template's tables, and queues, receivers and time of its own.

A `Crash` may be planned before or after any side effect on a table or a queue: the process dies there, whatever it held
is gone, and its message comes back as SQS would bring it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from functions.dispatcher import batch
from functions.dispatcher.ports import Ports
from functions.dispatcher.routes import Routes
from functions.dispatcher.vitals import Vitals
from functions.sweeper import sweep
from parley.attempts import Outcome
from parley.attributes import from_item
from parley.data_table import events, undelivered
from parley.data_table import health as health_items
from parley.event import Event
from parley.messages import EventMessage, encode
from parley.settings import DispatcherSettings, SweeperSettings
from parley.sids import delivery_sid
from parley.webhook import Webhook, WebhookSecrets

if TYPE_CHECKING:
    from parley.health import Health
    from parley.platforms.interface import Callback
    from tests.functional.stack import Stack

ACCOUNT = "AC" + "a" * 32
ASSISTANT = "UA" + "b" * 32
START_MS = 1_700_000_000_000
DAY_MS = 86_400_000


class Crash(BaseException):
    """The process dies here."""


def webhook(number: int, **changes: Any) -> Webhook:
    made = Webhook(
        sid=f"UM{number:032x}",
        account_sid=ACCOUNT,
        assistant_sid=ASSISTANT,
        unique_name=f"hook {number}",
        events="*",
        url=f"https://receiver-{number}.example/hook",
        method="POST",
        format="native",
        jwt="auto",
        retry_schedule=(5, 300, 1800),
        header_names=(),
        enabled=True,
        status="active",
        status_reason=None,
        status_since_ms=None,
        version=1,
        created_ms=START_MS,
        updated_ms=START_MS,
    )
    return replace(made, **changes)


def event(number: int = 1, **changes: Any) -> Event:
    made = Event(
        sid=f"EV{number:032x}",
        account_sid=ACCOUNT,
        assistant_sid=ASSISTANT,
        source_sid="SR" + "c" * 32,
        platform="messagehub",
        name="message_created",
        type="message.received",
        status="accepted",
        reason=None,
        conversation_id="12",
        occurred_ms=None,
        received_ms=START_MS,
        rid=f"rid-{number}",
        method="POST",
        content_type="application/json",
        payload=b'{"event":"message_created","id":%d}' % number,
    )
    return replace(made, **changes)


@dataclass
class Configuration:
    """The config table's part, without the table."""

    hooks: dict[str, Webhook]
    clock: Callable[[], int]
    version: int = 1
    loads: int = 0

    def webhooks_version(self, assistant_sid: str) -> int:
        assert assistant_sid == ASSISTANT
        return self.version

    def webhooks(self, assistant_sid: str) -> tuple[int, list[Webhook]]:
        assert assistant_sid == ASSISTANT
        self.loads += 1
        return self.version, list(self.hooks.values())

    def webhook(self, assistant_sid: str, webhook_sid: str) -> Webhook | None:
        assert assistant_sid == ASSISTANT
        return self.hooks.get(webhook_sid)

    def secrets(self, webhook_sids: Iterable[str]) -> Mapping[str, WebhookSecrets]:
        return {sid: WebhookSecrets(("a secret",), {}) for sid in webhook_sids if sid in self.hooks}

    def set_status(self, webhook: Webhook, status: str, *, reason: str | None) -> None:
        """As the table does: the engine's change gives way to one that was made meanwhile."""
        if self.hooks.get(webhook.sid) and self.hooks[webhook.sid].version == webhook.version:
            self.change(
                replace(
                    webhook,
                    status=status,
                    status_reason=reason,
                    status_since_ms=self.clock(),
                    enabled=status != "disabled",
                    version=webhook.version + 1,
                )
            )

    def change(self, webhook: Webhook) -> None:
        self.hooks[webhook.sid] = webhook
        self.version += 1

    def delete(self, webhook: Webhook) -> None:
        del self.hooks[webhook.sid]
        self.version += 1


@dataclass
class Message:
    queue: str
    body: str
    visible_ms: int
    number: int
    receives: int = 0


@dataclass
class World:
    stack: Stack
    hooks: Sequence[Webhook]
    answer: Callable[[int, int], int | None] = lambda number, attempt: 200
    shards: int = 8
    now_ms: int = START_MS
    crash_at: int | None = None
    effects: int = 0
    posts: list[tuple[int, str]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    numbers: int = 0
    next_sweep_ms: int = START_MS
    duration_ms: Callable[[int], int] = lambda number: 3

    def __post_init__(self) -> None:
        self.configuration = Configuration({hook.sid: hook for hook in self.hooks}, lambda: self.now_ms)
        self.restart()

    # --- what the code under test is given

    def restart(self) -> None:
        """A new environment: no cache survives."""
        settings = DispatcherSettings(
            config_table="config",
            data_table=self.stack.data_table,
            events_queue_url="events",
            retry_queue_url="retries",
            public_url="",
            own_urls=(),
            retention_days=30,
            event_shards=self.shards,
            allow_http_targets=False,
            allowed_private_cidrs=(),
            time_scale=1.0,
        )
        self.ports = Ports(
            settings=settings,
            dynamodb=self.faulty(self.stack.dynamodb),
            sqs=self.faulty(Queues(self)),
            poster=self,
            routes=Routes(self.configuration, lambda: self.now_ms / 1000),
            vitals=Vitals(self.faulty(self.stack.dynamodb), self.stack.data_table, lambda: self.now_ms),
            now_ms=lambda: self.now_ms,
            unit=lambda: 0.5,
            sleep=self._sleep,
        )

    def faulty(self, client: Any) -> Any:
        return Faulty(client, self)

    def _sleep(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    def post_all(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        outcomes = []
        for callback in callbacks:
            number = int(callback.url.removeprefix("https://receiver-").partition(".")[0])
            webhook_id = callback.headers["webhook-id"]
            self.posts.append((number, webhook_id))
            self.times.append(self.now_ms)
            self.callbacks.append(callback)
            attempt = self.posts.count((number, webhook_id))
            status = self.answer(number, attempt)
            outcomes.append(
                Outcome(
                    started_ms=self.now_ms,
                    duration_ms=self.duration_ms(number),
                    status_code=status,
                    error=None if status else "timeout",
                    response_body=b"no" if status != 200 else b"",
                )
            )
        return outcomes

    # --- what happens

    def accept(self, *accepted: Event) -> None:
        for entry in accepted:
            self.enqueue("events", encode(EventMessage(entry)), 0)

    def enqueue(self, queue: str, body: str, delay_seconds: int) -> None:
        self.numbers += 1
        self.messages.append(Message(queue, body, self.now_ms + delay_seconds * 1000, self.numbers))

    def deliver(self, queue: str, most: int = 10) -> bool:
        """Hand one batch of visible messages to the dispatcher, as the event source mapping does."""
        visible = [entry for entry in self.messages if entry.queue == queue and entry.visible_ms <= self.now_ms][:most]
        if not visible:
            return False
        for entry in visible:
            entry.receives += 1
            entry.visible_ms = self.now_ms + 120_000
        try:
            failed = batch.run(self.ports, records(visible), deadline_ms=self.now_ms + 15_000)
        except Crash:
            self.restart()
            return True
        self.messages = [entry for entry in self.messages if entry not in visible or str(entry.number) in failed]
        return True

    def sweep(self) -> None:
        settings = SweeperSettings(self.stack.data_table, "retries", 1.0)
        ports = sweep.Ports(settings, self.ports.dynamodb, self.ports.sqs, lambda: self.now_ms)
        try:
            sweep.sweep(ports, deadline_ms=self.now_ms + 50_000)
        except Crash:
            self.restart()

    def live(self, days: float = 6) -> None:
        """Let time pass until nothing is left to do."""
        end_ms = self.now_ms + round(days * DAY_MS)
        while self.now_ms < end_ms and not self.is_idle():
            self.run(60)

    def is_idle(self) -> bool:
        """No message is on its way, nothing waits, nobody is looked after."""
        return not self.messages and not self.items_under("DUE#", attribute="ipk")

    def run(self, seconds: float) -> None:
        """Let so much time pass: messages when they become visible, the sweeper at each minute."""
        end_ms = self.now_ms + round(seconds * 1000)
        while True:
            while self.deliver("events") or self.deliver("retries"):
                pass
            if self.now_ms >= self.next_sweep_ms:
                self.next_sweep_ms = self.now_ms - self.now_ms % 60_000 + 60_000
                self.sweep()
                continue
            if self.now_ms >= end_ms:
                return
            coming = [message.visible_ms for message in self.messages if message.visible_ms > self.now_ms]
            self.now_ms = min([*coming, self.next_sweep_ms, end_ms])

    # --- what came of it

    def delivered_to(self, number: int, sid: str) -> int:
        hook = f"UM{number:032x}"
        return self.posts.count((number, delivery_sid(sid, hook)))

    def stored(self, sid: str) -> events.Stored | None:
        return events.load(self.stack.dynamodb, self.stack.data_table, ASSISTANT, sid)

    def items(self) -> list[dict[str, Any]]:
        return [from_item(item) for item in self.stack.dynamodb.scan(TableName=self.stack.data_table)["Items"]]

    def items_under(self, prefix: str, *, attribute: str = "pk") -> list[dict[str, Any]]:
        return [item for item in self.items() if str(item.get(attribute, "")).startswith(prefix)]

    def health(self, hook: Webhook) -> Health | None:
        return health_items.load(self.stack.dynamodb, self.stack.data_table, hook.sid)

    def waiting(self) -> list[undelivered.Undelivered]:
        return [undelivered.from_values(item) for item in self.items() if item["pk"].startswith("U#")]

    def finished(self) -> list[undelivered.Undelivered]:
        return [undelivered.from_values(item) for item in self.items() if item["pk"].startswith("D#")]


def records(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [
        {
            "messageId": str(entry.number),
            "body": entry.body,
            "attributes": {"ApproximateReceiveCount": str(entry.receives)},
        }
        for entry in messages
    ]


@dataclass
class Queues:
    """SQS, as far as the code sends."""

    world: World
    refuse: bool = False

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageGroupId: str) -> None:  # noqa: N803 — SQS's names
        assert MessageGroupId
        self.world.enqueue(QueueUrl, MessageBody, 0)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        for entry in Entries:
            assert 0 <= entry["DelaySeconds"] <= 900
            self.world.enqueue(QueueUrl, entry["MessageBody"], entry["DelaySeconds"])
        return {"Successful": list(Entries)}


_EFFECTS = ("put_item", "update_item", "delete_item", "send_message", "send_message_batch")


@dataclass
class Faulty:
    """A client that dies before or after its side effects when the world says so."""

    client: Any
    world: World

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in _EFFECTS:
            return method

        def effect(**arguments: Any) -> Any:
            self._step()
            answer = method(**arguments)
            self._step()
            return answer

        return effect

    def _step(self) -> None:
        self.world.effects += 1
        if self.world.effects == self.world.crash_at:
            raise Crash
