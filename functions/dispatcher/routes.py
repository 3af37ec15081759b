"""Which webhooks want an event, and their secrets: a few seconds old at most, read again only when they changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from parley import telemetry
from parley.aws import UNAVAILABLE
from parley.data_table.keys import chunk_of
from parley.subscriptions import takes
from parley.vocabulary import PARLEY
from parley.webhook import DISABLED

if TYPE_CHECKING:
    from parley.event import Event
    from parley.webhook import Webhook, WebhookSecrets

logger = telemetry.logger()

FRESH_SECONDS = 4.0  # changes take effect within 5 s (design 2)
_MOST_KINDS = 256
SECRET_SECONDS = 60.0  # a webhook's only secret: it changes with the webhook's version alone


class Configuration(Protocol):
    """What the config table is asked."""

    def webhooks_version(self, assistant_sid: str) -> int:
        """Counts the changes to an assistant's webhooks."""

    def webhooks(self, assistant_sid: str) -> tuple[int, list[Webhook]]:
        """All of an assistant's webhooks, and the count of changes, which was read before them."""

    def webhook(self, assistant_sid: str, webhook_sid: str) -> Webhook | None:
        """One webhook, read strongly."""

    def secrets(self, webhook_sids: Iterable[str]) -> Mapping[str, WebhookSecrets]:
        """What callbacks are signed and sent with."""

    def set_status(self, webhook: Webhook, status: str, *, reason: str | None) -> None:
        """The engine's switch; does nothing if the webhook changed meanwhile."""


@dataclass(frozen=True, slots=True)
class _Assistant:
    """What is known of one.

    Attributes:
        takers: By platform, name and type of an event, the webhooks that want it, in as many chunks as were asked for:
            else each chunk of a wide event would look at all of them, and time would grow with their square.
    """

    version: int
    checked_seconds: float
    webhooks: tuple[Webhook, ...]
    takers: dict[tuple[str, str, str, int], tuple[tuple[Webhook, ...], ...]]


@dataclass(frozen=True, slots=True)
class _Secrets:
    webhook_version: int
    loaded_seconds: float
    secrets: WebhookSecrets


class Routes:
    """A cache over the configuration, bounded in age."""

    def __init__(self, configuration: Configuration, now_seconds: Callable[[], float]) -> None:
        self._configuration = configuration
        self._now_seconds = now_seconds
        self._assistants: dict[str, _Assistant] = {}
        self._secrets: dict[str, _Secrets] = {}

    def matching(self, event: Event, chunk: tuple[int, int] = (0, 1)) -> tuple[Webhook, ...]:
        """The active and paused webhooks that want this event, each once.

        Args:
            event: The event.
            chunk: Of which chunk, and of how many.
        """
        index, count = chunk
        entry = self._assistant(event.assistant_sid)
        # what Parley says of a webhook goes by the webhook too
        key = (event.platform, event.name if event.platform != PARLEY else event.sid, event.type, count)
        if key not in entry.takers:
            if len(entry.takers) >= _MOST_KINDS:
                entry.takers.clear()  # names are the senders' to invent
            found: list[list[Webhook]] = [[] for _ in range(count)]
            for webhook in entry.webhooks:
                if webhook.status != DISABLED and takes(webhook, event):
                    found[chunk_of(webhook.sid, count) if count > 1 else 0].append(webhook)
            entry.takers[key] = tuple(map(tuple, found))
        return entry.takers[key][index]

    def _assistant(self, assistant_sid: str) -> _Assistant:
        now = self._now_seconds()
        entry = self._assistants.get(assistant_sid)
        if entry is not None and now - entry.checked_seconds < FRESH_SECONDS:
            return entry
        if entry is None or self._configuration.webhooks_version(assistant_sid) != entry.version:
            # the version is the older of the two reads: a change between them is seen at the next look, never missed
            version, webhooks = self._configuration.webhooks(assistant_sid)
            entry = _Assistant(version, now, tuple(webhooks), {})
        self._assistants[assistant_sid] = replace(entry, checked_seconds=now)
        return entry

    def strongly(self, assistant_sid: str, webhook_sid: str) -> Webhook | None:
        """One webhook as it is now: what ends a delivery must not rest on a cache (invariant 10)."""
        return self._configuration.webhook(assistant_sid, webhook_sid)

    def secrets(self, webhooks: Iterable[Webhook]) -> dict[str, WebhookSecrets]:
        """What these webhooks' callbacks are signed with, by webhook SID; one deleted meanwhile is left out.

        A change of secrets changes the webhook's version, so an entry is wrong only as long as the webhook's own is.
        What comes by itself is the end of a rotation's overlap: two live secrets are read again as soon as routes are.
        One is not, or a wide event would be charged more for secrets than for all else that is read for it.
        """
        now = self._now_seconds()
        wanted = {webhook.sid: webhook for webhook in webhooks}
        missing = [
            sid
            for sid, webhook in wanted.items()
            if (known := self._secrets.get(sid)) is None
            or known.webhook_version != webhook.version
            or now - known.loaded_seconds >= (FRESH_SECONDS if len(known.secrets.secrets) > 1 else SECRET_SECONDS)
        ]
        if missing:
            found = self._configuration.secrets(missing)
            for sid in missing:
                if sid in found:
                    self._secrets[sid] = _Secrets(wanted[sid].version, now, found[sid])
                else:
                    self._secrets.pop(sid, None)  # deleted: what is known of it signs nothing more
        return {sid: self._secrets[sid].secrets for sid in wanted if sid in self._secrets}

    def set_status(self, webhook: Webhook, status: str, *, reason: str | None) -> None:
        """The engine's switch; this environment acts on it at once.

        Raises:
            ClientError: When it cannot be written.
        """
        self._assistants.pop(webhook.assistant_sid, None)
        self._configuration.set_status(webhook, status, reason=reason)

    def disable(self, webhook: Webhook, *, reason: str) -> None:
        """Take a webhook out of service.

        Best effort: if it cannot be written now, the next 410 does it; failing here would post to the others again.
        """
        try:
            self.set_status(webhook, DISABLED, reason=reason)
        except UNAVAILABLE as error:
            logger.warning("not disabled", extra={"webhook": webhook.sid, "error": type(error).__name__})
