"""A webhook: where Parley calls the team's systems, for which events and how; its secrets stand apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ACTIVE = "active"
PAUSED = "paused"
DISABLED = "disabled"

BY_USER = "by_user"
GONE = "gone"
FAILING = "failing"

NATIVE = "native"
CLOUDEVENTS = "cloudevents"

JWT_AUTO = "auto"
JWT_ALWAYS = "always"
JWT_NEVER = "never"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook's configuration, without secrets and header values.

    Attributes:
        events: The names it subscribed to, as they were given.
        url: Normalised at creation: what is stored is what is sent and signed.
        jwt: `auto`, `always` or `never`.
        retry_schedule: Seconds before each further attempt; the first attempt is not listed.
        header_names: The team's own headers, in the order they were given.
        status: `active`, `paused` or `disabled`, with a reason and the time since.
        version: Counts changes; `If-Match` compares it.
    """

    sid: str
    account_sid: str
    assistant_sid: str
    unique_name: str
    events: str
    url: str
    method: str
    format: str
    jwt: str
    retry_schedule: tuple[int, ...]
    header_names: tuple[str, ...]
    enabled: bool
    status: str
    status_reason: str | None
    status_since_ms: int | None
    version: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """What a webhook's callbacks are signed and sent with.

    Attributes:
        secrets: The live ones, newest first; during a rotation both sign.
        headers: The team's own headers with their values.
    """

    secrets: tuple[str, ...]
    headers: Mapping[str, str]
