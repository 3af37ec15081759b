"""What came of a run: who got what how often, and when. Plain values in, plain values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BATCH = 10  # messages that one worker holds at most (template.yaml, BatchSize)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a receiver.

    Attributes:
        at: When it came, in monotonic seconds.
        number: The event's.
        status: What it was answered; 0 is never.
    """

    at: float
    path: str
    number: int
    webhook_id: str
    status: int


@dataclass(frozen=True, slots=True)
class Count:
    """What the calls of some webhooks come to.

    Attributes:
        owed: Accepted events × webhooks.
        lost: Of these, how many their receiver never took.
        duplicates: How often a receiver took what it had taken before.
        differing: Deliveries that came under more than one `webhook-id`.
        shared: `webhook-id`s that more than one delivery came under.
    """

    owed: int
    lost: int
    duplicates: int
    differing: int
    shared: int


def read(lines: Iterable[str]) -> list[Call]:
    """The file that the receivers write."""
    rows = (line.rstrip("\n").split("\t") for line in lines)
    return [Call(float(at), path, int(number), sid, int(status)) for at, path, number, sid, status in rows]


def count(calls: Iterable[Call], accepted: Iterable[int], paths: Iterable[str]) -> Count:
    """Look at every accepted event at each of these webhooks."""
    wanted = set(paths)
    taken: defaultdict[tuple[str, int], int] = defaultdict(int)
    ids: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for call in calls:
        if call.path in wanted:
            taken[call.path, call.number] += call.status == 200
            ids[call.path, call.number].add(call.webhook_id)
    owed = [(path, number) for path in sorted(wanted) for number in sorted(set(accepted))]
    under: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for pair, seen in ids.items():
        for sid in seen:
            under[sid].add(pair)
    return Count(
        owed=len(owed),
        lost=sum(not taken[pair] for pair in owed),
        duplicates=sum(times - 1 for times in taken.values() if times > 1),
        differing=sum(len(seen) > 1 for seen in ids.values()),
        shared=sum(len(pairs) > 1 for pairs in under.values()),
    )


def seconds_until_taken(
    calls: Iterable[Call], accepted: Mapping[int, float], path: str, *, accepted_after: float
) -> list[float]:
    """From its acceptance until its receiver took it first, of each event accepted after that time; sorted."""
    first: dict[int, float] = {}
    for call in calls:
        if call.path == path and call.status == 200:
            first[call.number] = min(call.at, first.get(call.number, call.at))
    return sorted(first[number] - at for number, at in accepted.items() if at >= accepted_after and number in first)


def percentile(values: list[float], percent: int) -> float:
    """Of sorted values, by the nearest rank; infinite of none."""
    return values[max(0, -(-len(values) * percent // 100) - 1)] if values else float("inf")
