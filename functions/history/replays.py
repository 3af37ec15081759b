"""The routes of replays: a job that sends many of a webhook's deliveries again, or for the first time.

`Mode` says which: `failed` those that ended without success; `missing` the events that the webhook's `Events` take as
they are now and that never were for it, because it was made later, asked for less, or was disabled; `all` both, and the
delivered ones. What is on its way is left to itself. Each has its own `webhook-id`, the one that it had.

An event of the last moments before the request may not be in the list that a replay goes by; `To` is never later than
the request. A dry run only counts. `total` is whole when `status` is no longer `counting`; `done` may end below it,
where somebody else sent one meanwhile, and above `delivered` and `failed` together, where one waits with its webhook.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Any

from functions.history import filters
from parley import replays, telemetry
from parley.api import links, paging
from parley.api.caller import REPLAY as SCOPE
from parley.api.dates import iso
from parley.api.parameters import choice_of, flag_of, read_body, read_query, text_of, whole_of
from parley.api.routing import Answer, Api, Call
from parley.aws import UNAVAILABLE
from parley.data_table import jobs
from parley.data_table.jobs import Replay
from parley.errors import ConflictError, InvalidParameterError, NotFoundError
from parley.messages import ReplayMessage
from parley.platforms import PLATFORM_NAMES
from parley.queues import retries
from parley.sids import REPLAY, is_sid
from parley.vocabulary import PARLEY, TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.history.deployment import Deployment

LIST = "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Replays"
ONE = "/v1/Assistants/{AssistantSid}/Webhooks/{WebhookSid}/Replays/{Sid}"

WRITABLE = ("mode", "from", "to", "type", "platform", "conversation_id", "dry_run", "rate")
READ_ONLY = ("sid", "webhook_sid", "status", "reason", "total", "done", "delivered", "failed", "date_created", "url")
PLATFORMS = (*PLATFORM_NAMES, PARLEY)
CURSORS = re.compile(r"RP[0-9a-f]{32}")
WATCHDOG_SECONDS = 60  # a message that has not come by then is lost: the due index sends another

logger = telemetry.logger()


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve replays."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.post(LIST, SCOPE)(functools.partial(create, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.post(ONE, SCOPE)(functools.partial(cancel, deployment))


def shown(replay: Replay, base_url: str) -> dict[str, Any]:
    """A replay as it is answered."""
    path = ("Assistants", replay.assistant_sid, "Webhooks", replay.webhook_sid, "Replays", replay.sid)
    return {
        "sid": replay.sid,
        "webhook_sid": replay.webhook_sid,
        "mode": replay.mode,
        "from": iso(replay.from_ms),
        "to": iso(replay.to_ms),
        "type": replay.type,
        "platform": replay.platform,
        "conversation_id": replay.conversation_id,
        "dry_run": replay.dry_run,
        "rate": replay.rate,
        "status": replay.status,
        "reason": replay.reason,
        "total": replay.total,
        "done": replay.done,
        "delivered": replay.delivered,
        "failed": replay.failed,
        "date_created": iso(replay.created_ms),
        "url": links.resource(base_url, *path),
    }


def list_all(deployment: Deployment, call: Call, assistant: str, webhook: str) -> Answer:
    """A page of a webhook's replays, newest first."""
    page = paging.read(call.request.raw_query, cursors=CURSORS)
    owner = deployment.webhook(call, assistant, webhook)
    found = jobs.list_newest(
        deployment.dynamodb, deployment.settings.data_table, owner.sid, below=page.cursor, limit=page.size + 1
    )
    rows = found[: page.size]
    url = links.resource(call.base_url, "Assistants", owner.assistant_sid, "Webhooks", owner.sid, "Replays")
    after = rows[-1].sid if len(found) > page.size else None
    return Answer(
        200,
        {
            "meta": paging.block(url, "replays", page, before=None, after=after),
            "replays": [shown(replay, call.base_url) for replay in rows],
        },
    )


def _moment(values: Mapping[str, Any], key: str, name: str) -> int | None:
    text = text_of(values, key, most=filters.MOST_CHARACTERS)
    return None if text is None else filters.milliseconds(name, {name: text})


