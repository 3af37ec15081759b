"""Keys of the data table and of its one index, `ByTime`.

| item | pk | sk | ipk | isk |
| --- | --- | --- | --- | --- |
| event | `<UA>#<c>` | `<EV>` | `L#<UA>#<shard>` | `<received ms>#<EV>` |
| chunk | `<UA>#<c>` | `<EV>#<i>` | | |
| undelivered | `U#<UM>#<shard>` | `<received ms>#<EV>` | `DUE#<0..15>`, absent while parked | `<due ms>#<UM>#<EV>` |
| finished late | `D#<UM>#<shard>` | `<received ms>#<EV>` | | |
| health | `H#<UM>` | `H` | `DUE#…` while it is looked after | `<due ms>#<UM>` |
| replay | `J#<UM>` | `<RP>` | `DUE#…` while it is open | `<due ms>#<RP>` |
| id of an own bot's event (`emitted.py`) | `E#<EV>` | `E` | | |

Milliseconds have 13 digits, so texts sort as times do. The listing's shards are a parameter that may grow; those of
undelivered items are fixed, because their keys must follow from the event alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from parley.sids import partition_of

INDEX = "ByTime"
UNDELIVERED_SHARDS = 8
DUE_SHARDS = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key."""

    pk: str
    sk: str


def _spread(event_sid: str, shards: int) -> int:
    return int(event_sid[-2:], 16) % shards


def event(assistant_sid: str, event_sid: str) -> Key:
    """Where an event is: it follows from its SID."""
    return Key(f"{assistant_sid}#{partition_of(event_sid)}", event_sid)


def chunk(assistant_sid: str, event_sid: str, index: int) -> Key:
    """Where the results of one chunk of an event's webhooks are."""
    return Key(f"{assistant_sid}#{partition_of(event_sid)}", f"{event_sid}#{index}")


def chunk_of(webhook_sid: str, count: int) -> int:
    """Which of `count` chunks serves a webhook."""
    return int.from_bytes(hashlib.sha256(webhook_sid.encode()).digest()[:8]) % count


def listing_partition(assistant_sid: str, shard: int) -> str:
    """The index partition of one shard of an assistant's events."""
    return f"L#{assistant_sid}#{shard}"


def listing(assistant_sid: str, event_sid: str, received_ms: int, *, shards: int) -> Key:
    """Where an event stands in the index."""
    return Key(listing_partition(assistant_sid, _spread(event_sid, shards)), listing_sort(received_ms, event_sid))


def listing_sort(received_ms: int, event_sid: str) -> str:
    """By time, then by SID."""
    return f"{received_ms:013d}#{event_sid}"


def undelivered(webhook_sid: str, event_sid: str, received_ms: int) -> Key:
    """Where an event waits for a webhook that has not taken it."""
    return Key(f"U#{webhook_sid}#{_spread(event_sid, UNDELIVERED_SHARDS)}", listing_sort(received_ms, event_sid))


def undelivered_partitions(webhook_sid: str) -> list[str]:
    """All partitions in which something may wait for a webhook."""
    return [f"U#{webhook_sid}#{shard}" for shard in range(UNDELIVERED_SHARDS)]


def webhook_of_undelivered(pk: str) -> str:
    """The webhook of an undelivered or finished item."""
    return pk.split("#")[1]


def finished(webhook_sid: str, event_sid: str, received_ms: int) -> Key:
    """Where a delivery that failed at first and is over now is kept."""
    return Key(f"D#{webhook_sid}#{_spread(event_sid, UNDELIVERED_SHARDS)}", listing_sort(received_ms, event_sid))


def finished_partitions(webhook_sid: str) -> list[str]:
    """All partitions in which finished deliveries of a webhook are kept, in the order of those where they waited."""
    return [f"D#{webhook_sid}#{shard}" for shard in range(UNDELIVERED_SHARDS)]


def due_partition(shard: int) -> str:
    """One shard of the due index."""
    return f"DUE#{shard}"


def due(webhook_sid: str, event_sid: str, due_ms: int) -> Key:
    """Where an undelivered item stands in the due index."""
    return Key(due_partition(_spread(event_sid, DUE_SHARDS)), f"{due_ms:013d}#{webhook_sid}#{event_sid}")


def health(webhook_sid: str) -> Key:
    """Where a webhook's health is, if it has any trouble."""
    return Key(f"H#{webhook_sid}", "H")


def webhook_of_health(pk: str) -> str:
    """The webhook of a health item."""
    return pk.removeprefix("H#")


def is_health(pk: str) -> bool:
    """Whether an entry of the due index is a webhook's health."""
    return pk.startswith("H#")


def health_due(webhook_sid: str, due_ms: int) -> Key:
    """Where a health item stands in the due index."""
    return Key(due_partition(_spread(webhook_sid, DUE_SHARDS)), f"{due_ms:013d}#{webhook_sid}")


def job(webhook_sid: str, replay_sid: str) -> Key:
    """Where a replay of a webhook's deliveries is."""
    return Key(f"J#{webhook_sid}", replay_sid)


def webhook_of_job(pk: str) -> str:
    """The webhook of a replay."""
    return pk.removeprefix("J#")


def is_job(pk: str) -> bool:
    """Whether an entry of the due index is a replay."""
    return pk.startswith("J#")


def job_due(replay_sid: str, due_ms: int) -> Key:
    """Where a replay stands in the due index."""
    return Key(due_partition(_spread(replay_sid, DUE_SHARDS)), f"{due_ms:013d}#{replay_sid}")


def received_ms_of(sort: str) -> int:
    """The time in a sort key that begins with one."""
    return int(sort[:13])
