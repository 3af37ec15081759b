"""The demo's assistant, which every run has: fixed SIDs, tokens and secrets, so that sample events can name them.

They are written to the table directly, because the API makes SIDs and tokens itself. None of them is secret: they are
here for everyone to read, and open nothing but an assistant that lives and dies with a run on one machine. There is no
webhook among them, for nothing can be known of a receiver: who wants to see callbacks makes one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.config_table import assistants, sources

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from cli.up.deployment import Deployment

ACCOUNT_SID = "AC" + "de30" * 8
ASSISTANT_SID = "UA" + "de30" * 8
ASSISTANT_NAME = "demo-bot"

SAMPLE_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "_lrrP4Opr_LH9BK76u0vzzB3QGdKYj8hid6qCQXK3hk",
    "kid": "demo",
    "alg": "EdDSA",
    "use": "sig",
}
"""Verifies the tokens in events/authorizer, one of which expires in 2100 only.

It stands in `.parley/sam-local.json` alone: `parley up` itself takes no token that everyone can read. The private half
was thrown away; another case with a token needs another key, and all of them anew.
"""


@dataclass(frozen=True, slots=True)
class DemoSource:
    """A seeded source; `secret` None takes unsigned calls."""

    platform: str
    sid: str
    token: str
    secret: str | None

    @property
    def name(self) -> str:
        """Its unique name."""
        return f"demo-{self.platform}"

    @property
    def path(self) -> str:
        """Where its platform calls."""
        return f"/ingest/{self.platform}/{self.sid}/{self.token}"


SOURCES = (
    DemoSource("autopilot", "SR" + "de30" * 7 + "0001", "demo-token-autopilot", "demo-twilio-auth-token"),
    DemoSource("watsonx", "SR" + "de30" * 7 + "0002", "demo-token-watsonx", "demo-watsonx-secret-of-32-bytes-or-more"),
    DemoSource("messagehub", "SR" + "de30" * 7 + "0003", "demo-token-messagehub", None),
    DemoSource("tropo", "SR" + "de30" * 7 + "0004", "demo-token-tropo", "demo:demo-tropo-password"),
)


def config_table(deployment: Deployment) -> str | None:
    """The table that the functions are told to keep configuration in; None when no function is."""
    declared = map(deployment.function_environment, deployment.template.functions.values())
    return next((variables["CONFIG_TABLE"] for variables in declared if "CONFIG_TABLE" in variables), None)


def seed(client: DynamoDBClient, table: str) -> None:
    """Writes the assistant and its sources to an empty table."""
    now_ms = int(time.time() * 1000)
    assistants.create(
        client, table, account_sid=ACCOUNT_SID, unique_name=ASSISTANT_NAME, now_ms=now_ms, sid=ASSISTANT_SID
    )
    for source in SOURCES:
        sources.create(
            client,
            table,
            account_sid=ACCOUNT_SID,
            assistant_sid=ASSISTANT_SID,
            unique_name=source.name,
            platform=source.platform,
            token=source.token,
            secret=source.secret,
            now_ms=now_ms,
            sid=source.sid,
        )
