"""The dispatcher function: wiring only. Both queues' mappings call it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.dispatcher import batch
from functions.dispatcher.callbacks.poster import Poster
from functions.dispatcher.ports import Ports
from functions.dispatcher.routes import Routes
from functions.dispatcher.vitals import Vitals
from parley import aws, telemetry
from parley.config_table import secrets, webhooks
from parley.settings import DispatcherSettings
from parley.targets import TargetPolicy, own_hosts

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from parley.attempts import Outcome
    from parley.platforms.interface import Callback
    from parley.webhook import Webhook, WebhookSecrets

_RESERVE_MS = 3_000  # for acknowledging, and for what the runtime does after the handler


@dataclass(frozen=True, slots=True)
class Tables:
    """The configuration as the config table has it."""

    client: DynamoDBClient
    table: str

    def webhooks_version(self, assistant_sid: str) -> int:
        """Counts the changes to an assistant's webhooks."""
        return webhooks.load_version(self.client, self.table, assistant_sid)

    def webhooks(self, assistant_sid: str) -> tuple[int, list[Webhook]]:
        """All of an assistant's webhooks, and the count of changes, which was read before them."""
        return webhooks.load_all(self.client, self.table, assistant_sid, consistent=True)

    def webhook(self, assistant_sid: str, webhook_sid: str) -> Webhook | None:
        """One webhook, read strongly."""
        return webhooks.load(self.client, self.table, assistant_sid, webhook_sid, consistent=True)

    def secrets(self, webhook_sids: Iterable[str]) -> Mapping[str, WebhookSecrets]:
        """What callbacks are signed and sent with."""
        return secrets.load_webhook_secrets(self.client, self.table, list(webhook_sids), now_seconds=time.time())

    def set_status(self, webhook: Webhook, status: str, *, reason: str | None) -> None:
        """The engine's switch; does nothing if the webhook changed meanwhile."""
        webhooks.set_status(self.client, self.table, webhook, status=status, reason=reason, now_ms=now_ms())


class Calls:
    """The HTTP client on an event loop that lives as long as this environment, and its connections with it."""

    def __init__(self, policy: TargetPolicy) -> None:
        self._loop = asyncio.new_event_loop()
        self._poster = Poster(policy, loop=self._loop)

    def post_all(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        """Make these calls at once."""
        self._poster.begin_invocation()
        return self._loop.run_until_complete(self._poster.post_all(callbacks))


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


@cache
def _ports() -> Ports:
    settings = DispatcherSettings.from_environment(os.environ)
    dynamodb = aws.dynamodb()
    policy = TargetPolicy(
        allow_http=settings.allow_http_targets,
        allowed_private=settings.allowed_private_cidrs,
        own_hosts=own_hosts(settings.public_url, *settings.own_urls),
    )
    return Ports(
        settings=settings,
        dynamodb=dynamodb,
        sqs=aws.sqs(),
        poster=Calls(policy),
        routes=Routes(Tables(dynamodb, settings.config_table), time.monotonic),
        vitals=Vitals(dynamodb, settings.data_table, now_ms, time_scale=settings.time_scale),
        now_ms=now_ms,
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """SQS records in, the ids of those that must come again out."""
    telemetry.begin(context.aws_request_id)
    ports = _ports()
    deadline_ms = ports.now_ms() + context.get_remaining_time_in_millis() - _RESERVE_MS
    failed = batch.run(ports, event["Records"], deadline_ms=deadline_ms)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
