"""What attempts tell of a webhook's health: one write a webhook and invocation, none for those without trouble.

Best effort: losing an observation delays a pause, it loses no event. Only `watch` must succeed, before anything is
parked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from parley import retry, telemetry
from parley.aws import UNAVAILABLE
from parley.data_table import health as health_items
from parley.data_table import keys
from parley.health import LOOK_EVERY_MS, Health, speeds_after

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.attempts import Outcome
    from parley.webhook import Webhook

FRESH_MS = 4_000

logger = telemetry.logger()


@dataclass(frozen=True, slots=True)
class Observation:
    """One attempt that was made."""

    webhook: Webhook
    event_sid: str
    outcome: Outcome


class Vitals:
    """Webhooks' health as this environment knows it: a few seconds old at most."""

    def __init__(
        self, client: DynamoDBClient, table: str, now_ms: Callable[[], int], *, time_scale: float = 1.0
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms
        self._time_scale = time_scale
        self._known: dict[str, tuple[int, Health | None]] = {}
        self._watched: dict[str, int] = {}

    def of(self, webhooks: Iterable[Webhook]) -> dict[str, Health]:
        """The health of those in trouble; nobody is, when the table does not say."""
        now_ms = self._now_ms()
        wanted = {webhook.sid for webhook in webhooks}
        stale = [sid for sid in wanted if sid not in self._known or now_ms - self._known[sid][0] >= FRESH_MS]
        if stale:
            try:
                found = health_items.load_many(self._client, self._table, stale)
            except UNAVAILABLE as error:
                logger.warning("health unknown", extra={"error": type(error).__name__})
                found = {}
            self._known |= {sid: (now_ms, found.get(sid)) for sid in stale}
        known = {sid: self._known[sid][1] for sid in wanted}
        return {sid: health for sid, health in known.items() if health is not None}

    def observe(self, observations: Iterable[Observation]) -> list[tuple[Webhook, Health]]:
        """Take attempts into account.

        Returns:
            The webhooks that failed, with their health after it: the ones that may have to be paused.
        """
        by_webhook: defaultdict[str, list[Observation]] = defaultdict(list)
        for observation in observations:
            by_webhook[observation.webhook.sid].append(observation)
        failing: list[tuple[Webhook, Health]] = []
        for rows in by_webhook.values():
            webhook = rows[0].webhook
            try:
                after = self._record(webhook, rows)
            except UNAVAILABLE as error:
                logger.warning("health not recorded", extra={"webhook": webhook.sid, "error": type(error).__name__})
                continue
            if after is not None:
                failing.append((webhook, after))
        return failing

    def _record(self, webhook: Webhook, rows: list[Observation]) -> Health | None:
        now_ms = self._now_ms()
        seen = self.of([webhook]).get(webhook.sid) or Health(webhook.account_sid, webhook.assistant_sid, webhook.sid)
        speeds = speeds_after(seen.speeds, [row.outcome.duration_ms for row in rows])
        if any(row.outcome.delivered for row in rows):
            after = replace(seen, speeds=speeds, failures=0, failing_since_ms=None, first_event=None, last_event=None)
            after = replace(after, hold_until_ms=None)
            if seen.failures or seen.hold_until_ms:
                health_items.record_success(self._client, self._table, webhook.sid, speeds=speeds)
            elif speeds != seen.speeds and "1" in speeds + seen.speeds:
                health_items.record_speeds(self._client, self._table, after, now_ms=now_ms)
            self._known[webhook.sid] = (now_ms, after)
            return None
        after = health_items.count_failures(
            self._client,
            self._table,
            replace(
                seen,
                failures=len(rows),
                first_event=rows[0].event_sid,
                last_event=rows[-1].event_sid,
                speeds=speeds,
                hold_until_ms=self._hold_until_ms(rows, now_ms),
            ),
            now_ms=now_ms,
        )
        self._known[webhook.sid] = (now_ms, after)
        return after

    def _hold_until_ms(self, rows: list[Observation], now_ms: int) -> int | None:
        """`Retry-After` holds the webhook, not the one delivery: with other events sent on, it would be hammered."""
        asked = [
            seconds
            for row in rows
            if row.outcome.status_code in retry.HONOURS_RETRY_AFTER
            and (seconds := retry.retry_after_seconds(row.outcome.retry_after, now_ms / 1000)) is not None
        ]
        return now_ms + round(max(asked) * 1000 / self._time_scale) if asked else None

    def watch(self, parked: Mapping[str, Any]) -> None:
        """Make sure that the webhook of a parked item (its values) is looked after.

        Raises:
            ClientError: When it cannot be written: then nothing may be parked.
        """
        now_ms = self._now_ms()
        sid = keys.webhook_of_undelivered(parked["pk"])
        if now_ms - self._watched.get(sid, -FRESH_MS) < FRESH_MS:
            return
        health_items.watch(
            self._client,
            self._table,
            Health(parked["ac"], parked["ua"], sid),
            now_ms=now_ms,
            due_ms=now_ms + round(LOOK_EVERY_MS / self._time_scale),
        )
        self._watched[sid] = now_ms

    def forget(self, webhook_sid: str) -> None:
        """Its state changed: ask the table next time."""
        self._known.pop(webhook_sid, None)
