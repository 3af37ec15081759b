"""From an event to its webhooks: failures first, event last.

Every target that did not succeed becomes an undelivered item with a due time; then one conditional put of the event
commits; only then is the message acknowledged. "The event exists" therefore proves that everything it owes is written,
and that is what makes recognising a repeat by it sound (models/model.py loses events in every other order).

More than ten targets: the event is put first with the number of its chunks, then as many small messages; chunk i serves
the webhooks whose SID hashes to i when it runs, so no webhook is skipped or doubled whatever is created or deleted
meanwhile (models/model2.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from functions.dispatcher import admission, commit, evidence, lines, next_attempts, states
from functions.dispatcher.calls import callback
from functions.dispatcher.vitals import Observation
from parley import results, retry, telemetry
from parley.attempts import FIRST
from parley.aws import UNAVAILABLE, PartialAnswerError
from parley.data_table import events, keys, undelivered
from parley.event import UNRECOGNISED
from parley.messages import ChunkMessage, CommitMessage, EventMessage, RetryMessage
from parley.queues import events as events_queue
from parley.webhook import GONE

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from parley.attempts import Outcome
    from parley.event import Event
    from parley.webhook import Webhook

INLINE_TARGETS = 10

logger = telemetry.logger()


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


@dataclass(frozen=True, slots=True)
class Target:
    """One webhook that an event goes to.

    Attributes:
        refusal: Why it is not posted to now.
        outcome: Of the post, once it was made.
    """

    webhook: Webhook
    refusal: retry.Decision | None
    outcome: Outcome | None


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
            posted = self._post(work, deadline_ms=deadline_ms)
        except UNAVAILABLE as error:
            # nothing was posted: all may come again
            logger.warning("dispatch postponed", extra={"error": type(error).__name__})
            return [message_id for message_id, _, _ in messages]
        failed: list[str] = []
        retries: list[tuple[RetryMessage, int]] = []
        committed = self._commit_together(work, posted)
        for entry, targets in zip(work, posted, strict=True):
            if entry.message_id in committed:
                continue
            try:
                retries += self._commit(entry, targets, deadline_ms=deadline_ms)
            except UNAVAILABLE as error:
                logger.warning("not committed", extra={"event": entry.event.sid, "error": type(error).__name__})
                failed.append(entry.message_id)
        next_attempts.send(self._ports, retries)
        states.observe(
            self._ports,
            [
                Observation(target.webhook, entry.event.sid, target.outcome)
                for entry, row in zip(work, posted, strict=True)
                for target in row
                if target.outcome is not None and not target.outcome.gone
            ],
        )
        return failed

    def _prepare(self, messages: Sequence[tuple[str, EventMessage | ChunkMessage, bool]]) -> list[Work]:
        """Leave out what is committed already, cut what is too wide into chunks."""
        known = events.known(
            self._ports.dynamodb, self._ports.settings.data_table, [_key(message) for _, message, _ in messages]
        )
        work: list[Work] = []
        begun: set[keys.Key] = set()
        chunked: dict[str, Event | None] = {}
        for message_id, message, record_only in messages:
            key = _key(message)
            self._ports.tally.event(message.event_sid if isinstance(message, ChunkMessage) else message.event.sid)
            item = known.get(key)
            if isinstance(message, ChunkMessage):
                if item is None and key not in begun:
                    work += self._chunk(message_id, message, chunked, record_only=record_only)
                    begun.add(key)
                continue
            event = message.event
            if item is not None:
                if item.get("nc") and item.get("rid") == event.rid:
                    # this very message put the event and died before all its chunks were sent
                    self._send_chunks(event, item["nc"])
                elif item.get("rid") != event.rid:
                    self._ports.tally.count("RepeatsRecognised")
                continue
            if key in begun:
                continue  # a repeat inside the batch; the first copy commits it
            begun.add(key)
            if event.status == UNRECOGNISED:
                self._ports.tally.count("EventsUnrecognised")
            targets = len(self._ports.routes.matching(event))
            if targets > INLINE_TARGETS:
                self._split(event, -(-targets // INLINE_TARGETS))
            else:
                work.append(Work(message_id, event, None, record_only))
        return work

    def _chunk(
        self, message_id: str, message: ChunkMessage, chunked: dict[str, Event | None], *, record_only: bool
    ) -> list[Work]:
        """One chunk's work; an event is read once for all of its chunks that came in one batch."""
        sid = message.event_sid
        if sid not in chunked:
            chunked[sid] = self._chunked(message.assistant_sid, sid)
        event = chunked[sid]
        return [Work(message_id, event, (message.index, message.count), record_only)] if event else []

    def _chunked(self, assistant_sid: str, event_sid: str) -> Event | None:
        """The event of a chunk; None when it was erased."""
        dynamodb, table = self._ports.dynamodb, self._ports.settings.data_table
        stored = events.load(dynamodb, table, assistant_sid, event_sid)
        if stored is not None:
            return stored.event
        if events.is_erased(dynamodb, table, assistant_sid, event_sid):
            return None
        raise PartialAnswerError(f"the event {event_sid} of a chunk is not there")

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

    def _post(self, work: Sequence[Work], *, deadline_ms: int) -> list[list[Target]]:
        """Post everything at once that may be posted now."""
        ports = self._ports
        webhooks = [ports.routes.matching(entry.event, entry.chunk or (0, 1)) for entry in work]
        everyone = {webhook.sid: webhook for row in webhooks for webhook in row}.values()
        secrets = ports.routes.secrets(everyone)
        health = ports.vitals.of(everyone)
        now_ms = ports.now_ms()
        rows: list[list[Target]] = []
        room_bytes = admission.MOST_BYTES_AT_ONCE
        for entry, row in zip(work, webhooks, strict=True):
            targets: list[Target] = []
            for webhook in row:
                if webhook.sid not in secrets:
                    continue  # deleted meanwhile
                refusal = admission.refusal(
                    webhook,
                    health.get(webhook.sid),
                    record_only=entry.record_only,
                    now_ms=now_ms,
                    time_scale=ports.settings.time_scale,
                    crowded=len(entry.event.payload) > room_bytes,
                )
                if refusal is None:
                    room_bytes -= len(entry.event.payload)
                targets.append(Target(webhook, refusal, None))
            rows.append(targets)
        calls = [
            callback(
                entry.event,
                target.webhook,
                secrets[target.webhook.sid],
                public_url=ports.settings.public_url,
                now_ms=now_ms,
            )
            for entry, row in zip(work, rows, strict=True)
            for target in row
            if target.refusal is None
        ]
        if calls and not ports.has_time(deadline_ms):
            raise PartialAnswerError("the tables took the time in which posts would have to be written down")
        outcomes = iter(ports.poster.post_all(calls) if calls else [])
        return [
            [replace(target, outcome=next(outcomes)) if target.refusal is None else target for target in row]
            for row in rows
        ]

    def _commit_together(self, work: Sequence[Work], posted: Sequence[Sequence[Target]]) -> set[str]:
        """Commit what owes nothing: most events were delivered to everyone at once, and need no failures first.

        Returns:
            The ids of those messages that are done. Each of the others is committed by itself.
        """
        owing_nothing: list[tuple[str, CommitMessage]] = []
        for entry, targets in zip(work, posted, strict=True):
            if all(target.outcome is not None and target.outcome.delivered for target in targets):
                packed = results.pack([_first_result(target, retry.DELIVERED) for target in targets])
                owing_nothing.append((entry.message_id, CommitMessage(entry.event, entry.chunk, packed, ())))
        written = commit.write_together(self._ports, [message for _, message in owing_nothing])
        return {message_id for (message_id, _), is_written in zip(owing_nothing, written, strict=True) if is_written}

    def _commit(self, work: Work, targets: Sequence[Target], *, deadline_ms: int) -> list[tuple[RetryMessage, int]]:
        """Write the failures, then the event; what to send for the failures that are due soon."""
        first: list[results.Result] = []
        failures: list[dict[str, Any]] = []
        retries: list[tuple[RetryMessage, int]] = []
        for target in targets:
            decision = self._decide(target)
            first.append(_first_result(target, decision.status))
            if decision.status == retry.DELIVERED:
                continue
            item, delay = self._failure(work.event, target, decision)
            failures.append(undelivered.to_values(item))
            if delay is not None:
                retries.append((next_attempts.message(item), delay))
        message = CommitMessage(work.event, work.chunk, results.pack(first), tuple(failures))
        try:
            self._ports.persist(lambda: commit.write(self._ports, message), deadline_ms=deadline_ms)
        except UNAVAILABLE:
            # the posts are made: what came of them travels on, so that they are not made again
            events_queue.send_commit(self._ports.sqs, self._ports.settings.events_queue_url, message)
            return []
        return retries

    def _decide(self, target: Target) -> retry.Decision:
        if target.refusal is not None:
            return target.refusal
        assert target.outcome is not None
        if target.outcome.gone:
            self._ports.routes.disable(target.webhook, reason=GONE)
        return retry.decide(
            target.outcome,
            attempts=1,
            schedule=target.webhook.retry_schedule,
            unit=self._ports.unit(),
            now_seconds=self._ports.now_ms() / 1000,
        )

    def _failure(
        self, event: Event, target: Target, decision: retry.Decision
    ) -> tuple[undelivered.Undelivered, int | None]:
        settings, outcome = self._ports.settings, target.outcome
        if outcome:
            lines.attempted(
                outcome,
                event_sid=event.sid,
                webhook_sid=target.webhook.sid,
                number=1,
                trigger=FIRST,
                status=decision.status,
            )
        next_attempt_ms, due_ms, delay = next_attempts.plan(
            decision, now_ms=self._ports.now_ms(), time_scale=settings.time_scale
        )
        item = undelivered.Undelivered(
            webhook_sid=target.webhook.sid,
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


def _first_result(target: Target, status: str) -> results.Result:
    return results.Result(
        webhook_sid=target.webhook.sid,
        status=status,
        attempts=1 if target.outcome else 0,
        last_status_code=target.outcome.status_code if target.outcome else None,
        duration_ms=target.outcome.duration_ms if target.outcome else 0,
    )


def _key(message: EventMessage | ChunkMessage) -> keys.Key:
    if isinstance(message, ChunkMessage):
        return keys.chunk(message.assistant_sid, message.event_sid, message.index)
    return keys.event(message.event.assistant_sid, message.event.sid)
