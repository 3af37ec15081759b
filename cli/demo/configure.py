"""Creates the demo's assistant, sources and webhooks, through the management API as any team would."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.demo.scenario import ASSISTANT, Subscriber

if TYPE_CHECKING:
    from cli.demo.calls import ManagementApi

_KEY_BYTES = 24


@dataclass(frozen=True, slots=True)
class Source:
    """Where a platform calls Parley, and what it proves its calls with."""

    ingest_url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom Parley calls, and what its callbacks are verified with."""

    sid: str
    secret: str


@dataclass(frozen=True, slots=True)
class Configured:
    """What was created: sources by platform, webhooks by path."""

    sources: Mapping[str, Source]
    webhooks: Mapping[str, Webhook]


def configure(api: ManagementApi, subscribers: Sequence[Subscriber], receiver_url: str) -> Configured:
    """Creates all of it.

    Raises:
        DemoError: Something was not created.
    """
    assistant = api.create("Assistants", UniqueName=ASSISTANT)["sid"]
    given = {
        "autopilot": secrets.token_hex(16),  # the Twilio account's auth token
        "watsonx": None,  # Parley makes one, to be pasted into watsonx
        "messagehub": secrets.token_urlsafe(_KEY_BYTES),
        "tropo": f"tropo:{secrets.token_urlsafe(_KEY_BYTES)}",
    }
    sources = {}
    for platform, secret in given.items():
        parameters = {"UniqueName": platform, "Platform": platform} | ({"Secret": secret} if secret else {})
        created = api.create(f"Assistants/{assistant}/Sources", **parameters)
        sources[platform] = Source(created["ingest_url"], secret or created["secret"])
    webhooks = {}
    for subscriber in subscribers:
        # a secret may be any text: no alphabet is assumed on the way out
        secret = f"秘密 {secrets.token_urlsafe(_KEY_BYTES)}" if subscriber.own_secret else None
        created = api.create(
            f"Assistants/{assistant}/Webhooks",
            UniqueName=subscriber.name,
            Events=subscriber.events,
            WebhookUrl=f"{receiver_url}{subscriber.path}",
            Format=subscriber.format,
            **({"Secret": secret} if secret else {}),
            **({"RetrySchedule": subscriber.retry_schedule} if subscriber.retry_schedule else {}),
        )
        webhooks[subscriber.path] = Webhook(created["sid"], secret or created["secret"])
    return Configured(sources, webhooks)
