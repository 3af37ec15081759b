"""What must be true of a schedule that has come to rest (design 6)."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parley import reasons, replays, retry
from parley.attributes import from_item
from parley.data_table import deliveries, events, jobs, keys
from parley.sids import delivery_sid
from parley.webhook import DISABLED, PAUSED
from tests.functional.dispatcher.world import ASSISTANT, START_MS
from tests.functional.dispatcher.world import event as numbered
from tests.simulation.scenario import DELETE, DISABLE, ENABLE, GONE, HEALTHY, MOVE
from tests.simulation.world import DATA, EVENTS, Violation, webhook_sid

if TYPE_CHECKING:
    from parley.data_table.deliveries import Delivery
    from parley.data_table.jobs import Replay
    from tests.simulation.world import Begun, Post, World

CACHE_MS = 5_000
ROUNDING_MS = 1
MOST_DEATHS = 8  # of one claim after another
SHARDS = 8
_OPEN = (retry.RETRYING, retry.WAITING)


def broken(world: World) -> list[Violation]:
    """Every rule that the schedule broke."""
    return [
        Violation(rule.__name__.removeprefix("_").replace("_", " "), detail)
        for rule in (
            _accepted_is_durable,
            _every_delivery_ends,
            _open_items_are_looked_after,
            _sent_twice_only_in_the_windows,
            _posts_are_bounded,
            _one_probe_at_a_look,
            _nothing_after_a_change_takes_effect,
            _a_users_change_stands,
            _a_pause_is_looked_after,
            _index_follows_from_base_items,
            _nobody_delays_another,
            _replays_end,
            _a_completed_replay_has_sent_all,
            _a_replay_sends_what_it_is_for,
            _a_replay_counts_what_it_sent,
            _a_replay_keeps_its_rate,
            _nothing_of_an_erased_event_is_left,
            _deaths_are_bounded,
        )
        for detail in rule(world)
    ]


def _stored(world: World) -> dict[str, events.Stored]:
    client: Any = world.client
    found = {sid: events.load(client, DATA, ASSISTANT, sid) for sid in world.accepted}
    return {sid: stored for sid, stored in found.items() if stored is not None}


def _accepted_is_durable(world: World) -> Iterator[str]:
    """Invariant 1."""
    stored = _stored(world)
    dead = " ".join(letter.body for letter in world.queues[EVENTS].dead)
    for sid, event in world.accepted.items():
        if sid not in stored:
            if sid not in dead and sid not in world.erased:
                yield f"{sid[-4:]} was accepted and is nowhere"
        elif stored[sid].event.payload != event.payload:
            yield f"{sid[-4:]} is not what came"


def _kinds(world: World, number: int) -> list[str]:
    return [change.kind for change in world.changed if change.hook == number]


def _was_always_on(world: World, number: int) -> bool:
    """Neither its user nor its receiver took it out of service."""
    return world.hooks[number].receiver != GONE and not {DELETE, DISABLE} & set(_kinds(world, number))


def _delivery(world: World, listed: events.Listed, sid: str) -> Delivery | None:
    client: Any = world.client
    return deliveries.load(client, DATA, listed, sid)


def _every_delivery_ends(world: World) -> Iterator[str]:
    """Invariant 2: each as what, and why."""
    for sid, stored in _stored(world).items():
        for number in world.hooks:
            found = _delivery(world, stored.listed, webhook_sid(number))
            where = f"{sid[-4:]} at {number}"
            if found is None:
                if _was_always_on(world, number):
                    yield f"{where}: there is no delivery"
                continue
            what = f"{where}: {found.status} ({found.reason})"
            if wrong := _wrong(world, found, number):
                yield f"{what}{wrong}"
            if found.status != retry.DELIVERED and not found.reason:
                yield f"{what}: no reason"


def _wrong(world: World, found: Delivery, number: int) -> str | None:
    """What cannot be about a delivery's end."""
    webhook_id = delivery_sid(found.event_sid, found.webhook_sid)
    statuses = [post.status for post in world.posts if post.hook == number and post.webhook_id == webhook_id]
    webhook = world.stored_webhook(number)
    status = webhook["status"]["S"] if webhook else "deleted"
    if found.status == retry.EXHAUSTED and found.reason == reasons.DISPATCHER_ERROR:
        return None if found.event_sid == numbered(world.scenario.deadly).sid else ", and it kills nobody"
    is_true, why = {
        retry.DELIVERED: (200 in statuses, ", and the receiver never took it"),
        retry.EXHAUSTED: (len(statuses) > len(world.hooks[number].schedule), f" after {len(statuses)} posts"),
        retry.CANCELLED: (webhook is None, f", and the webhook is {status}"),
        retry.WAITING: (status in (PAUSED, DISABLED), f", and the webhook is {status}"),
    }.get(found.status, (False, " at the end"))
    return None if is_true else why


