"""One attempt's call: the event in the webhook's format, with its proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley import hops
from parley.platforms import platform
from parley.sids import delivery_sid
from parley.signing.callback import sign
from parley.vocabulary import PARLEY
from parley.webhook import CLOUDEVENTS

if TYPE_CHECKING:
    from parley.event import Event
    from parley.platforms.interface import Callback
    from parley.webhook import Webhook, WebhookSecrets
TEST_HEADER = "Parley-Test"


def callback(event: Event, webhook: Webhook, secrets: WebhookSecrets, *, public_url: str, now_ms: int) -> Callback:
    """One attempt's call with its proofs; Parley's own events are CloudEvents whatever the webhook's format."""
    if webhook.format == CLOUDEVENTS or event.platform == PARLEY:
        from parley.cloudevents import envelope  # noqa: PLC0415 — a cold start without such webhooks does not pay for it

        chosen, plain = None, envelope.callback(event, webhook, public_url=public_url)
    else:
        chosen = platform(event.platform)
        plain = chosen.native(event, webhook)
    headers = sign(
        plain,
        webhook,
        secrets,
        chosen,
        delivery_sid=delivery_sid(event.sid, webhook.sid),
        now_seconds=now_ms // 1000,
    )
    headers[hops.HEADER] = str(event.hops + 1)
    if event.test:
        headers[TEST_HEADER] = "true"
    return type(plain)(plain.method, plain.url, headers, plain.body)
