"""What the routes are given: clients and settings, and who and what a call is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.config_table import assistants, webhooks
from parley.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from parley.api.routing import Call
    from parley.settings import HistorySettings
    from parley.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything outside."""

    settings: HistorySettings
    dynamodb: DynamoDBClient
    sqs: SQSClient

    def assistant_sid(self, call: Call, sid_or_name: str) -> str:
        """The caller's assistant with that SID or unique name.

        Raises:
            NotFoundError: There is none, or it is another account's.
        """
        return assistants.resolve(self.dynamodb, self.settings.config_table, call.caller.account_sid, sid_or_name)

    def webhook(self, call: Call, assistant: str, sid_or_name: str) -> Webhook:
        """The caller's webhook with that SID or unique name.

        Raises:
            NotFoundError: There is none, or it is another account's or assistant's.
        """
        assistant_sid = self.assistant_sid(call, assistant)
        found = webhooks.find(self.dynamodb, self.settings.config_table, assistant_sid, sid_or_name)
        if found is None:
            raise NotFoundError(f"/Assistants/{assistant}/Webhooks/{sid_or_name}")
        return found.webhook
