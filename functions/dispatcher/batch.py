"""A batch of queue records: which are handled, in which order, and which must come again.

A crash charges a receive to every message of its batch. Messages that have come several times are therefore handled
one by one, after the others are committed, and one that keeps failing is recorded without posting, so that only what
cannot even be recorded is dead-lettered (engine.md 1.2). An outage charges receives too, to everything: so they are not
kept for an invocation of their own, which they would wait for as long as others come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.dispatcher import commit
from functions.dispatcher.fanout import Fanout
from functions.dispatcher.retries import Retries
from functions.dispatcher.tending import Tending
from parley import telemetry
from parley.aws import UNAVAILABLE
from parley.messages import (
    ChunkMessage,
    CommitMessage,
    EventMessage,
    Message,
    MessageError,
    ReplayMessage,
    RetryMessage,
    TendMessage,
    decode,
)
from parley.queues import retries as retry_queue

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports

SUSPECT_AFTER_RECEIVES = 3
RECORD_ONLY_AFTER_RECEIVES = 50  # of the queue's 100: nearly two hours of failures by then

logger = telemetry.logger()


@dataclass(frozen=True, slots=True)
class Received:
    """One record that can be read."""

    message_id: str
    message: Message
    receives: int


def read(records: Iterable[Mapping[str, Any]]) -> tuple[list[Received], list[str]]:
    """The records as messages, and the ids of the unreadable ones, which come again until they are dead letters."""
    readable: list[Received] = []
    unreadable: list[str] = []
    for record in records:
        try:
            message = decode(record["body"])
        except MessageError as error:
            logger.exception("unreadable message", extra={"message_id": record["messageId"], "reason": str(error)})
            unreadable.append(record["messageId"])
        else:
            receives = int(record["attributes"]["ApproximateReceiveCount"])
            readable.append(Received(record["messageId"], message, receives))
    return readable, unreadable


def run(ports: Ports, records: Iterable[Mapping[str, Any]], *, deadline_ms: int) -> list[str]:
    """Handle a batch.

    Returns:
        The ids of the messages that must come again.
    """
    began_ms = ports.now_ms()
    ports.tally.begin()
    readable, failed = read(records)
    clean = [entry for entry in readable if entry.receives < SUSPECT_AFTER_RECEIVES]
    suspects = [entry for entry in readable if entry.receives >= SUSPECT_AFTER_RECEIVES]
    again = failed + _handle(ports, clean, deadline_ms=deadline_ms)
    # should one of these kill the process, what was done before it is recognised when it comes again, and not posted
    for entry in sorted(suspects, key=lambda entry: entry.receives):
        # what is only recorded posts nothing, and needs no time for that
        if ports.has_time(deadline_ms) or (_is_only_recorded(entry) and ports.now_ms() < deadline_ms):
            again += _handle(ports, [entry], deadline_ms=deadline_ms)
        else:
            again.append(entry.message_id)
    telemetry.tell(
        "dispatched",
        ports.tally.counts,
        received=len(failed) + len(readable),
        again=len(again),
        events=list(ports.tally.events),
        ms=ports.now_ms() - began_ms,
    )
    return again


def _is_only_recorded(entry: Received) -> bool:
    return isinstance(entry.message, EventMessage | ChunkMessage) and entry.receives > RECORD_ONLY_AFTER_RECEIVES


def _handle(ports: Ports, entries: Iterable[Received], *, deadline_ms: int) -> list[str]:
    fanout: list[tuple[str, EventMessage | ChunkMessage, bool]] = []
    retries: list[tuple[str, RetryMessage]] = []
    tends: list[tuple[str, TendMessage]] = []
    replays: list[tuple[str, ReplayMessage]] = []
    failed: list[str] = []
    for entry in entries:
        match entry.message:
            case EventMessage() | ChunkMessage() as message:
                fanout.append((entry.message_id, message, _is_only_recorded(entry)))
            case RetryMessage() as message:
                retries.append((entry.message_id, message))
            case TendMessage() as message:
                tends.append((entry.message_id, message))
            case ReplayMessage() as message:
                replays.append((entry.message_id, message))
            case CommitMessage() as message:
                ports.tally.event(message.event.sid)
                try:
                    commit.write(ports, message)
                except UNAVAILABLE as error:
                    logger.warning("not committed", extra={"event": message.event.sid, "error": type(error).__name__})
                    failed.append(entry.message_id)
    if fanout:
        failed += Fanout(ports).run(fanout, deadline_ms=deadline_ms)
    if retries:
        failed += Retries(ports).run(retries, deadline_ms=deadline_ms)
    # these take what time is left: attempts are all made at once, looks one after another
    if tends:
        failed += _tend(ports, tends, deadline_ms=deadline_ms)
    if replays:
        failed += _replay(ports, replays, deadline_ms=deadline_ms)
    return failed


def _replay(ports: Ports, messages: Iterable[tuple[str, ReplayMessage]], *, deadline_ms: int) -> list[str]:
    from functions.dispatcher.replaying import Replaying  # noqa: PLC0415 — a cold start's first event is none

    failed: list[str] = []
    for message_id, message in messages:
        try:
            Replaying(ports, Retries(ports)).run(message, deadline_ms=deadline_ms)
        except UNAVAILABLE as error:
            logger.warning("not replayed", extra={"replay": message.replay_sid, "error": type(error).__name__})
            failed.append(message_id)
    return failed


def _tend(ports: Ports, messages: Iterable[tuple[str, TendMessage]], *, deadline_ms: int) -> list[str]:
    """Look after webhooks, one after another; those for which the time is too short are sent again at once."""
    failed: list[str] = []
    late: list[tuple[TendMessage, int]] = []
    for message_id, message in messages:
        if not ports.has_time(deadline_ms):
            late.append((message, 0))
            continue
        try:
            Tending(ports, Retries(ports)).run(message, deadline_ms=deadline_ms)
        except UNAVAILABLE as error:
            logger.warning("not tended", extra={"webhook": message.webhook_sid, "error": type(error).__name__})
            failed.append(message_id)
    try:
        retry_queue.send_tends(ports.sqs, ports.settings.retry_queue_url, late)
    except UNAVAILABLE as error:
        logger.warning("looks left to the sweeper", extra={"error": type(error).__name__})
    return failed
