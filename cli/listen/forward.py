"""Posts events to a server on this machine, made, signed and sent by what the dispatcher does it with.

What differs from a webhook: one attempt at each, one at a time in the order of arrival, with a webhook SID and so
`webhook-id`s of this run alone; and addresses of private networks are allowed.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cli import moments
from cli.api_client import payload_of
from functions.dispatcher.callbacks.poster import Poster
from parley import hops
from parley.cloudevents import envelope
from parley.event import Event
from parley.platforms import platform
from parley.platforms.interface import Callback
from parley.sids import WEBHOOK, delivery_sid, new_sid
from parley.signing.callback import sign
from parley.targets import TargetPolicy, check_url
from parley.vocabulary import PARLEY
from parley.webhook import ACTIVE, CLOUDEVENTS, JWT_AUTO, Webhook, WebhookSecrets

if TYPE_CHECKING:
    from datetime import datetime

    from cli.api_client import ApiClient, Resource
    from parley.attempts import Outcome

# This machine, and where its containers and virtual machines are.
_NEAR = tuple(
    ipaddress.ip_network(cidr)
    for cidr in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
POLICY = TargetPolicy(allow_http=True, allowed_private=_NEAR)


def target(typed: str) -> str:
    """The URL as it will be called: `8000/hook` is short for this machine's port, and no scheme for http.

    Raises:
        RefusedTargetError: It is none, or leads where no callback may go.
    """
    where = f"127.0.0.1:{typed}" if typed.partition("/")[0].isdecimal() else typed
    return check_url(where if "://" in where else f"http://{where}", POLICY)


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Posts for one run.

    Attributes:
        webhook: That of this run alone; says to which URL and in which format.
    """

    client: ApiClient
    assistant: str
    webhook: Webhook
    secrets: WebhookSecrets
    runner: asyncio.Runner
    poster: Poster

    def fetch(self, listed: Resource) -> Resource:
        """The event as it is posted: with its payload, or as the CloudEvent that the deployment makes of it.

        Raises:
            ApiError: As the kind that says why.
        """
        cloud_event = self.webhook.format == CLOUDEVENTS or listed["platform"] == PARLEY
        query = {"Format": CLOUDEVENTS} if cloud_event else None
        return self.client.call("GET", ("Assistants", self.assistant, "Events", listed["sid"]), query=query)

    def post(self, fetched: Resource) -> Outcome:
        """One event's post, and what came of it."""
        called = callback(fetched, self.webhook, self.secrets, now=moments.now())
        self.poster.begin_invocation()
        return self.runner.run(self.poster.post(called))

    def close(self) -> None:
        """Ends its connections."""
        self.runner.run(self.poster.close())
        self.runner.close()


def forwarder(client: ApiClient, assistant: Resource, url: str, chosen_format: str, secret: str) -> Forwarder:
    """One for this run.

    Args:
        client: Calls the deployment.
        assistant: As the API shows it.
        url: As `target` gives it.
        chosen_format: `native` or `cloudevents`.
        secret: What posts are signed with.
    """
    webhook = Webhook(
        sid=new_sid(WEBHOOK),
        account_sid=assistant["account_sid"],
        assistant_sid=assistant["sid"],
        unique_name="parley listen",
        events="*",
        url=url,
        method="POST",
        format=chosen_format,
        jwt=JWT_AUTO,
        retry_schedule=(),
        header_names=(),
        enabled=True,
        status=ACTIVE,
        status_reason=None,
        status_since_ms=None,
        version=1,
        created_ms=0,
        updated_ms=0,
    )
    runner = asyncio.Runner()
    return Forwarder(
        client=client,
        assistant=assistant["sid"],
        webhook=webhook,
        secrets=WebhookSecrets((secret,), {}),
        runner=runner,
        poster=Poster(POLICY, loop=runner.get_loop()),
    )


def callback(fetched: Resource, webhook: Webhook, secrets: WebhookSecrets, *, now: datetime) -> Callback:
    """An event's call with its proofs, as `functions.dispatcher.calls` makes it.

    Args:
        fetched: As `Forwarder.fetch` gives it.
        webhook: Of this run.
        secrets: Its own.
        now: When it is signed.
    """
    event = event_of(fetched, webhook.account_sid)
    if webhook.format == CLOUDEVENTS or event.platform == PARLEY:
        chosen = None
        plain = Callback("POST", webhook.url, {"Content-Type": envelope.CONTENT_TYPE}, event.payload)
    else:
        chosen = platform(event.platform)
        plain = chosen.native(event, webhook)
    delivery = delivery_sid(event.sid, webhook.sid)
    headers = sign(plain, webhook, secrets, chosen, delivery_sid=delivery, now_seconds=int(now.timestamp()))
    headers[hops.HEADER] = str(event.hops + 1)
    return Callback(plain.method, plain.url, headers, plain.body)


def event_of(fetched: Resource, account_sid: str) -> Event:
    """An event as the dispatcher knows it, from what the API shows of it."""
    return Event(
        sid=fetched["sid"],
        account_sid=account_sid,
        assistant_sid=fetched["assistant_sid"],
        source_sid=fetched["source_sid"],
        platform=fetched["platform"],
        name=fetched["event"],
        type=fetched["type"],
        status=fetched["status"],
        reason=fetched["status_reason"],
        conversation_id=fetched["conversation_id"],
        occurred_ms=_milliseconds(fetched["occurred_at"]) if fetched["occurred_at"] else None,
        received_ms=_milliseconds(fetched["date_created"]),
        rid="",
        method=fetched["method"],
        content_type=fetched["content_type"],
        payload=payload_of(fetched),
    )


def _milliseconds(text: str) -> int:
    return (moments.parse(text) - moments.EPOCH) // timedelta(milliseconds=1)
