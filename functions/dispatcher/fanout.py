"""From an event to its webhooks: failures first, event last.

Every target that did not succeed becomes an undelivered item with a due time; then one conditional put of the event
commits; only then is the message acknowledged. "The event exists" therefore proves that everything it owes is written,
and that is what makes recognising a repeat by it sound (models/model.py loses events in every other order).

More than ten targets: the event is put first with the number of its chunks, then as many small messages; chunk i serves
the webhooks whose SID hashes to i when it runs, so no webhook is skipped or doubled whatever is created or deleted
meanwhile (models/model2.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from functions.dispatcher import commit, evidence, next_attempts
from parley import results, retry
from parley.attempts import FIRST
from parley.aws import UNAVAILABLE, PartialAnswerError
from parley.data_table import events, keys, undelivered
from parley.messages import ChunkMessage, CommitMessage, EventMessage, RetryMessage
from parley.platforms import platform
from parley.queues import events as events_queue
from parley.queues import retries as retry_queue
from parley.sids import delivery_sid
from parley.signing.callback import sign
from parley.webhook import GONE

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.attempts import Outcome
    from parley.event import Event
    from parley.platforms.interface import Callback
    from parley.webhook import Webhook, WebhookSecrets

INLINE_TARGETS = 10
_RECORDED_DELAY_SECONDS = 60.0

logger = Logger()


@dataclass(frozen=True, slots=True)
class Work:
    """One event, or one chunk of one, that must be posted and committed.

    Attributes:
        chunk: Its index and count; None for an event whose targets fit one message.
        record_only: Post nothing, let all targets wait: posting it has failed too often.
    """

    message_id: str
    event: Event
    chunk: tuple[int, int] | None
    record_only: bool


def chunk_of(webhook_sid: str, count: int) -> int:
    """Which of `count` chunks serves a webhook."""
    return int.from_bytes(hashlib.sha256(webhook_sid.encode()).digest()[:8]) % count


def callback(event: Event, webhook: Webhook, secrets: WebhookSecrets, *, now_ms: int) -> Callback:
    """One attempt's call with its proofs."""
    chosen = platform(event.platform)
    plain = chosen.native(event, webhook)
    headers = sign(
        plain,
        webhook,
        secrets,
        chosen,
        delivery_sid=delivery_sid(event.sid, webhook.sid),
        now_seconds=now_ms // 1000,
    )
    return type(plain)(plain.method, plain.url, headers, plain.body)