def create(deployment: Deployment, call: Call, assistant: str, webhook: str) -> Answer:
    """Begin a replay, which counts what there is to send and then sends it; a dry run only counts."""
    read_query(call.request.raw_query, allowed=())
    values = read_body(call.request, writable=WRITABLE, read_only=READ_ONLY)
    mode = choice_of(values, "mode", replays.MODES)
    if mode is None:
        raise InvalidParameterError("Mode", "it is required", ", ".join(replays.MODES))
    from_ms, to_ms = _moment(values, "from", "From"), _moment(values, "to", "To")
    to_ms = call.now_ms if to_ms is None else min(to_ms, call.now_ms)
    if from_ms is not None and from_ms >= to_ms:
        raise InvalidParameterError("From", f"{iso(from_ms)} is not before {iso(to_ms)}", "a time before To and now")
    kind = choice_of(values, "type", TYPES)
    platform = choice_of(values, "platform", PLATFORMS)
    conversation_id = text_of(values, "conversation_id", most=filters.MOST_CHARACTERS)
    dry_run = flag_of(values, "dry_run")
    rate = whole_of(values, "rate", least=1, most=replays.MAX_RATE)
    owner = deployment.webhook(call, assistant, webhook)
    replay = Replay(
        sid=jobs.new_sid(call.now_ms),
        webhook_sid=owner.sid,
        assistant_sid=owner.assistant_sid,
        account_sid=owner.account_sid,
        mode=mode,
        from_ms=from_ms,
        to_ms=to_ms,
        type=kind,
        platform=platform,
        conversation_id=conversation_id,
        dry_run=bool(dry_run),
        rate=rate or replays.DEFAULT_RATE,
        created_ms=call.now_ms,
        status=replays.COUNTING,
    )
    settings = deployment.settings
    due_ms = call.now_ms + math.ceil(WATCHDOG_SECONDS * 1000 / settings.time_scale)
    jobs.create(deployment.dynamodb, settings.data_table, replay, due_ms=due_ms)
    message = ReplayMessage(replay.account_sid, replay.assistant_sid, replay.webhook_sid, replay.sid)
    try:
        retries.send_replays(deployment.sqs, settings.retry_queue_url, [message])
    except UNAVAILABLE as error:
        # it exists, so it is not refused: the sweeper begins it a minute later
        logger.warning("replay left to the sweeper", extra={"replay": replay.sid, "error": type(error).__name__})
    return Answer(201, shown(replay, call.base_url))


def _load(deployment: Deployment, call: Call, assistant: str, webhook: str, sid: str) -> Replay:
    owner = deployment.webhook(call, assistant, webhook)
    found = None
    if is_sid(sid, REPLAY):
        found = jobs.load(deployment.dynamodb, deployment.settings.data_table, owner.sid, sid)
    if found is None:
        raise NotFoundError(call.path)
    return found


def fetch(deployment: Deployment, call: Call, assistant: str, webhook: str, sid: str) -> Answer:
    """One replay, with how far it has come."""
    read_query(call.request.raw_query, allowed=())
    return Answer(200, shown(_load(deployment, call, assistant, webhook, sid), call.base_url))


def cancel(deployment: Deployment, call: Call, assistant: str, webhook: str, sid: str) -> Answer:
    """Cancel a replay: `Status=cancelled` is the one change there is; the step that it is at is finished."""
    read_query(call.request.raw_query, allowed=())
    passed_over = tuple(key for key in (*WRITABLE, *READ_ONLY) if key != "status")
    values = read_body(call.request, writable=("status",), read_only=passed_over)
    if choice_of(values, "status", (replays.CANCELLED,)) is None:
        raise InvalidParameterError("Status", "it is required", replays.CANCELLED)
    replay = _load(deployment, call, assistant, webhook, sid)
    if replay.status != replays.CANCELLED:
        cancelled = jobs.cancel(deployment.dynamodb, deployment.settings.data_table, replay.webhook_sid, replay.sid)
        if cancelled is None:
            raise ConflictError("It has come to its end already: there is nothing left to cancel")
        replay = cancelled
    return Answer(200, shown(replay, call.base_url))
