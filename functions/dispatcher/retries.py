"""An attempt that is due: claim, read webhook and event strongly, post, commit with one conditional update.

The claim (a lease, and the number of attempts) is what keeps one duplicate message from delivering twice
(models/model4.py). A finished item is then moved out of the undelivered partition; a crash before that leaves an item
that says how it ended, which is harmless.

A claim of which nothing was written is a process that died. Who has had two of these is attempted alone, after the
others are committed, for the death may have been any of theirs; who has had eight is given up: else one event would
kill a dispatcher every few minutes until its retention ends, and a backlog would never be drained past it. One thing
else looks like a death: a claim of which neither the outcome nor that it is given back could be written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from functions.dispatcher import admission, announcements, evidence, lines, next_attempts, states
from functions.dispatcher.calls import callback
from functions.dispatcher.vitals import Observation
from parley import reasons, retry, telemetry
from parley.attempts import FIRST, PROBE, RESEND, RETRY
from parley.aws import UNAVAILABLE
from parley.data_table import erasure, events, keys, undelivered
from parley.vocabulary import PARLEY
from parley.webhook import ACTIVE, DISABLED, GONE, PAUSED

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.attempts import Outcome
    from parley.data_table.events import Stored
    from parley.data_table.undelivered import Undelivered
    from parley.event import Event
    from parley.messages import RetryMessage
    from parley.webhook import Webhook

LEASE_MS = 60_000  # longer than the function's time limit, so a holder is gone when it ends (window e, engine.md 1.3)
SUSPECT_CLAIMS = 2
_MOST_CLAIMS = 8
_NOT_COMMITTED_YET_SECONDS = 300.0
# what is sent by hand, again or as a test (its first attempt), tries a paused webhook like a probe; a disabled one is
# never called
_CALLED_WHILE = {PROBE: (PAUSED,), RESEND: (ACTIVE, PAUSED), FIRST: (ACTIVE, PAUSED)}

logger = telemetry.logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item that this run holds, with what its attempt needs.

    Attributes:
        index: Of its message.
    """

    index: int
    message: RetryMessage
    item: Undelivered
    event: Event
    webhook: Webhook


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of a batch.

    Attributes:
        failed: The indexes of the messages that must come again.
    """

    failed: list[int]
    outcomes: list[Outcome]


class Retries:
    """The protocol for retry messages."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def run(self, messages: Sequence[tuple[str, RetryMessage]], *, deadline_ms: int) -> list[str]:
        """Make the attempts of a batch.

        Returns:
            The ids of the messages that must come again.
        """
        attempted = self._attempt([message for _, message in messages], deadline_ms=deadline_ms)
        return [messages[index][0] for index in attempted.failed]

    def attempt(self, messages: Sequence[RetryMessage], *, deadline_ms: int) -> list[Outcome]:
        """Make attempts that no queue message stands behind: a probe, a page of a drain.

        Returns:
            The outcomes of those that were made.
        """
        return self._attempt(messages, deadline_ms=deadline_ms).outcomes

    def _attempt(self, messages: Sequence[RetryMessage], *, deadline_ms: int) -> Attempted:
        attempted = Attempted([], [])
        claimed = self._claim_all(messages, attempted, deadline_ms=deadline_ms)
        suspects = [entry for entry in claimed if entry.item.claims > SUSPECT_CLAIMS]
        self._give_back(entry.item for entry in suspects[1:])  # before anything can kill: they are not charged for it
        attempted.failed.extend(entry.index for entry in suspects[1:])
        self._make([entry for entry in claimed if entry not in suspects], attempted, deadline_ms=deadline_ms)
        self._make(suspects[:1], attempted, deadline_ms=deadline_ms)
        return attempted

    def _claim_all(self, messages: Sequence[RetryMessage], attempted: Attempted, *, deadline_ms: int) -> list[Claimed]:
        """Claim what is due now, as long as there is time to post it."""
        claimed: list[Claimed] = []
        # a batch is often one webhook's: read once, before any of its posts
        webhooks: dict[str, Webhook | None] = {}
        for index, message in enumerate(messages):
            if not self._ports.has_time(deadline_ms):
                # a slow table's claims would outlast the function, which looks like a death
                attempted.failed.append(index)
                continue
            try:
                ready = self._claim(index, message, webhooks)
            except UNAVAILABLE as error:
                logger.warning("retry postponed", extra={"event": message.event_sid, "error": type(error).__name__})
                attempted.failed.append(index)
            else:
                claimed += [ready] if ready else []
        return claimed

    def _make(self, claimed: Sequence[Claimed], attempted: Attempted, *, deadline_ms: int) -> None:
        """Post these at once, and commit; those for which the time is too short are given back."""
        if not claimed:
            return
        try:
            secrets = self._ports.routes.secrets(entry.webhook for entry in claimed)
        except UNAVAILABLE as error:
            logger.warning("retries postponed", extra={"error": type(error).__name__})
            attempted.failed.extend(entry.index for entry in claimed)
            self._give_back(entry.item for entry in claimed)
            return
        if not self._ports.has_time(deadline_ms):
            attempted.failed.extend(entry.index for entry in claimed)
            self._give_back(entry.item for entry in claimed)
            return
        now_ms = self._ports.now_ms()
        claimed = [entry for entry in claimed if entry.webhook.sid in secrets]
        public_url = self._ports.settings.public_url
        calls = [
            callback(entry.event, entry.webhook, secrets[entry.webhook.sid], public_url=public_url, now_ms=now_ms)
            for entry in claimed
        ]
        outcomes = self._ports.poster.post_all(calls) if calls else []
        attempted.outcomes.extend(outcomes)
        for entry, outcome in zip(claimed, outcomes, strict=True):
            try:
                self._commit(entry, outcome, deadline_ms=deadline_ms)
            except UNAVAILABLE as error:
                # its message or its due time comes: posted once more, window (a)
                logger.warning("not committed", extra={"event": entry.event.sid, "error": type(error).__name__})
                attempted.failed.append(entry.index)
                self._give_back([entry.item])
        states.observe(
            self._ports,
            [
                Observation(entry.webhook, entry.event.sid, outcome)
                for entry, outcome in zip(claimed, outcomes, strict=True)
                if not outcome.gone
            ],
        )

    def _give_back(self, items: Iterable[Undelivered]) -> None:
        """Take the claims of these back, best effort. They are due, or wait and are looked after."""
        for item in items:
            with suppress(*UNAVAILABLE):
                undelivered.give_back(self._ports.dynamodb, self._ports.settings.data_table, item)

    def _claim(self, index: int, message: RetryMessage, webhooks: dict[str, Webhook | None]) -> Claimed | None:
        """Take the item; end, park or postpone it where no attempt is due now."""
        ports, settings = self._ports, self._ports.settings
        key = keys.undelivered(message.webhook_sid, message.event_sid, message.received_ms)
        item = undelivered.claim(
            ports.dynamodb,
            settings.data_table,
            key,
            attempts=message.attempts,
            now_ms=ports.now_ms(),
            lease_ms=round(LEASE_MS / settings.time_scale),
        )
        try:
            return self._ready(index, message, item, webhooks)
        except UNAVAILABLE:
            if item is not None:
                self._give_back([item])  # an outage is no death
            raise

    def _ready(
        self, index: int, message: RetryMessage, item: Undelivered | None, webhooks: dict[str, Webhook | None]
    ) -> Claimed | None:
        """What is claimed, if an attempt is due."""
        ports = self._ports
        if message.webhook_sid not in webhooks:
            webhooks[message.webhook_sid] = ports.routes.strongly(message.assistant_sid, message.webhook_sid)
        webhook = webhooks[message.webhook_sid]
        if item is None:
            key = keys.undelivered(message.webhook_sid, message.event_sid, message.received_ms)
            self._finish_if_ended(key, webhook)
            return None
        if webhook is None:
            self.end(item, retry.CANCELLED, reasons.WEBHOOK_DELETED)
            return None
        if webhook.status not in _CALLED_WHILE.get(message.trigger, (ACTIVE,)):
            self._park(item, webhook)
            return None
        health = ports.vitals.of([webhook]).get(webhook.sid)
        if message.trigger == RETRY and health is not None and health.is_held(ports.now_ms()):
            self._postpone(item, reasons.RETRY_AFTER, admission.held_seconds(health, ports.now_ms()))
            return None
        stored = events.load(ports.dynamodb, ports.settings.data_table, message.assistant_sid, message.event_sid)
        if stored is None:
            self._without_event(item)
        elif self._is_left_over(item, stored):
            pass
        elif item.claims > _MOST_CLAIMS:
            self._give_up(item, webhook)
        else:
            return Claimed(index, message, item, stored.event, webhook)
        return None

    def _give_up(self, item: Undelivered, webhook: Webhook) -> None:
        logger.error("delivery given up", extra={"event": item.event_sid, "webhook": item.webhook_sid})
        due_ms = next_attempts.watched_ms(self._ports.now_ms(), self._ports.settings.time_scale)
        self.end(
            replace(item, due_ms=item.due_ms or due_ms), retry.EXHAUSTED, reasons.DISPATCHER_ERROR, webhook=webhook
        )

    def _is_left_over(self, item: Undelivered, stored: Stored) -> bool:
        """Whether the event's commit owes nothing to this item, then done with: copies of messages leave such."""
        dynamodb, table = self._ports.dynamodb, self._ports.settings.data_table
        if self._is_of_a_repeat(item, stored):
            erasure.forget(dynamodb, table, item.webhook_sid, item.event_sid, item.received_ms)
        elif item.ended_as is not None:
            return False  # it was over, and is sent again because somebody wants it
        elif self._was_over_before(item):
            undelivered.drop(dynamodb, table, item)
        elif self._was_made_good(item, stored):
            self.end(item, retry.DELIVERED, None)
        else:
            return False
        return True

    def _is_of_a_repeat(self, item: Undelivered, stored: Stored) -> bool:
        """A platform's repeat that was slower than the event: its own items have its own time in their keys."""
        return item.received_ms != stored.event.received_ms

    def _was_over_before(self, item: Undelivered) -> bool:
        """A copy so slow that the delivery had ended, and was out of its way, when it wrote its failure."""
        if item.attempts > 1:
            return False
        key = keys.finished(item.webhook_sid, item.event_sid, item.received_ms)
        return undelivered.load(self._ports.dynamodb, self._ports.settings.data_table, key) is not None

    def _was_made_good(self, item: Undelivered, stored: Stored) -> bool:
        """A run that died before its commit wrote this failure, and the one that committed had none."""
        result = events.load_result(
            self._ports.dynamodb, self._ports.settings.data_table, stored.listed, item.webhook_sid
        )
        return result is not None and result.status == retry.DELIVERED

    def _finish_if_ended(self, key: keys.Key, webhook: Webhook | None) -> None:
        """A crash may have left an item that has ended: its end was committed, what follows from it was not."""
        item = undelivered.load(self._ports.dynamodb, self._ports.settings.data_table, key)
        if item is not None and item.status in retry.ENDED:
            self._finish(item, webhook)

    def _finish(self, item: Undelivered, webhook: Webhook | None) -> None:
        """What follows from an end; repeating it changes nothing."""
        again = item.ended_as is not None  # told the first time
        if item.status == retry.EXHAUSTED and not again:
            self._ports.tally.count("DeliveriesExhausted")
        if item.status == retry.EXHAUSTED and not again and webhook is not None and self._is_platforms(item):
            announcements.exhausted(self._ports, webhook, item)
        undelivered.move_to_finished(self._ports.dynamodb, self._ports.settings.data_table, item)

    def _is_platforms(self, item: Undelivered) -> bool:
        """A delivery of one of Parley's own events never creates another: nothing else would end that."""
        stored = events.load(self._ports.dynamodb, self._ports.settings.data_table, item.assistant_sid, item.event_sid)
        return stored is not None and stored.event.platform != PARLEY

    def _park(self, item: Undelivered, webhook: Webhook) -> None:
        """It waits with its webhook, which is looked after; waiting costs no attempts."""
        # while a pause lasts its reason is the pause; `failing` is what the webhook shows
        reason = PAUSED if webhook.status != DISABLED else webhook.status_reason
        after = replace(item, status=retry.WAITING, reason=reason, next_attempt_ms=None, due_ms=None)
        self._ports.vitals.watch(undelivered.to_values(after))
        undelivered.save(self._ports.dynamodb, self._ports.settings.data_table, item, after)

    def _without_event(self, item: Undelivered) -> None:
        """A crash between the failure's item and the event's commit: the event's message comes again and commits it.

        Unless it was erased: then the item was written by somebody who did not know that yet.
        """
        ports, table = self._ports, self._ports.settings.data_table
        if events.is_erased(ports.dynamodb, table, item.assistant_sid, item.event_sid):
            erasure.forget(ports.dynamodb, table, item.webhook_sid, item.event_sid, item.received_ms)
            return
        if self._ports.now_ms() // 1000 >= item.expires_at:
            self.end(item, retry.EXPIRED, reasons.RETENTION_ENDED)
            return
        self._postpone(item, item.reason, _NOT_COMMITTED_YET_SECONDS / self._ports.settings.time_scale)

    def _postpone(self, item: Undelivered, reason: str | None, seconds: float) -> None:
        """Later, without an attempt."""
        next_attempt_ms = self._ports.now_ms() + math.ceil(seconds * 1000)
        after = replace(
            item, status=retry.RETRYING, reason=reason, next_attempt_ms=next_attempt_ms, due_ms=next_attempt_ms
        )
        undelivered.save(self._ports.dynamodb, self._ports.settings.data_table, item, after)

    def end(self, item: Undelivered, status: str, reason: str | None, *, webhook: Webhook | None = None) -> None:
        """End a delivery without an attempt.

        Args:
            item: It, as it stands.
            status: What it ends as; one that had ended before ends so again.
            reason: Why.
            webhook: Of which that is told.

        Raises:
            ClientError: When a write is refused.
        """
        if item.ended_as is not None:
            status, reason = item.ended_as, item.ended_reason or reason
        after = replace(item, status=status, reason=reason, next_attempt_ms=None)
        if undelivered.save(self._ports.dynamodb, self._ports.settings.data_table, item, after):
            self._finish(after, webhook)

    def _commit(self, entry: Claimed, outcome: Outcome, *, deadline_ms: int) -> None:
        ports, settings = self._ports, self._ports.settings
        now_ms = ports.now_ms()
        item, trigger = entry.item, entry.message.trigger
        if outcome.gone:
            ports.routes.disable(entry.webhook, reason=GONE)
        by_schedule = retry.decide(
            outcome,
            attempts=item.attempts + 1,
            schedule=entry.webhook.retry_schedule,
            unit=ports.unit(),
            now_seconds=now_ms / 1000,
        )
        standing = retry.Standing(item.attempts, item.reason, item.ended_as, item.ended_reason)
        decision, attempts = retry.decide_for(standing, by_schedule, paused=entry.webhook.status == PAUSED)
        lines.attempted(
            outcome,
            event_sid=item.event_sid,
            webhook_sid=item.webhook_sid,
            number=item.attempts + 1,
            trigger=trigger,
            status=decision.status,
        )
        next_attempt_ms, due_ms, delay = next_attempts.plan(decision, now_ms=now_ms, time_scale=settings.time_scale)
        if decision.status in retry.ENDED:
            # until what follows is done, the item stays in the due index, so that a crash before it is found
            due_ms = item.due_ms or next_attempts.watched_ms(now_ms, settings.time_scale)
        after = replace(
            item,
            attempts=attempts,
            status=decision.status,
            reason=decision.reason,
            next_attempt_ms=next_attempt_ms,
            due_ms=due_ms,
            last_status_code=outcome.status_code,
            log=evidence.appended(item.log, evidence.entry(outcome, number=item.attempts + 1, trigger=trigger)),
        )
        if decision.status == retry.WAITING:
            ports.vitals.watch(undelivered.to_values(after))
        saved = ports.persist(
            lambda: undelivered.save(ports.dynamodb, settings.data_table, item, after), deadline_ms=deadline_ms
        )
        if not saved:
            return
        if after.status in retry.ENDED:
            self._finish(after, entry.webhook)
        elif delay is not None:
            next_attempts.send(ports, [(next_attempts.message(after), delay)])
