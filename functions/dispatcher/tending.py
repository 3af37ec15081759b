"""Looking after a webhook in trouble, once a minute: probe, drain, resume, give up."""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING

from functions.dispatcher import states
from parley import reasons, retry, webhook
from parley.attempts import DRAIN, PROBE
from parley.data_table import health as health_items
from parley.data_table import undelivered
from parley.health import (
    DISABLED,
    DRAINING,
    PAUSED,
    is_unwatched,
    must_disable,
    probe_kind,
    quiet_in_ms,
    state_for,
)
from parley.messages import RetryMessage, TendMessage
from parley.queues import retries as retry_queue

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from functions.dispatcher.retries import Retries
    from parley.data_table.undelivered import Undelivered
    from parley.health import Health
    from parley.webhook import Webhook

DRAIN_AT_ONCE = 10
DRAIN_PER_SECOND = 10
_DRAIN_LEASE_MS = 60_000  # longer than the function's time limit: a holder is gone when it ends


class Tending:
    """The protocol for tend messages."""

    def __init__(self, ports: Ports, retries: Retries) -> None:
        self._ports = ports
        self._retries = retries
        self._table = ports.settings.data_table

    def run(self, message: TendMessage, *, deadline_ms: int) -> None:
        """Look after one webhook.

        Raises:
            ClientError: When a table refuses; the message comes again, and so does the next minute.
        """
        ports = self._ports
        health = health_items.load(ports.dynamodb, self._table, message.webhook_sid)
        if health is None or health.due_ms is None:
            return
        target = ports.routes.strongly(message.assistant_sid, message.webhook_sid)
        if target is None:
            self._cancel_all(message, health, deadline_ms=deadline_ms)
            return
        reconciled = self._reconcile(target, health)
        if reconciled is None:
            return
        target, health = reconciled
        states.announce(ports, target, health)
        match health.state:
            case "paused" | "draining" if health.is_held(ports.now_ms()):
                # it asked for that, an hour at most; looked at again in a minute
                ports.tally.count("WebhooksPaused", health.state == PAUSED)
            case "paused":
                self._probe(target, health, deadline_ms=deadline_ms)
            case "draining":
                self._drain(target, health, deadline_ms=deadline_ms)
            case "disabled" if is_unwatched(health, ports.now_ms()):
                if not undelivered.list_waiting(ports.dynamodb, self._table, target.sid, limit=1):
                    states.change(ports, target, health, None)
            case _:
                pass

    def _reconcile(self, target: Webhook, health: Health) -> tuple[Webhook, Health] | None:
        """Bring the health's state and the webhook's status together; None when somebody else just changed it."""
        wanted = state_for(health, status=target.status, status_since_ms=target.status_since_ms)
        if wanted != health.state:
            changed = states.change(self._ports, target, health, wanted)
            return (target, changed) if changed else None
        if wanted == PAUSED:
            target = states.set_status(self._ports, target, webhook.PAUSED, webhook.FAILING)
        if wanted == DRAINING:
            target = states.set_status(self._ports, target, webhook.ACTIVE, None)
        return target, health

    def _message(self, item: Undelivered, trigger: str) -> RetryMessage:
        return RetryMessage(
            account_sid=item.account_sid,
            assistant_sid=item.assistant_sid,
            webhook_sid=item.webhook_sid,
            event_sid=item.event_sid,
            received_ms=item.received_ms,
            attempts=item.attempts,
            trigger=trigger,
        )

    def _probe(self, target: Webhook, health: Health, *, deadline_ms: int) -> None:
        """One waiting event is sent to the paused webhook; its success resumes it."""
        ports = self._ports
        ports.tally.count("WebhooksPaused")
        item = self._candidate(health)
        if item is None:
            # nothing waits, so nothing can tell: what comes next will
            self._resume(target, health)
            return
        # before the post: an event that kills the process is not chosen again
        health_items.record_probe(ports.dynamodb, self._table, health, item.key.sk)
        outcomes = self._retries.attempt([self._message(item, PROBE)], deadline_ms=deadline_ms)
        if any(outcome.delivered for outcome in outcomes):
            self._resume(target, health)
            return
        now = health_items.load(ports.dynamodb, self._table, target.sid)
        if now and must_disable(now, ports.now_ms(), time_scale=ports.settings.time_scale):
            disabled = states.set_status(ports, target, webhook.DISABLED, webhook.FAILING)
            states.change(ports, disabled, now, DISABLED)

    def _candidate(self, health: Health) -> Undelivered | None:
        client, sid = self._ports.dynamodb, health.webhook_sid
        match probe_kind(health.probes):
            case "newest":
                found = undelivered.list_waiting(client, self._table, sid, newest=True, limit=1)
            case "next":
                found = undelivered.list_waiting(client, self._table, sid, after=health.probed_last, limit=1)
            case _:
                found = []
        found = found or undelivered.list_waiting(client, self._table, sid, limit=1)
        return found[0] if found else None

    def _resume(self, target: Webhook, health: Health) -> None:
        # read again: the probe has counted in the item meanwhile
        now = health_items.load(self._ports.dynamodb, self._table, target.sid)
        if now and now.epoch == health.epoch and states.change(self._ports, target, now, DRAINING):
            self._again(target, 0)

    def _again(self, target: Webhook, delay_seconds: int) -> None:
        message = TendMessage(target.account_sid, target.assistant_sid, target.sid)
        retry_queue.send_tends(self._ports.sqs, self._ports.settings.retry_queue_url, [(message, delay_seconds)])

    def _drain(self, target: Webhook, health: Health, *, deadline_ms: int) -> None:
        """Send what waits, oldest first, so many at once and a second; only the holder of the lease does."""
        ports, holder = self._ports, uuid.uuid4().hex
        after: str | None = None
        empty = False
        if not self._lease(health, holder):
            return
        while not empty and ports.has_time(deadline_ms) and not self._is_held(target):
            items = undelivered.list_waiting(ports.dynamodb, self._table, target.sid, after=after, limit=DRAIN_AT_ONCE)
            if not items:
                # the end of a pass; a whole pass without anything is empty
                empty, after = after is None, None
                continue
            made = self._retries.attempt([self._message(item, DRAIN) for item in items], deadline_ms=deadline_ms)
            posted_ms = max((outcome.started_ms for outcome in made), default=ports.now_ms())
            after = items[-1].key.sk
            if not self._lease(health, holder):
                return  # paused again, or disabled: whoever looks after it next does what is right then
            pace = len(items) / DRAIN_PER_SECOND - (ports.now_ms() - posted_ms) / 1000
            if pace > 0:
                ports.sleep(pace)
        health_items.release_drain(ports.dynamodb, self._table, health, holder=holder)
        if not empty:
            self._again(target, 0)
        elif left_ms := quiet_in_ms(health, ports.now_ms()):
            self._again(target, math.ceil(left_ms / 1000) + 1)
        else:
            states.change(ports, target, health, None)

    def _is_held(self, target: Webhook) -> bool:
        """Whether its receiver has asked for a pause, perhaps just now by an answer to what was drained."""
        health = self._ports.vitals.of([target]).get(target.sid)
        return health is not None and health.is_held(self._ports.now_ms())

    def _lease(self, health: Health, holder: str) -> bool:
        return health_items.lease_drain(
            self._ports.dynamodb,
            self._table,
            health,
            now_ms=self._ports.now_ms(),
            lease_ms=round(_DRAIN_LEASE_MS / self._ports.settings.time_scale),
            holder=holder,
        )

    def _cancel_all(self, message: TendMessage, health: Health, *, deadline_ms: int) -> None:
        """The webhook is deleted: what waits for it ends cancelled. A crash here is taken up at the next look."""
        ports = self._ports
        while ports.now_ms() < deadline_ms:
            items = undelivered.list_waiting(ports.dynamodb, self._table, message.webhook_sid, limit=100)
            if not items:
                if is_unwatched(health, ports.now_ms()):
                    health_items.forget(ports.dynamodb, self._table, health)
                return
            for item in items:
                self._retries.end(item, retry.CANCELLED, reasons.WEBHOOK_DELETED)
        retry_queue.send_tends(ports.sqs, ports.settings.retry_queue_url, [(message, 0)])
