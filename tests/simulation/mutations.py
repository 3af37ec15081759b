"""Mistakes that the engine does not make, by name: each must be caught, or the rules see nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from functions.dispatcher import commit, next_attempts, replaying, retries, states, tending
from functions.dispatcher.fanout import Fanout
from functions.dispatcher.ports import Ports
from functions.dispatcher.replaying import Replaying
from functions.dispatcher.retries import Retries
from functions.dispatcher.routes import Routes
from functions.dispatcher.tending import Tending
from functions.dispatcher.vitals import Vitals
from parley.attributes import to_item
from parley.aws import UNAVAILABLE, PartialAnswerError
from parley.config_table import webhooks
from parley.data_table import due, erasure, events, health, jobs, keys, undelivered
from parley.messages import CommitMessage
from parley.queues import events as events_queue
from parley.queues import retries as retry_queue
from tests.simulation.scenario import LONG_REPLAY, REPLAYING, SLOWED

Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Mutation:
    """A mistake.

    Attributes:
        patched: Makes it, as long as it is entered.
        style: Of the schedules that are about what it breaks; None for all.
    """

    patched: Patch
    style: str | None


MUTATIONS: dict[str, Mutation] = {}


def _mutation(name: str, style: str | None = None) -> Callable[[Patch], Patch]:
    def keep(patched: Patch) -> Patch:
        MUTATIONS[name] = Mutation(patched, style)
        return patched

    return keep


def _instead(owner: object, name: str, make: Callable[[Any], Any]) -> AbstractContextManager[object]:
    return mock.patch.object(owner, name, make(getattr(owner, name)))


@_mutation("the event before its failures")
def _event_first() -> AbstractContextManager[object]:
    def made(write: Any) -> Any:
        def both(ports: Any, message: Any) -> None:
            write(ports, replace(message, undelivered=()))
            write(ports, message)

        return both

    return _instead(commit, "write", made)


@_mutation("chunks by position", "wide")
def _by_position() -> AbstractContextManager[object]:
    def made(matching: Any) -> Any:
        def by_position(self: Any, event: Any, chunk: Any = (0, 1)) -> Any:
            wanted, (index, count) = matching(self, event), chunk
            size = -(-len(wanted) // count)
            return wanted[index * size : (index + 1) * size]

        return by_position

    return _instead(Routes, "matching", made)


@_mutation("the drain does not wait for quiet", "resuming")
def _no_quiescence() -> AbstractContextManager[object]:
    return mock.patch.object(tending, "quiet_in_ms", return_value=0)


@_mutation("whoever parks does not say when", "disabling")
def _untold_watch() -> AbstractContextManager[object]:
    def watch(client: Any, table: str, parked: Any, *, now_ms: int, due_ms: int) -> None:
        due_key = keys.health_due(parked.webhook_sid, due_ms)
        key = keys.health(parked.webhook_sid)
        client.update_item(
            TableName=table,
            Key=to_item({"pk": key.pk, "sk": key.sk}),
            UpdateExpression=("SET ipk = if_not_exists(ipk, :ipk), isk = if_not_exists(isk, :isk), ac = :ac, ua = :ua"),
            ExpressionAttributeValues=to_item(
                {":ipk": due_key.pk, ":isk": due_key.sk, ":ac": parked.account_sid, ":ua": parked.assistant_sid}
            ),
        )

    return mock.patch.object(health, "watch", watch)


@_mutation("nobody looks after what is parked")
def _no_watch() -> AbstractContextManager[object]:
    return mock.patch.object(Vitals, "watch", return_value=None)


@_mutation("no claim")
def _no_claim() -> AbstractContextManager[object]:
    return mock.patch.object(undelivered, "claim", lambda client, table, key, **_: undelivered.load(client, table, key))


@_mutation("a lease that ends at once", "draining")
def _no_lease() -> AbstractContextManager[object]:
    return mock.patch.object(retries, "LEASE_MS", 0)


@_mutation("a skipped write")
def _skipped_write() -> AbstractContextManager[object]:
    return mock.patch.object(undelivered, "put_new", return_value=None)


@_mutation("a dropped failure")
def _dropped_failure() -> AbstractContextManager[object]:
    def made(write: Any) -> Any:
        return lambda ports, message: write(ports, replace(message, undelivered=message.undelivered[:-1]))

    return _instead(commit, "write", made)


@_mutation("a doubled probe")
def _doubled_probe() -> AbstractContextManager[object]:
    def made(probe: Any) -> Any:
        def twice(self: Any, target: Any, known: Any, *, deadline_ms: int) -> None:
            probe(self, target, known, deadline_ms=deadline_ms)
            probe(self, target, replace(known, probes=known.probes + 1), deadline_ms=deadline_ms)

        return twice

    return _instead(Tending, "_probe", made)


@_mutation("acknowledged without a write")
def _acknowledged() -> AbstractContextManager[object]:
    def persist(self: Any, write: Any, *, deadline_ms: int) -> Any:
        with suppress(*UNAVAILABLE):
            return write()

    return mock.patch.object(Ports, "persist", persist)


@_mutation("a retry believes what was read before")
def _cached_retry() -> AbstractContextManager[object]:
    def made(strongly: Any) -> Any:
        def once(self: Any, assistant_sid: str, webhook_sid: str) -> Any:
            known = self._secrets.setdefault("once", {})
            if webhook_sid not in known:
                known[webhook_sid] = strongly(self, assistant_sid, webhook_sid)
            return known[webhook_sid]

        return once

    return _instead(Routes, "strongly", made)


@_mutation("no watchdog")
def _no_watchdog() -> AbstractContextManager[object]:
    def made(plan: Any) -> Any:
        def without(*given: Any, **named: Any) -> Any:
            next_attempt_ms, _, delay = plan(*given, **named)
            return next_attempt_ms, None, delay

        return without

    return _instead(next_attempts, "plan", made)


@_mutation("an event put without a condition")
def _unconditional_event() -> AbstractContextManager[object]:
    def put(client: Any, table: str, values: Any) -> bool:
        client.put_item(TableName=table, Item=to_item(values))
        return True

    return mock.patch.object(events, "put", put)


@_mutation("commits that were refused are taken for written", "crowded")
def _refused_commits() -> AbstractContextManager[object]:
    def made(insert: Any) -> Any:
        return lambda client, table, rows: [True for _ in insert(client, table, rows)]

    return _instead(events, "insert_together", made)


@_mutation("all are committed together, whatever they owe", "crowded")
def _owing_together() -> AbstractContextManager[object]:
    def together(self: Any, work: Any, posted: Any) -> Any:
        messages = [CommitMessage(entry.event, entry.chunk, b"", ()) for entry in work]
        written = commit.write_together(self._ports, messages)
        return {entry.message_id for entry, is_written in zip(work, written, strict=True) if is_written}

    return mock.patch.object(Fanout, "_commit_together", together)


@_mutation("a failure put without a condition", "pausing")
def _unconditional_failure() -> AbstractContextManager[object]:
    def put(client: Any, table: str, values: Any) -> None:
        client.put_item(TableName=table, Item=to_item(values))

    return mock.patch.object(undelivered, "put_new", put)


@_mutation("a chunk that is done is not recognised", "wide")
def _unknown_chunk() -> AbstractContextManager[object]:
    def made(known: Any) -> Any:
        return lambda *given: {key: item for key, item in known(*given).items() if "#" not in key.sk}

    return _instead(events, "known", made)


@_mutation("an event that is done is not recognised")
def _unknown_event() -> AbstractContextManager[object]:
    def made(known: Any) -> Any:
        return lambda *given: {key: item for key, item in known(*given).items() if "#" in key.sk}

    return _instead(events, "known", made)


@_mutation("messages that the queue refused are forgotten", "wide")
def _forgotten_messages() -> AbstractContextManager[object]:
    def made(send: Any) -> Any:
        def forgetful(*given: Any) -> None:
            with suppress(PartialAnswerError):
                send(*given)

        return forgetful

    return _patched_everywhere(made)


@contextmanager
def _patched_everywhere(made: Callable[[Any], Any]) -> Iterator[None]:
    with _instead(events_queue, "send_batches", made), _instead(retry_queue, "send_batches", made):
        yield


@_mutation("the engine undoes a user's change", "disabling")
def _undone_change() -> AbstractContextManager[object]:
    def made(set_status: Any) -> Any:
        def whatever_it_is(client: Any, table: str, webhook: Any, **change: Any) -> None:
            now = webhooks.load(client, table, webhook.assistant_sid, webhook.sid, consistent=True)
            if now is not None:
                set_status(client, table, replace(webhook, version=now.version), **change)

        return whatever_it_is

    return _instead(webhooks, "set_status", made)


@_mutation("the schedule starts again after a pause")
def _schedule_again() -> AbstractContextManager[object]:
    def made(park: Any) -> Any:
        return lambda self, item, webhook: park(self, replace(item, attempts=0), webhook)

    return _instead(Retries, "_park", made)


@_mutation("a deleted webhook is let go of at once")
def _forgotten_webhook() -> AbstractContextManager[object]:
    def cancel(self: Any, message: Any, known: Any, *, deadline_ms: int) -> None:
        health.forget(self._ports.dynamodb, self._table, known)

    return mock.patch.object(Tending, "_cancel_all", cancel)


@_mutation("the sweeper takes an entry off the index")
def _swept_away() -> AbstractContextManager[object]:
    def postpone(client: Any, table: str, entry: Any, *, due_ms: int) -> bool:
        client.update_item(
            TableName=table,
            Key=to_item({"pk": entry.key.pk, "sk": entry.key.sk}),
            UpdateExpression="REMOVE ipk, isk",
        )
        return True

    return mock.patch.object(due, "postpone", postpone)


@_mutation("a platform's repeat has a schedule of its own")
def _repeats_schedule() -> AbstractContextManager[object]:
    return mock.patch.object(Retries, "_is_of_a_repeat", return_value=False)


@_mutation("a failure that a later run made good is sent again")
def _made_good() -> AbstractContextManager[object]:
    return mock.patch.object(Retries, "_was_made_good", return_value=False)


@_mutation("what a slow copy left behind is sent again", "copies")
def _slow_copy() -> AbstractContextManager[object]:
    return mock.patch.object(Retries, "_was_over_before", return_value=False)


@_mutation("a change of state is told twice", "few")
def _told_twice() -> AbstractContextManager[object]:
    def made(change: Any) -> Any:
        def forgetful(*given: Any) -> Any:
            after = change(*given)
            return replace(after, announced_epoch=0) if after else None

        return forgetful

    return _instead(states, "change", made)


@_mutation("a replay does not know what it had opened", REPLAYING)
def _unknown_own() -> AbstractContextManager[object]:
    return mock.patch.object(replaying, "_is_own", return_value=False)


@_mutation("a replay is behind a step before the step is made", REPLAYING)
def _cursor_first() -> AbstractContextManager[object]:
    def made(send_step: Any) -> Any:
        def cursor_first(self: Any, replay: Any, group: Any, *, deadline_ms: int) -> Any:
            self._save(replace(replay, cursor=group[-1].listed.sort), keep=True)
            return send_step(self, replay, group, deadline_ms=deadline_ms)

        return cursor_first

    return _instead(Replaying, "_send_step", made)


@_mutation("a replay may have two workers", REPLAYING)
def _two_workers() -> AbstractContextManager[object]:
    return mock.patch.object(replaying, "_LEASE_MS", 0)


@_mutation("replays of a webhook do not wait for one another", REPLAYING)
def _side_by_side() -> AbstractContextManager[object]:
    return mock.patch.object(jobs, "has_older", return_value=False)


@_mutation("a step of a replay is paced from its beginning", REPLAYING)
def _paced_from_the_step() -> AbstractContextManager[object]:
    def made(send_step: Any) -> Any:
        def from_the_beginning(self: Any, *given: Any, **named: Any) -> Any:
            began_ms = self._ports.now_ms()
            after, _ = send_step(self, *given, **named)
            return after, began_ms

        return from_the_beginning

    return _instead(Replaying, "_send_step", made)


@_mutation("a replay is past what it had no time to send", LONG_REPLAY)
def _past_the_unsent() -> AbstractContextManager[object]:
    def made(send_step: Any) -> Any:
        def whatever_was_sent(self: Any, replay: Any, group: Any, *, deadline_ms: int) -> Any:
            after, posted_ms = send_step(self, replay, group, deadline_ms=deadline_ms)
            past = replace(replay, cursor=group[-1].listed.sort, done=replay.done + len(group))
            return after or past, posted_ms

        return whatever_was_sent

    return _instead(Replaying, "_send_step", made)


@_mutation("an erasure leaves what waits", REPLAYING)
def _left_waiting() -> AbstractContextManager[object]:
    return mock.patch.object(erasure, "forget", return_value=None)


@_mutation("an event that kills is never given up", REPLAYING)
def _never_given_up() -> AbstractContextManager[object]:
    return mock.patch.object(retries, "_MOST_CLAIMS", 1_000_000)


@_mutation("a batch is claimed however long that takes", SLOWED)
def _claimed_without_time() -> AbstractContextManager[object]:
    def made(claim_all: Any) -> Any:
        def without_end(self: Any, messages: Any, attempted: Any, *, deadline_ms: int) -> Any:
            return claim_all(self, messages, attempted, deadline_ms=2 * deadline_ms)

        return without_end

    return _instead(Retries, "_claim_all", made)


@_mutation("whoever may be what others died of is attempted in company", REPLAYING)
@contextmanager
def _in_company() -> Iterator[None]:
    with mock.patch.object(retries, "SUSPECT_CLAIMS", 99), mock.patch.object(replaying, "SUSPECT_CLAIMS", 99):
        yield