def _open_items_are_looked_after(world: World) -> Iterator[str]:
    """Invariant 2, of items of which no event speaks, too."""
    for (pk, sk), item in world.data.items():
        if pk.startswith("U#") and item["st"]["S"] in _OPEN and "isk" not in item:
            health = world.data.get((f"H#{keys.webhook_of_undelivered(pk)}", "H"), consistent=True)
            if health is None or "isk" not in health:
                yield f"{sk[-4:]} waits in vain"


def _pairs(world: World) -> dict[tuple[int, str], list[Post]]:
    found: defaultdict[tuple[int, str], list[Post]] = defaultdict(list)
    for post in world.posts:
        found[post.hook, post.webhook_id].append(post)
    return found


def _excused(world: World, posts: list[Post]) -> int:
    """How many more posts of a delivery the faults of its history explain."""
    first = posts[0]
    about = [webhook_sid(first.hook), *(sid for sid in world.excuses if _is_about(sid, first))]
    return _unwritten(posts) + sum(world.excuses[sid] for sid in set(about))


def _unwritten(posts: list[Post]) -> int:
    """Rounds of posts of which a crash, or a table's lost answer, may have kept the outcomes from being written."""
    return len({post.round for post in posts if post.round.excused})


def _is_about(sid: str, post: Post) -> bool:
    return sid.startswith("EV") and delivery_sid(sid, webhook_sid(post.hook)) == post.webhook_id


def _sent_twice_only_in_the_windows(world: World) -> Iterator[str]:
    """Invariant 3."""
    bodies: dict[tuple[int, bytes], str] = {}
    for (number, webhook_id), posts in _pairs(world).items():
        # a copy that failed goes on with its own schedule, if it is the one that commits
        times = sum(post.delivered for post in posts)
        wanted = _replays_of_all(world, number)
        if times > 1 + wanted + (allowed := _excused(world, posts)):
            yield f"{webhook_id[-4:]} at {number}: delivered {times} times, {allowed} excused"
        again = sum(post.delivered for post in posts if post.again)
        if again > 1 + wanted + (lost := _unwritten(posts)):
            # a copy of a message posts once; whatever is tried again is claimed, however many copies there were
            yield f"{webhook_id[-4:]} at {number}: delivered {again} times by retries, {lost} excused"
        if bodies.setdefault((number, posts[0].body), webhook_id) != webhook_id:
            yield f"one event at {number} under two ids"


def _posts_are_bounded(world: World) -> Iterator[str]:
    """Invariant 9: as many as the schedule says; probes of a paused webhook are one a minute."""
    for (number, webhook_id), posts in _pairs(world).items():
        counted = [post for post in posts if not post.paused]
        most = len(world.hooks[number].schedule) + 1 + _kinds(world, number).count(ENABLE)
        most += sum(begun.job.hook == number for begun in world.begun)
        if len(counted) > most + (allowed := _excused(world, posts)):
            yield f"{webhook_id[-4:]} at {number}: {len(counted)} posts, {most} scheduled, {allowed} excused"


def _one_probe_at_a_look(world: World) -> Iterator[str]:
    for name, webhook, looks, probes in world.looks:
        if probes > looks:
            yield f"{name} probed {webhook[-4:]} {probes} times in {looks} looks"


def _nothing_after_a_change_takes_effect(world: World) -> Iterator[str]:
    """Changes take effect within the cache's age."""
    for change in world.changed:
        later = [other for other in world.changed if other.hook == change.hook and other.at_ms > change.at_ms]
        on_again_ms = min((other.at_ms for other in later if other.kind == ENABLE), default=None)
        for post in world.posts:
            if post.hook != change.hook or post.since_ms <= change.at_ms + CACHE_MS:
                continue
            if change.kind == MOVE and len(post.url) < len(change.url):
                yield f"{change.hook} was called at its old address {post.at_ms - change.at_ms} ms after it moved"
            off = change.kind == DELETE or (
                change.kind == DISABLE and (on_again_ms is None or post.at_ms < on_again_ms)
            )
            if off:
                yield f"{change.hook} was called {post.at_ms - change.at_ms} ms after {change.kind}"


