"""What the data table knows of webhooks and sources: how much waits for one, when an event last came from the other.

It stands beside the configuration and is no part of it: bounded in cost (invariant 9), and null rather than a refusal
when the table does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parley import telemetry
from parley.aws import UNAVAILABLE
from parley.data_table import event_lists, health, undelivered
from parley.webhook import ACTIVE

if TYPE_CHECKING:
    from functions.webhooks.deployment import Deployment
    from parley.api.routing import Call
    from parley.webhook import Webhook

MOST_COUNTED_WEBHOOKS = 50  # in one answer: as many as a page has by default
RESERVE_SECONDS = 5.0  # for the answer, and a count that is slow

logger = telemetry.logger()


def waiting(deployment: Deployment, call: Call, webhooks: Sequence[Webhook]) -> dict[str, int | None]:
    """How many events each webhook is still to get, by SID; None where that is not known.

    Counted is for those in trouble alone. An active webhook without a health item has not failed for 90 days, and no
    schedule lasts so long; one that is off may keep what waits for longer than that item.
    """
    client, table = deployment.client, deployment.settings.data_table
    found: dict[str, int | None] = {webhook.sid: 0 for webhook in webhooks}
    try:
        known = health.load_many(client, table, found)
        troubled = [webhook.sid for webhook in webhooks if webhook.sid in known or webhook.status != ACTIVE]
        for number, sid in enumerate(troubled):
            affordable = number < MOST_COUNTED_WEBHOOKS and call.seconds_left() > RESERVE_SECONDS
            found[sid] = undelivered.count_open(client, table, sid) if affordable else None
    except UNAVAILABLE as error:
        logger.warning("What waits is not known", extra={"error": type(error).__name__})
        return dict.fromkeys(found)
    return found


def last_event_ms(deployment: Deployment, assistant_sid: str, source_sids: Sequence[str]) -> dict[str, int]:
    """When the newest event of each source was received, Unix milliseconds; one of which none is known is left out."""
    if not source_sids:
        return {}
    settings = deployment.settings
    try:
        return event_lists.last_received(
            deployment.client, settings.data_table, assistant_sid, source_sids, shards=settings.event_shards
        )
    except UNAVAILABLE as error:
        logger.warning("When events came last is not known", extra={"error": type(error).__name__})
        return {}
