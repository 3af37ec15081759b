"""The fake answers as moto does, to the very functions that the engine calls; the stale reads are its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.up.template import Template
from parley.config_table import assistants, webhooks
from parley.config_table.transactions import ChangedMeanwhileError
from parley.data_table import due, erasure, event_lists, events, health, keys, listing, undelivered
from parley.errors import ParleyError
from parley.health import Health
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, START_MS, event
from tests.functional.stack import ROOT
from tests.functional.stack import stack as new_stack
from tests.simulation.table import PROJECTED, Client, Table
from tests.simulation.world import webhook_sid

STEPS = 250
HOOKS = 3
Operation = Callable[[Any, str, random.Random], object]


def _item(chance: random.Random) -> undelivered.Undelivered:
    status = chance.choice(("retrying", "waiting", "delivered"))
    due_ms = START_MS + chance.randrange(100_000) if chance.random() < 0.7 else None
    return undelivered.Undelivered(
        webhook_sid=webhook_sid(chance.randrange(HOOKS)),
        event_sid=event(chance.randrange(4)).sid,
        assistant_sid=ASSISTANT,
        account_sid=ACCOUNT,
        received_ms=START_MS,
        attempts=chance.randrange(3),
        status=status,
        reason=chance.choice((None, "paused")),
        next_attempt_ms=due_ms,
        due_ms=due_ms,
        last_status_code=chance.choice((None, 500)),
        log=tuple({"number": number, "body": b"\x00no"} for number in range(chance.randrange(3))),
        expires_at=START_MS // 1000,
    )


def _health(chance: random.Random) -> Health:
    return Health(
        ACCOUNT,
        ASSISTANT,
        webhook_sid(chance.randrange(HOOKS)),
        epoch=chance.randrange(3),
        failures=chance.randrange(1, 4),
        first_event="EV1",
        last_event="EV2",
        speeds="01",
        hold_until_ms=chance.choice((None, START_MS)),
    )


def _put_event(client: Any, table: str, chance: random.Random) -> object:
    made = event(chance.randrange(4), received_ms=START_MS + chance.randrange(1000))
    values = events.to_values(made, packed_results=b"", chunks=chance.randrange(2), shards=2, retention_days=30)
    return events.put(client, table, values)


def _put_chunk(client: Any, table: str, chance: random.Random) -> object:
    made = event(chance.randrange(4))
    return events.put(
        client, table, events.chunk_values(made, chance.randrange(3), packed_results=b"", retention_days=1)
    )


def _insert_together(client: Any, table: str, chance: random.Random) -> object:
    rows = [
        events.to_values(event(number), packed_results=b"", chunks=0, shards=2, retention_days=30)
        for number in chance.sample(range(6), 3)
    ]
    return events.insert_together(client, table, rows)


def _known(client: Any, table: str, chance: random.Random) -> object:
    wanted = [keys.event(ASSISTANT, event(number).sid) for number in range(4)]
    return events.known(client, table, [*wanted, keys.chunk(ASSISTANT, event(1).sid, 1)])


def _claim(client: Any, table: str, chance: random.Random) -> object:
    now_ms = START_MS + chance.randrange(100)
    item = _item(chance)
    return undelivered.claim(client, table, item.key, attempts=item.attempts, now_ms=now_ms, lease_ms=50)


def _give_back(client: Any, table: str, chance: random.Random) -> object:
    claimed = undelivered.load(client, table, _item(chance).key)
    if claimed is None or claimed.lease_until_ms is None:
        return None
    if chance.random() < 0.3:
        claimed = replace(claimed, lease_until_ms=START_MS)  # another's by now
    undelivered.give_back(client, table, claimed)
    return undelivered.load(client, table, claimed.key)


def _save(client: Any, table: str, chance: random.Random) -> object:
    before = undelivered.load(client, table, _item(chance).key)
    if before is None:
        return None
    log = before.log + ({"number": 9},) * chance.randrange(2) if chance.random() < 0.7 else before.log[-1:]
    after = replace(_item(chance), webhook_sid=before.webhook_sid, event_sid=before.event_sid, log=log)
    return undelivered.save(client, table, replace(before, attempts=chance.choice((before.attempts, 1))), after)


def _finish(client: Any, table: str, chance: random.Random) -> object:
    item = undelivered.load(client, table, _item(chance).key)
    if item:
        undelivered.move_to_finished(client, table, item)
    return item


def _waiting(client: Any, table: str, chance: random.Random) -> object:
    sid = webhook_sid(chance.randrange(HOOKS))
    after = keys.listing_sort(START_MS, event(1).sid) if chance.random() < 0.5 else None
    found = undelivered.list_waiting(client, table, sid, after=after, newest=chance.random() < 0.5, limit=2)
    return found, undelivered.count_open(client, table, sid)


def _due(client: Any, table: str, chance: random.Random) -> object:
    shard, now_ms = chance.randrange(5), START_MS + chance.randrange(200_000)
    found = due.list_due(client, table, shard, now_ms=now_ms, limit=chance.choice((1, 2, 100)))
    later_ms = START_MS + chance.randrange(200_000)
    return found, [due.postpone(client, table, entry, due_ms=later_ms) for entry in (*found[:2], *found[:1])]


def _state(client: Any, table: str, chance: random.Random) -> object:
    state, due_ms = chance.choice(((None, None), ("paused", START_MS), ("draining", START_MS + 5)))
    return health.change_state(client, table, _health(chance), state, now_ms=START_MS, due_ms=due_ms)


def _loaded(client: Any, table: str, chance: random.Random) -> object:
    sids = [webhook_sid(number) for number in range(HOOKS)]
    return [health.load(client, table, sid) for sid in sids], health.load_many(client, table, sids)


def _lease(client: Any, table: str, chance: random.Random) -> object:
    now_ms, holder = START_MS + chance.randrange(100), chance.choice(("one", "two"))
    return health.lease_drain(client, table, _health(chance), now_ms=now_ms, lease_ms=30, holder=holder)


def _listed(client: Any, table: str, chance: random.Random) -> object:
    wanted = event_lists.Wanted(type=chance.choice((None, "message.received", "message.sent")))
    between = listing.between_times(START_MS + 200, None) if chance.random() < 0.5 else listing.Between()
    return event_lists.list_newest(client, table, ASSISTANT, shards=2, wanted=wanted, between=between, limit=2)


OPERATIONS: tuple[Operation, ...] = (
    _put_event,
    _put_chunk,
    _insert_together,
    _known,
    lambda client, table, chance: events.load(client, table, ASSISTANT, event(chance.randrange(4)).sid),
    lambda client, table, chance: undelivered.put_new(client, table, undelivered.to_values(_item(chance))),
    lambda client, table, chance: undelivered.put_new(client, table, undelivered.to_values(_item(chance))),
    _claim,
    _give_back,
    _claim,
    _save,
    _finish,
    _waiting,
    _due,
    _state,
    _loaded,
    _lease,
    _listed,
    lambda client, table, chance: health.count_failures(client, table, _health(chance), now_ms=START_MS),
    lambda client, table, chance: health.record_success(client, table, _health(chance).webhook_sid, speeds="0"),
    lambda client, table, chance: health.record_speeds(client, table, _health(chance), now_ms=START_MS),
    lambda client, table, chance: health.watch(client, table, _health(chance), now_ms=START_MS, due_ms=START_MS),
    lambda client, table, chance: health.record_probe(client, table, _health(chance), "sk"),
    lambda client, table, chance: health.record_announcement(client, table, _health(chance)),
    lambda client, table, chance: health.release_drain(client, table, _health(chance), holder="one"),
    lambda client, table, chance: erasure.forget(
        client, table, webhook_sid(chance.randrange(HOOKS)), event(chance.randrange(4)).sid, START_MS
    ),
)


def _outcome(operation: Operation, client: Any, table: str, seed: int) -> object:
    try:
        return operation(client, table, random.Random(seed))
    except ClientError as error:
        return error.response["Error"]["Code"]
    except (ParleyError, ChangedMeanwhileError) as error:
        return type(error)


@pytest.fixture
def moto() -> Iterator[Any]:
    with new_stack() as made:
        yield made


@pytest.mark.parametrize("seed", range(3))
def test_the_data_tables_functions_get_motos_answers(moto, seed):
    fake = Client({moto.data_table: Table()})
    chance = random.Random(seed)
    for step in range(STEPS):
        operation = chance.choice(OPERATIONS)
        given = chance.randrange(10**9)
        theirs = _outcome(operation, moto.dynamodb, moto.data_table, given)
        assert _outcome(operation, fake, moto.data_table, given) == theirs, f"step {step}: {operation}"
    stored = {
        (item["pk"]["S"], item["sk"]["S"]): item for item in moto.dynamodb.scan(TableName=moto.data_table)["Items"]
    }
    assert dict(fake.tables[moto.data_table].items()) == stored
    assert len(stored) > 5


def _create(client: Any, table: str, chance: random.Random) -> object:
    number = chance.randrange(4)
    return webhooks.create(
        client,
        table,
        account_sid=ACCOUNT,
        assistant_sid=ASSISTANT,
        unique_name=f"hook {chance.randrange(4)}",
        events="*",
        url="https://receiver.example/",
        secret="a secret",
        now_ms=START_MS,
        sid=webhook_sid(number),
    )


def _changed(client: Any, table: str, chance: random.Random) -> object:
    present = webhooks.load_record(client, table, ASSISTANT, webhook_sid(chance.randrange(4)))
    if present is None:
        return None
    if chance.random() < 0.3:
        present = replace(present, webhook=replace(present.webhook, version=1))
    name = chance.choice((present.webhook.unique_name, f"hook {chance.randrange(4)}"))
    return webhooks.change(client, table, present, replace(present.webhook, unique_name=name), now_ms=START_MS)


def _switched(client: Any, table: str, chance: random.Random) -> object:
    present = webhooks.load(client, table, ASSISTANT, webhook_sid(chance.randrange(4)), consistent=True)
    if present is None:
        return None
    present = replace(present, version=chance.choice((present.version, 1)))
    reason = chance.choice((None, "failing"))
    webhooks.set_status(client, table, present, status="paused", reason=reason, now_ms=START_MS)
    return None


def _removed(client: Any, table: str, chance: random.Random) -> object:
    present = webhooks.load_record(client, table, ASSISTANT, webhook_sid(chance.randrange(4)))
    if present:
        webhooks.remove(client, table, present)
    return None


CHANGES: tuple[Operation, ...] = (
    _create,
    _create,
    _changed,
    _switched,
    _removed,
    lambda client, table, chance: webhooks.load_all(client, table, ASSISTANT, consistent=True),
    lambda client, table, chance: webhooks.load_version(client, table, ASSISTANT),
)


def test_the_config_tables_transactions_get_motos_answers(moto):
    fake: Any = Client({moto.config_table: Table()})
    for client in (fake, moto.dynamodb):
        assistants.create(
            client, moto.config_table, account_sid=ACCOUNT, unique_name="one", now_ms=START_MS, sid=ASSISTANT
        )
    chance = random.Random(1)
    for step in range(120):
        operation = chance.choice(CHANGES)
        given = chance.randrange(10**9)
        theirs = _outcome(operation, moto.dynamodb, moto.config_table, given)
        assert _outcome(operation, fake, moto.config_table, given) == theirs, f"step {step}: {operation}"
    stored = moto.dynamodb.scan(TableName=moto.config_table)["Items"]
    assert dict(fake.tables[moto.config_table].items()) == {(item["pk"]["S"], item["sk"]["S"]): item for item in stored}


def test_the_index_holds_what_the_templates_does():
    (table,) = (table for table in Template(ROOT / "template.yaml", {}).tables if table.logical_id == "DataTable")
    (index,) = table.schema["GlobalSecondaryIndexes"]
    assert tuple(index["Projection"]["NonKeyAttributes"]) == PROJECTED


def test_the_index_lags_and_an_items_changes_keep_their_order():
    now_ms, delays = [0], iter((100, 0, 0))
    table = Table(lambda: now_ms[0], index_delay_ms=lambda: next(delays))
    client: Any = Client({"data": table})
    values = {"pk": "U#w#0", "sk": "1", "ipk": "DUE#0", "isk": "5", "st": "waiting", "at": 0}
    undelivered.put_new(client, "data", values)
    assert table.index_partition("DUE#0") == {}
    client.update_item(
        TableName="data",
        Key={"pk": {"S": "U#w#0"}, "sk": {"S": "1"}},
        UpdateExpression="SET isk = :later",
        ExpressionAttributeValues={":later": {"S": "7"}},
    )
    assert table.index_partition("DUE#0") == {}, "behind the first"
    now_ms[0] = 100
    assert [place[0] for place in table.index_partition("DUE#0")] == ["7"]
    client.delete_item(TableName="data", Key={"pk": {"S": "U#w#0"}, "sk": {"S": "1"}})
    assert table.index_partition("DUE#0") == {}


def test_an_eventual_read_may_be_old_and_a_strong_one_never_is():
    now_ms = [1_000]
    table = Table(lambda: now_ms[0], lag_ms=lambda: 500)
    client: Any = Client({"data": table})
    sid = webhook_sid(1)
    health.watch(client, "data", Health(ACCOUNT, ASSISTANT, sid), now_ms=0, due_ms=0)
    assert health.load(client, "data", sid) is not None
    assert health.load_many(client, "data", [sid]) == {}
    now_ms[0] = 1_600
    assert set(health.load_many(client, "data", [sid])) == {sid}