def _a_users_change_stands(world: World) -> Iterator[str]:
    """Invariant 7: the engine never undoes what a user did."""
    for number in world.hooks:
        changes = [change for change in world.changed if change.hook == number]
        item = world.stored_webhook(number)
        kinds = [change.kind for change in changes]
        if (item is None) != (DELETE in kinds):
            yield f"{number} is {'not ' if item is None else ''}there"
        if item is None or not changes:
            continue
        if item["url"]["S"].count("/moved") != kinds.count(MOVE):
            yield f"{number} has moved {kinds.count(MOVE)} times and is at {item['url']['S']}"
        switches = [kind for kind in kinds if kind in (ENABLE, DISABLE)]
        if switches and switches[-1] == DISABLE and item["status"]["S"] != DISABLED:
            yield f"{number} was disabled by its user and is {item['status']['S']}"


def _a_pause_is_looked_after(world: World) -> Iterator[str]:
    """Else nothing would ever end it."""
    for number in world.hooks:
        item = world.stored_webhook(number)
        health = world.data.get((f"H#{webhook_sid(number)}", "H"), consistent=True) or {}
        state = health.get("hs", {}).get("S")
        if item is None:
            if health and any(world.data.partitions.get(pk) for pk in keys.undelivered_partitions(webhook_sid(number))):
                yield f"{number} is deleted and something waits"
            continue
        status = item["status"]["S"]
        if status == PAUSED and (state != PAUSED or "isk" not in health):
            yield f"{number} is paused, its health {state}"
        if state == PAUSED and status != PAUSED:
            yield f"{number} is {status}, its health {state}"


def _index_follows_from_base_items(world: World) -> Iterator[str]:
    """Invariant 10."""
    world.now_ms += 60_000  # it may lag, not stay behind
    world.data.index_partition("")
    indexed = {
        (place[1], place[2]): (partition, place[0]) for partition, rows in world.data.index.items() for place in rows
    }
    for key, raw in world.data.items():
        item = from_item(raw)
        has = (item["ipk"], item["isk"]) if "ipk" in item else None
        if indexed.pop(key, None) != has:
            yield f"{key}: the index has another place"
        if has is None:
            continue
        pk, sk = key
        if keys.is_health(pk):
            wanted = keys.health_due(keys.webhook_of_health(pk), keys.received_ms_of(has[1]))
        elif keys.is_job(pk):
            wanted = keys.job_due(sk, keys.received_ms_of(has[1]))
        elif pk.startswith("U#"):
            wanted = keys.due(keys.webhook_of_undelivered(pk), sk.partition("#")[2], keys.received_ms_of(has[1]))
        else:
            wanted = keys.listing(ASSISTANT, sk, keys.received_ms_of(has[1]), shards=SHARDS)
        if (wanted.pk, wanted.sk) != has:
            yield f"{key}: {has} is not {wanted}"
    if indexed:
        yield f"the index has what is not there: {sorted(indexed)}"


def _nobody_delays_another(world: World) -> Iterator[str]:
    """Invariant 6, where nothing but receivers is at fault and there are dispatchers enough."""
    scenario = world.scenario
    troubled = world.faults or scenario.outages or scenario.slowness
    if troubled or scenario.changes or scenario.jobs or scenario.crowd < 4:
        return
    first: dict[tuple[int, str], int] = {}
    for post in world.posts:
        first.setdefault((post.hook, post.webhook_id), post.at_ms)
    for sid, event in world.accepted.items():
        for number, hook in world.hooks.items():
            if hook.receiver == "healthy":
                at_ms = first.get((number, delivery_sid(sid, webhook_sid(number))))
                if at_ms is None or at_ms - event.received_ms > 11_000:
                    yield f"{sid[-4:]} came to {number} after {at_ms and at_ms - event.received_ms} ms"


def _replays(world: World) -> Iterator[tuple[Begun, Replay]]:
    client: Any = world.client
    for begun in world.begun:
        replay = jobs.load(client, DATA, webhook_sid(begun.job.hook), begun.sid)
        assert replay is not None
        yield begun, replay


def _replays_of_all(world: World, number: int) -> int:
    """How often what was delivered may be sent again because somebody wants it."""
    return sum(begun.job.hook == number and begun.job.mode == replays.ALL for begun in world.begun)


def _replays_end(world: World) -> Iterator[str]:
    """Or wait for a webhook that is out of service."""
    for begun, replay in _replays(world):
        if replay.status in (replays.COUNTING, replays.RUNNING, replays.GIVEN_UP):
            yield f"{begun.sid[-4:]} is {replay.status} ({replay.reason})"


