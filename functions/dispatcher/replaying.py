"""A replay's work: count what it is to send, then send it, oldest event first, never more a second than its rate.

It goes in steps, each as large as what is posted at once, and says after each how far it has come; when the
invocation's time is up it goes on by message. A delivery of a step is opened for the replay before it is sent, as for
sending it again by hand (`Retries.attempt` claims and posts it): whoever takes over from a worker that died finds
which of the step's deliveries were sent, counts them and sends the others. One that was over and fails is over again as
it was; one that never was goes on by its webhook's schedule. While its webhook is not in order the replay waits: what
is live comes first, then what waits, then replays, one after another, the oldest first: so one replay's rate is all
that replays ever send to a webhook. Where two workers died in a step its deliveries are sent one by one, and the one
that kills is given up (`Retries`); a job whose workers die of something else is given up after ten deaths.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from aws_lambda_powertools import Logger

from functions.dispatcher import next_attempts
from functions.dispatcher.retries import SUSPECT_CLAIMS
from parley import reasons, replays, retry
from parley.attempts import REPLAY, Outcome
from parley.aws import UNAVAILABLE
from parley.data_table import deliveries, event_lists, events, jobs, undelivered, walk
from parley.data_table.listing import between_times
from parley.health import LOOK_EVERY_MS
from parley.queues import retries as retry_queue
from parley.subscriptions import takes
from parley.webhook import ACTIVE

if TYPE_CHECKING:
    from functions.dispatcher.ports import Ports
    from functions.dispatcher.retries import Retries
    from parley.data_table.events import Listed
    from parley.data_table.jobs import Replay
    from parley.data_table.undelivered import Undelivered
    from parley.data_table.walk import Standing
    from parley.messages import ReplayMessage, RetryMessage
    from parley.webhook import Webhook

AT_ONCE = 10
_COUNTED_AT_ONCE = 50
# Longer than the function's time limit and the lease of an item that it claimed (60 s): who takes over finds all ended.
_LEASE_MS = 90_000

T = TypeVar("T")

logger = Logger()


@dataclass(frozen=True, slots=True)
class _Found:
    """An event that the replay is about, and how it stands at the webhook."""

    listed: Listed
    standing: Standing


class Replaying:
    """The protocol for replay messages."""

    def __init__(self, ports: Ports, retries: Retries) -> None:
        self._ports = ports
        self._retries = retries
        self._table = ports.settings.data_table
        self._holder = uuid.uuid4().hex

    def run(self, message: ReplayMessage, *, deadline_ms: int) -> None:
        """Go on with one replay until the deadline comes near.

        Raises:
            ClientError: When a table refuses; the sweeper finds the replay when the lease is over.
        """
        ports = self._ports
        replay = jobs.take(
            ports.dynamodb,
            self._table,
            message.webhook_sid,
            message.replay_sid,
            holder=self._holder,
            now_ms=ports.now_ms(),
            lease_ms=_LEASE_MS,
        )
        if replay is None:
            return
        if replay.runs > replays.MOST_DEAD_RUNS:
            logger.error("replay given up", extra={"replay": replay.sid, "cursor": replay.cursor})
            self._save(replace(replay, status=replays.GIVEN_UP, reason=replays.KEEPS_DYING), keep=False)
            return
        try:
            for after in self._steps(replay, deadline_ms=deadline_ms):
                if not self._save(after, keep=True):
                    return  # cancelled; or another works at it
                if after.status not in (replays.COUNTING, replays.RUNNING):
                    return
                replay = after
        except UNAVAILABLE:
            with suppress(*UNAVAILABLE):
                self._save(replay, keep=False)  # it did not die: an outage gives no replay up
            raise
        self._save(replay, keep=False)
        retry_queue.send_replays(ports.sqs, ports.settings.retry_queue_url, [message])

    def _save(self, replay: Replay, *, keep: bool) -> bool:
        """Say how far it has come.

        Args:
            replay: As it stands now.
            keep: The lease, while there is more to do.
        """
        now_ms = self._ports.now_ms()
        working = keep and replay.status in (replays.COUNTING, replays.RUNNING)
        # with nobody at work and no message, or a lost one, the sweeper's next minute starts it
        wait_ms = _LEASE_MS if working else round(LOOK_EVERY_MS / self._ports.settings.time_scale)
        return jobs.save(
            self._ports.dynamodb,
            self._table,
            replay,
            holder=self._holder,
            now_ms=now_ms,
            lease_ms=_LEASE_MS if working else None,
            due_ms=now_ms + wait_ms,
        )

    def _steps(self, replay: Replay, *, deadline_ms: int) -> Iterator[Replay]:
        """How it stands after each step; ends when the time is up, or with a status that is no longer at work."""
        return (self._send if replay.counted else self._count)(replay, deadline_ms=deadline_ms)

    def _count(self, replay: Replay, *, deadline_ms: int) -> Iterator[Replay]:
        for rows, reached in self._walk(replay):
            if not self._ports.has_time(deadline_ms):
                return
            target = self._target(replay)
            if target is None:
                yield replace(replay, status=replays.CANCELLED, reason=replays.WEBHOOK_DELETED)
                return
            found = self._wanted(replay, target, rows)
            replay = replace(replay, total=replay.total + len(found), cursor=reached)
            if reached is None:
                over = replays.COMPLETED if replay.dry_run else replays.RUNNING
                yield replace(replay, status=over, counted=True)
                return
            yield replay

    def _send(self, replay: Replay, *, deadline_ms: int) -> Iterator[Replay]:
        if jobs.has_older(self._ports.dynamodb, self._table, replay):
            yield replace(replay, status=replays.WAITING, reason=replays.OLDER_REPLAY)
            return
        for rows, reached in self._walk(replay):
            target = self._target(replay)
            found = self._wanted(replay, target, rows) if target else []
            for group in _slices(found, 1 if any(map(_has_killed, found)) else min(AT_ONCE, replay.rate)):
                if not self._ports.has_time(deadline_ms):
                    return
                target = self._target(replay)
                if target is None:
                    break
                if not self._is_in_order(target) or not self._settle(replay, group, deadline_ms=deadline_ms):
                    yield replace(replay, status=replays.WAITING, reason=replays.WEBHOOK_NOT_READY)
                    return
                after, posted_ms = self._send_step(replay, group, deadline_ms=deadline_ms)
                if after is not None:
                    replay = after
                    yield replay
                self._keep_pace(len(group) / replay.rate, posted_ms)
                if after is None:
                    return
            if target is None or reached is None:
                over = (replays.COMPLETED, None) if target else (replays.CANCELLED, replays.WEBHOOK_DELETED)
                yield replace(replay, status=over[0], reason=over[1])
                return
            if not self._ports.has_time(deadline_ms):
                return
            replay = replace(replay, cursor=reached, status=replays.RUNNING, reason=None)
            yield replay

    def _keep_pace(self, seconds: float, posted_ms: int) -> None:
        """Wait for what is left of the time of what was posted then."""
        left = seconds - (self._ports.now_ms() - posted_ms) / 1000
        if left > 0:
            self._ports.sleep(left)

    def _target(self, replay: Replay) -> Webhook | None:
        return self._ports.routes.strongly(replay.assistant_sid, replay.webhook_sid)

    def _is_in_order(self, target: Webhook) -> bool:
        """Whether it may be sent more than what is live: no trouble is known of it, and its receiver did not object."""
        health = self._ports.vitals.of([target]).get(target.sid)
        in_trouble = health is not None and (health.state is not None or health.is_held(self._ports.now_ms()))
        return target.status == ACTIVE and not in_trouble

    def _walk(self, replay: Replay) -> Iterator[tuple[Sequence[Listed], str | None]]:
        """The events that it is about, a few at a time, with the cursor behind them; None at the end."""
        after = replay.cursor
        while True:
            stretch = walk.onward(
                self._ports.dynamodb,
                self._table,
                replay.assistant_sid,
                shards=self._ports.settings.event_shards,
                wanted=event_lists.Wanted(replay.type, replay.platform, replay.conversation_id),
                between=between_times(replay.from_ms, replay.to_ms),
                after=after,
            )
            for rows in _slices(stretch.events, _COUNTED_AT_ONCE):
                yield rows, rows[-1].sort
            after = stretch.reached
            yield [], after
            if after is None:
                return

    def _wanted(self, replay: Replay, target: Webhook, rows: Sequence[Listed]) -> list[_Found]:
        """Those of these events that it sends, or has begun to send."""
        known = walk.standings(self._ports.dynamodb, self._table, target.sid, rows)
        found = [_Found(listed, known[listed.event_sid]) for listed in rows]
        return [
            entry
            for entry in found
            if entry.standing.committed
            and (
                _is_own(replay, entry.standing.item)
                or replays.wanted(replay.mode, entry.standing.status, matches=takes(target, entry.listed))
            )
        ]

    def _settle(self, replay: Replay, group: Sequence[_Found], *, deadline_ms: int) -> bool:
        """Do what is left where a worker died between a delivery's end and what follows from it.

        Returns:
            Whether all of these can be opened: one that is still ending would be ended once more instead, unsent.
        """
        endings = [entry for entry in group if entry.standing.ending]
        for ending in (entry.standing.item for entry in endings):
            if ending is not None:
                self._retries.attempt([_message(ending)], deadline_ms=deadline_ms)
        listed = [entry.listed for entry in endings]
        now = walk.standings(self._ports.dynamodb, self._table, replay.webhook_sid, listed) if listed else {}
        return not any(standing.ending for standing in now.values())

    def _send_step(self, replay: Replay, group: Sequence[_Found], *, deadline_ms: int) -> tuple[Replay | None, int]:
        """Send these, and count what came of it; when they were posted.

        Returns:
            The replay behind them; waiting where it was, when one could not be sent just now; None when the time was up
            before all were sent. The next run finds them as its own.
        """
        opened = [self._opened(replay, entry) for entry in group]
        unsent = [_message(item) for item in opened if not item.has_ended and not _was_sent(item)]
        made = self._retries.attempt(unsent, deadline_ms=deadline_ms)
        posted_ms = max((outcome.started_ms for outcome in made), default=self._ports.now_ms())
        if len(made) < len(unsent) and not self._ports.has_time(deadline_ms):
            return None, posted_ms
        now = walk.standings(
            self._ports.dynamodb, self._table, replay.webhook_sid, [entry.listed for entry in group]
        ).values()
        sent = [standing.item for standing in now if standing.item and _is_own(replay, standing.item)]
        if not all(item.has_ended or _was_sent(item) for item in sent):
            # Held by another, or parked. Passed over, it would be sent by its own due time, after the replay's end;
            # and if its webhook was deleted meanwhile, never.
            return replace(replay, status=replays.WAITING, reason=replays.WEBHOOK_NOT_READY), posted_ms
        outcomes = [item.log[-1] for item in sent if _was_sent(item) and item.log]
        delivered = sum(Outcome(0, 0, status_code=line.get("status_code")).delivered for line in outcomes)
        after = replace(
            replay,
            status=replays.RUNNING,
            reason=None,
            cursor=group[-1].listed.sort,
            done=replay.done + len(group),
            delivered=replay.delivered + delivered,
            failed=replay.failed + len(outcomes) - delivered,
        )
        return after, posted_ms

    def _opened(self, replay: Replay, entry: _Found) -> Undelivered:
        """The delivery's open item; it is as it was where this replay has opened it already."""
        present = entry.standing.item
        if present is not None and _is_own(replay, present):
            return present
        settings, now_ms = self._ports.settings, self._ports.now_ms()
        before = present or deliveries.as_item(
            entry.listed,
            entry.standing.first,
            webhook_sid=replay.webhook_sid,
            account_sid=replay.account_sid,
            expires_at=events.expires_at(entry.listed.received_ms, settings.retention_days),
        )
        item = replace(
            before,
            status=retry.RETRYING,
            reason=reasons.REPLAY,
            next_attempt_ms=now_ms,
            due_ms=next_attempts.watched_ms(now_ms, settings.time_scale),
            ended_as=before.status if before.has_ended else None,
            ended_reason=before.reason if before.has_ended else None,
            replay_sid=replay.sid,
            attempts_before_replay=before.attempts,
        )
        undelivered.put_new(self._ports.dynamodb, self._table, undelivered.to_values(item))
        return item


def _is_own(replay: Replay, item: Undelivered | None) -> bool:
    return item is not None and item.replay_sid == replay.sid


def _was_sent(item: Undelivered) -> bool:
    """Whether an attempt was made since it was opened."""
    return item.attempts_before_replay is not None and item.attempts > item.attempts_before_replay


def _has_killed(entry: _Found) -> bool:
    """Whether it may be what its workers died of."""
    item = entry.standing.item
    return item is not None and item.claims >= SUSPECT_CLAIMS


def _message(item: Undelivered) -> RetryMessage:
    return replace(next_attempts.message(item), trigger=REPLAY)


def _slices(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