class Fanout:
    """The protocol for event and chunk messages."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def run(self, messages: Sequence[tuple[str, EventMessage | ChunkMessage, bool]], *, deadline_ms: int) -> list[str]:
        """Dispatch a batch.

        Args:
            messages: Message ids with their messages, and whether posting was given up (record only).
            deadline_ms: When writes must be over.

        Returns:
            The ids of those that must come again.
        """
        try:
            work = self._prepare(messages)
            posted = self._post(work)
        except UNAVAILABLE as error:
            # nothing was posted: all may come again
            logger.warning("dispatch postponed", extra={"error": type(error).__name__})
            return [message_id for message_id, _, _ in messages]
        failed: list[str] = []
        retries: list[tuple[RetryMessage, int]] = []
        for entry, outcomes in zip(work, posted, strict=True):
            try:
                retries += self._commit(entry, outcomes, deadline_ms=deadline_ms)
            except UNAVAILABLE as error:
                logger.warning("not committed", extra={"event": entry.event.sid, "error": type(error).__name__})
                failed.append(entry.message_id)
        next_attempts.send(self._ports, retries)
        return failed

    def _prepare(self, messages: Sequence[tuple[str, EventMessage | ChunkMessage, bool]]) -> list[Work]:
        """Leave out what is committed already, cut what is too wide into chunks."""
        known = events.known(
            self._ports.dynamodb, self._ports.settings.data_table, [_key(message) for _, message, _ in messages]
        )
        work: list[Work] = []
        begun: set[keys.Key] = set()
        for message_id, message, record_only in messages:
            key = _key(message)
            item = known.get(key)
            if isinstance(message, ChunkMessage):
                if item is None and key not in begun:
                    work.append(self._chunk(message_id, message, record_only=record_only))
                    begun.add(key)
                continue
            event = message.event
            if item is not None:
                if item.get("nc") and item.get("rid") == event.rid:
                    # this very message put the event and died before all its chunks were sent
                    self._send_chunks(event, item["nc"])
                continue
            if key in begun:
                continue  # a repeat inside the batch; the first copy commits it
            begun.add(key)
            targets = len(self._ports.routes.matching(event))
            if targets > INLINE_TARGETS:
                self._split(event, -(-targets // INLINE_TARGETS))
            else:
                work.append(Work(message_id, event, None, record_only))
        return work

    def _chunk(self, message_id: str, message: ChunkMessage, *, record_only: bool) -> Work:
        stored = events.load(
            self._ports.dynamodb, self._ports.settings.data_table, message.assistant_sid, message.event_sid
        )
        if stored is None:
            raise PartialAnswerError(f"the event {message.event_sid} of a chunk is not there")
        return Work(message_id, stored.event, (message.index, message.count), record_only)

    def _split(self, event: Event, count: int) -> None:
        settings = self._ports.settings
        values = events.to_values(
            event,
            packed_results=b"",
            chunks=count,
            shards=settings.event_shards,
            retention_days=settings.retention_days,
        )
        if not events.put(self._ports.dynamodb, settings.data_table, values):
            # A copy was quicker. If it is this very message (an SQS duplicate), it may have died before its chunks were
            # sent, and acknowledging ours would lose them; a platform's repeat looks after itself.
            key = keys.event(event.assistant_sid, event.sid)
            item = events.known(self._ports.dynamodb, settings.data_table, [key]).get(key, {})
            if item.get("rid") != event.rid or not item.get("nc"):
                return
            count = item["nc"]
        self._send_chunks(event, count)

    def _send_chunks(self, event: Event, count: int) -> None:
        """Send them all again where some were refused: those that ran are recognised by their results."""
        events_queue.send_chunks(
            self._ports.sqs,
            self._ports.settings.events_queue_url,
            [ChunkMessage(event.account_sid, event.assistant_sid, event.sid, index, count) for index in range(count)],
        )

    def _targets(self, work: Work) -> list[Webhook]:
        webhooks = self._ports.routes.matching(work.event)
        if work.chunk is None:
            return webhooks
        index, count = work.chunk
        return [webhook for webhook in webhooks if chunk_of(webhook.sid, count) == index]

    def _post(self, work: Sequence[Work]) -> list[list[tuple[Webhook, Outcome | None]]]:
        """Post everything at once; None is a target that is recorded without posting."""
        targets = [self._targets(entry) for entry in work]
        secrets = self._ports.routes.secrets({webhook.sid: webhook for row in targets for webhook in row}.values())
        now_ms = self._ports.now_ms()
        rows = [[webhook for webhook in row if webhook.sid in secrets] for row in targets]
        calls = [
            callback(entry.event, webhook, secrets[webhook.sid], now_ms=now_ms)
            for entry, row in zip(work, rows, strict=True)
            if not entry.record_only
            for webhook in row
        ]
        outcomes = iter(self._ports.poster.post_all(calls))
        return [
            [(webhook, None if entry.record_only else next(outcomes)) for webhook in row]
            for entry, row in zip(work, rows, strict=True)
        ]

    def _commit(
        self, work: Work, outcomes: Sequence[tuple[Webhook, Outcome | None]], *, deadline_ms: int
    ) -> list[tuple[RetryMessage, int]]:
        """Write the failures, then the event; what to send for the failures that are due soon."""
        first: list[results.Result] = []
        failures: list[dict[str, Any]] = []
        retries: list[tuple[RetryMessage, int]] = []
        for webhook, outcome in outcomes:
            decision = self._decide(webhook, outcome)
            attempts = 1 if outcome else 0
            first.append(
                results.Result(
                    webhook_sid=webhook.sid,
                    status=decision.status,
                    attempts=attempts,
                    last_status_code=outcome.status_code if outcome else None,
                    duration_ms=outcome.duration_ms if outcome else 0,
                )
            )
            if decision.status == retry.DELIVERED:
                continue
            item, delay = self._failure(work.event, webhook, outcome, decision)
            failures.append(undelivered.to_values(item))
            if delay is not None:
                retries.append((next_attempts.message(item), delay))
        message = CommitMessage(work.event, work.chunk, results.pack(first), tuple(failures))
        try:
            self._ports.persist(lambda: commit.write(self._ports, message), deadline_ms=deadline_ms)
        except UNAVAILABLE:
            # the posts are made: what came of them travels on, so that they are not made again
            retry_queue.send_commit(self._ports.sqs, self._ports.settings.retry_queue_url, message)
            return []
        return retries

    def _decide(self, webhook: Webhook, outcome: Outcome | None) -> retry.Decision:
        if outcome is None:
            return retry.Decision(retry.RETRYING, "dispatcher_error", _RECORDED_DELAY_SECONDS)
        decision = retry.decide(
            outcome,
            attempts=1,
            schedule=webhook.retry_schedule,
            unit=self._ports.unit(),
            now_seconds=self._ports.now_ms() / 1000,
        )
        if outcome.gone:
            self._ports.routes.disable(webhook, reason=GONE)
        return decision

    def _failure(
        self, event: Event, webhook: Webhook, outcome: Outcome | None, decision: retry.Decision
    ) -> tuple[undelivered.Undelivered, int | None]:
        settings = self._ports.settings
        next_attempt_ms, due_ms, delay = next_attempts.plan(
            decision, now_ms=self._ports.now_ms(), time_scale=settings.time_scale
        )
        item = undelivered.Undelivered(
            webhook_sid=webhook.sid,
            event_sid=event.sid,
            assistant_sid=event.assistant_sid,
            account_sid=event.account_sid,
            received_ms=event.received_ms,
            attempts=1 if outcome else 0,
            status=decision.status,
            reason=decision.reason,
            next_attempt_ms=next_attempt_ms,
            due_ms=due_ms,
            last_status_code=outcome.status_code if outcome else None,
            log=(evidence.entry(outcome, number=1, trigger=FIRST),) if outcome else (),
            expires_at=events.expires_at(event.received_ms, settings.retention_days),
        )
        return item, delay


def _key(message: EventMessage | ChunkMessage) -> keys.Key:
    if isinstance(message, ChunkMessage):
        return keys.chunk(message.assistant_sid, message.event_sid, message.index)
    return keys.event(message.event.assistant_sid, message.event.sid)