def _a_completed_replay_has_sent_all(world: World) -> Iterator[str]:
    """Whatever it was to send when it began has been attempted since, waits, or went with its webhook or its event."""
    for begun, replay in _replays(world):
        number = begun.job.hook
        if replay.status != replays.COMPLETED or begun.job.dry_run:
            continue
        attempted = {post.webhook_id for post in world.posts if post.hook == number and post.at_ms >= begun.at_ms}
        for sid, stored in _stored(world).items():
            if sid not in begun.wanted or delivery_sid(sid, webhook_sid(number)) in attempted:
                continue
            found = _delivery(world, stored.listed, webhook_sid(number))
            if found is None or found.status not in (retry.WAITING, retry.CANCELLED):
                yield f"{begun.sid[-4:]} left {sid[-4:]} at {number} out: {found and found.status}"


def _a_replay_sends_what_it_is_for(world: World) -> Iterator[str]:
    """The failed, or the missing; nothing when it only counts, and nothing after its end was asked for."""
    by_sid = {begun.sid: begun for begun in world.begun}
    for (number, webhook_id), posts in _pairs(world).items():
        for index, post in enumerate(posts):
            if post.replay is None:
                continue
            job = by_sid[post.replay].job
            before = [other for other in posts[:index] if other.replay != post.replay]
            if job.dry_run or job.hook != number:
                yield f"{post.replay[-4:]} sent {webhook_id[-4:]} to {number}"
            if job.mode == replays.FAILED and not before:
                yield f"{post.replay[-4:]} sent {webhook_id[-4:]} to {number} for the first time"
            if job.mode == replays.MISSING and len(before) > _excused(world, posts):
                yield f"{post.replay[-4:]} sent {webhook_id[-4:]} to {number}, which had it {len(before)} times"


def _a_replay_counts_what_it_sent(world: World) -> Iterator[str]:
    for begun, replay in _replays(world):
        posts = [post for post in world.posts if post.hook == begun.job.hook and post.at_ms >= begun.at_ms]
        taken = {post.webhook_id for post in posts if post.status == 200}
        refused = {post.webhook_id for post in posts if not post.delivered}
        what = f"{begun.sid[-4:]}: {replay.done} done, {replay.delivered} delivered, {replay.failed} failed"
        sent = replay.delivered + replay.failed
        if replay.delivered > len(taken) or replay.failed > len(refused) or sent > replay.done:
            yield f"{what} of {len(taken)} taken and {len(refused)} refused"
        own = {post.webhook_id: post.delivered for post in posts if post.replay == begun.sid}
        is_plain = not (world.faults or world.scenario.outages or world.scenario.deadly or world.erased)
        if is_plain and replay.status == replays.COMPLETED and sent < len(own):
            yield f"{what} of {len(own)} sent"
        if is_plain and replay.status == replays.COMPLETED and sent != replay.done and _stays_in_order(world, begun):
            yield f"{what}: {replay.done - sent} were left to others"


def _stays_in_order(world: World, begun: Begun) -> bool:
    """Nothing parks what a replay has opened: neither its webhook's user nor its receiver."""
    hook = world.hooks[begun.job.hook]
    is_changed = any(change.hook == hook.number and change.at_ms >= begun.at_ms for change in world.changed)
    recovered = hook.until_ms is not None and START_MS + hook.until_ms < begun.at_ms
    return not is_changed and (hook.receiver == HEALTHY or recovered)


def _a_replay_keeps_its_rate(world: World) -> Iterator[str]:
    """What is posted at once has its time before the next; of all replays of a webhook, which go one after another."""
    for number in world.hooks:
        rate = max((begun.job.rate for begun in world.begun if begun.job.hook == number), default=1)
        at_once = Counter(post.at_ms for post in world.posts if post.hook == number and post.replay)
        for earlier, later in itertools.pairwise(sorted(at_once)):
            if later - earlier + ROUNDING_MS < at_once[earlier] * 1000 / rate:
                yield f"{number} was sent {at_once[earlier]}, and more {later - earlier} ms later, at {rate} a second"


def _nothing_of_an_erased_event_is_left(world: World) -> Iterator[str]:
    for sid, at_ms in world.erased.items():
        for pk, sk in (key for key, _ in world.data.items()):
            if pk.startswith(("U#", "D#")) and sk.endswith(sid):
                yield f"{sid[-4:]} is erased, and {pk} has something of it"
        for post in world.posts:
            if post.webhook_id == delivery_sid(sid, webhook_sid(post.hook)) and post.since_ms > at_ms:
                yield f"{sid[-4:]} was posted {post.at_ms - at_ms} ms after it was erased"


def _deaths_are_bounded(world: World) -> Iterator[str]:
    """Invariant 9: an event that kills is given up."""
    for number, deaths in world.deaths.items():
        opened = 1 + sum(begun.job.hook == number for begun in world.begun)
        if deaths > MOST_DEATHS * (opened + len(_kinds(world, number))):
            yield f"{number}: {deaths} deaths"
