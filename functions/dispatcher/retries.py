"""An attempt that is due: claim, read webhook and event strongly, post, commit with one conditional update.

The claim (a lease, and the number of attempts) is what keeps one duplicate message from delivering twice
(models/model4.py). A finished item is then moved out of the undelivered partition; a crash before that leaves an item
that says how it ended, which is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from functions.dispatcher import evidence, next_attempts
from functions.dispatcher.fanout import callback
from parley import retry
from parley.aws import UNAVAILABLE
from parley.data_table import events, keys, undelivered
from parley.webhook import ACTIVE, GONE

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.attempts import Outcome
    from parley.data_table.undelivered import Undelivered
    from parley.event import Event
    from parley.messages import RetryMessage
    from parley.webhook import Webhook

LEASE_MS = 60_000  # longer than the function's time limit, so a holder is gone when it ends (window e, engine.md 1.3)
_NOT_COMMITTED_YET_SECONDS = 300.0
_ENDED = (retry.DELIVERED, retry.EXHAUSTED, retry.CANCELLED, retry.EXPIRED)

logger = Logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item that this run holds, with what its attempt needs."""

    message_id: str
    message: RetryMessage
    item: Undelivered
    event: Event
    webhook: Webhook


class Retries:
    """The protocol for retry messages."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def run(self, messages: Sequence[tuple[str, RetryMessage]], *, deadline_ms: int) -> list[str]:
        """Make the attempts of a batch.

        Returns:
            The ids of the messages that must come again.
        """
        failed: list[str] = []
        claimed: list[Claimed] = []
        for message_id, message in messages:
            try:
                ready = self._claim(message_id, message)
            except UNAVAILABLE as error:
                logger.warning("retry postponed", extra={"event": message.event_sid, "error": type(error).__name__})
                failed.append(message_id)
            else:
                claimed += [ready] if ready else []
        if not claimed:
            return failed
        try:
            secrets = self._ports.routes.secrets(entry.webhook for entry in claimed)
        except UNAVAILABLE as error:
            logger.warning("retries postponed", extra={"error": type(error).__name__})
            return [message_id for message_id, _ in messages]
        now_ms = self._ports.now_ms()
        claimed = [entry for entry in claimed if entry.webhook.sid in secrets]
        calls = [callback(entry.event, entry.webhook, secrets[entry.webhook.sid], now_ms=now_ms) for entry in claimed]
        for entry, outcome in zip(claimed, self._ports.poster.post_all(calls), strict=True):
            try:
                self._commit(entry, outcome, deadline_ms=deadline_ms)
            except UNAVAILABLE as error:
                # the lease runs out and the due time comes: posted once more, window (a)
                logger.warning("not committed", extra={"event": entry.event.sid, "error": type(error).__name__})
                failed.append(entry.message_id)
        return failed

    def _claim(self, message_id: str, message: RetryMessage) -> Claimed | None:
        """Take the item; end or park it where no attempt is due any more."""
        ports, settings = self._ports, self._ports.settings
        item = undelivered.claim(
            ports.dynamodb,
            settings.data_table,
            keys.undelivered(message.webhook_sid, message.event_sid, message.received_ms),
            attempts=message.attempts,
            now_ms=ports.now_ms(),
            lease_ms=LEASE_MS,
        )
        if item is None:
            return None
        webhook = ports.routes.strongly(message.assistant_sid, message.webhook_sid)
        if webhook is None:
            self._end(item, retry.CANCELLED, "webhook_deleted")
            return None
        if webhook.status != ACTIVE:
            self._park(item, webhook)
            return None
        stored = events.load(ports.dynamodb, settings.data_table, message.assistant_sid, message.event_sid)
        if stored is None:
            self._without_event(item)
            return None
        return Claimed(message_id, message, item, stored.event, webhook)

    def _park(self, item: Undelivered, webhook: Webhook) -> None:
        """It waits with its webhook; waiting costs no attempts."""
        after = replace(
            item,
            status=retry.WAITING,
            reason=webhook.status_reason or webhook.status,
            next_attempt_ms=None,
            due_ms=None,
        )
        undelivered.save(self._ports.dynamodb, self._ports.settings.data_table, item, after)

    def _without_event(self, item: Undelivered) -> None:
        """A crash between the failure's item and the event's commit: the event's message comes again and commits it."""
        now_ms = self._ports.now_ms()
        if now_ms // 1000 >= item.expires_at:
            self._end(item, retry.EXPIRED, "retention_ended")
            return
        decision = retry.Decision(retry.RETRYING, item.reason, _NOT_COMMITTED_YET_SECONDS)
        next_attempt_ms, due_ms, _ = next_attempts.plan(
            decision, now_ms=now_ms, time_scale=self._ports.settings.time_scale
        )
        after = replace(item, next_attempt_ms=next_attempt_ms, due_ms=due_ms)
        undelivered.save(self._ports.dynamodb, self._ports.settings.data_table, item, after)

    def _end(self, item: Undelivered, status: str, reason: str) -> None:
        after = replace(item, status=status, reason=reason, next_attempt_ms=None, due_ms=None)
        self._save(item, after)

    def _save(self, before: Undelivered, after: Undelivered) -> bool:
        table = self._ports.settings.data_table
        saved = undelivered.save(self._ports.dynamodb, table, before, after)
        if saved and after.status in _ENDED:
            undelivered.move_to_finished(self._ports.dynamodb, table, after)
        return saved

    def _commit(self, entry: Claimed, outcome: Outcome, *, deadline_ms: int) -> None:
        ports = self._ports
        attempts = entry.item.attempts + 1
        now_ms = ports.now_ms()
        decision = retry.decide(
            outcome,
            attempts=attempts,
            schedule=entry.webhook.retry_schedule,
            unit=ports.unit(),
            now_seconds=now_ms / 1000,
        )
        if outcome.gone:
            ports.routes.disable(entry.webhook, reason=GONE)
        next_attempt_ms, due_ms, delay = next_attempts.plan(
            decision, now_ms=now_ms, time_scale=ports.settings.time_scale
        )
        after = replace(
            entry.item,
            attempts=attempts,
            status=decision.status,
            reason=decision.reason,
            next_attempt_ms=next_attempt_ms,
            due_ms=due_ms,
            last_status_code=outcome.status_code,
            log=(*entry.item.log, evidence.entry(outcome, number=attempts, trigger=entry.message.trigger)),
        )
        saved = ports.persist(lambda: self._save(entry.item, after), deadline_ms=deadline_ms)
        if saved and delay is not None:
            next_attempts.send(ports, [(next_attempts.message(after), delay)])
