"""API Gateway before the webhooks function: the template's routes and payload-v2 events, without a socket.

`TwilioTransport` is what Twilio's client takes as `http_client=`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from twilio.http.response import Response as TwilioResponse

from cli.up.events import Api as ApiIdentity
from cli.up.events import HttpRequest, proxy_event
from cli.up.routing import choose
from cli.up.template import Template
from functions.webhooks.app import build
from functions.webhooks.deployment import Deployment
from parley.api.caller import Caller
from parley.api.routing import Call
from parley.http import Request
from parley.settings import WebhooksSettings

if TYPE_CHECKING:
    from tests.functional.stack import Stack

ACCOUNT = "AC" + "0" * 31 + "1"
OTHER_ACCOUNT = "AC" + "0" * 31 + "2"
HOST = "abc123.execute-api.eu-west-1.amazonaws.com"
ROUTES = Template(Path(__file__).parents[3] / "template.yaml", {}).routes
NOW_MS = 1_790_000_000_000


def settings(stack: Stack, **changes: Any) -> WebhooksSettings:
    """A deployment's, as far as a test does not say otherwise."""
    values: dict[str, Any] = {
        "config_table": stack.config_table,
        "data_table": stack.data_table,
        "public_url": "",
        "retention_days": 30,
        "event_shards": 8,
        "allow_http_targets": False,
        "allowed_private_cidrs": (),
        "max_webhooks_per_account": 0,
        "ingest_url": "",
        **changes,
    }
    return WebhooksSettings(**values)


@dataclass(frozen=True)
class Answered:
    """What the function answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body."""
        body = json.loads(self.text)
        assert isinstance(body, dict)
        return body


def event(
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    authorizer: Mapping[str, object] | None = None,
    host: str = HOST,
    now_ms: int = NOW_MS,
) -> dict[str, Any]:
    """The event that API Gateway makes of a request."""
    path, _, query = target.partition("?")
    request = HttpRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        headers=[("Host", host), ("X-Forwarded-Proto", "https"), *(headers or {}).items()],
        body=body,
        source_ip="192.0.2.1",
        received_ms=now_ms,
        request_id="r",
    )
    match = choose(ROUTES, method, path)
    assert match is not None
    context = None if match.route.path == "$default" else authorizer
    return proxy_event(request, match, ApiIdentity("abc123", HOST, "eu-west-1"), context)


@dataclass
class Gateway:
    """One deployment's management API and a caller of it."""

    stack: Stack
    account: str = ACCOUNT
    scopes: str = "read write"
    expires: int = 4_000_000_000
    changes: dict[str, Any] = field(default_factory=dict)
    milliseconds_left: int = 10_000

    def __post_init__(self) -> None:
        self.settings = settings(self.stack, **self.changes)
        self.deployment = Deployment(self.stack.dynamodb, self.settings)
        self._api = build(self.settings, self.stack.dynamodb)

    def send(
        self,
        method: str,
        target: str,
        form: Mapping[str, str] | None = None,
        *,
        json_body: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """A request through the gateway."""
        sent = dict(headers or {})
        if form is not None:
            body = urlencode(form).encode()
            sent = {"Content-Type": "application/x-www-form-urlencoded", **sent}
        elif json_body is not None:
            body = json.dumps(json_body).encode()
            sent = {"Content-Type": "application/json", **sent}
        return self.invoke(event(method, target, body=body, headers=sent, authorizer=self.context))

    @property
    def context(self) -> dict[str, object]:
        """What the authorizer says of the caller."""
        return {
            "account": self.account,
            "scopes": self.scopes,
            "expires": str(self.expires),
            "token_id": "t",
        }

    def invoke(self, payload: Mapping[str, Any]) -> Answered:
        """The function's answer to an event."""
        left = self.milliseconds_left
        lambda_context = SimpleNamespace(get_remaining_time_in_millis=lambda: left)
        answer = self._api.handle(payload, lambda_context)  # type: ignore[arg-type] # the part that is used
        body = answer.get("body") or ""
        text = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
        return Answered(answer["statusCode"], answer["headers"], text)

    def call(self, method: str, target: str, form: Mapping[str, str]) -> Call:
        """A request as a route gets it: the resolver keeps one current event per process, threads go around it."""
        body = urlencode(form).encode()
        payload = event(
            method, target, body=body, headers={"Content-Type": "application/x-www-form-urlencoded"}, authorizer={}
        )
        caller = Caller(self.account, frozenset(self.scopes.split()))
        return Call(Request.from_event(payload), caller, f"https://{HOST}", NOW_MS, lambda: 10.0)

    def assistant(self, unique_name: str = "bot") -> str:
        """A new assistant's SID."""
        made = self.send("POST", "/v1/Assistants", {"UniqueName": unique_name})
        assert made.status == 201, made.text
        return str(made.json["sid"])

    def webhook(self, assistant: str, **fields: str) -> dict[str, Any]:
        """A new webhook as it was answered."""
        form = {"UniqueName": "hook", "Events": "*", "WebhookUrl": "https://example.com/hook", **fields}
        made = self.send("POST", f"/v1/Assistants/{assistant}/Webhooks", form)
        assert made.status == 201, made.text
        return made.json


class TwilioTransport:
    """Twilio's client speaks to this in place of a socket."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.targets: list[str] = []

    def request(  # noqa: PLR0917 — Twilio's interface
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: object = None,
        timeout: object = None,
        allow_redirects: object = None,
    ) -> TwilioResponse:
        """Send what `requests` would send."""
        parts = urlsplit(url)
        query = "&".join(text for text in (parts.query, urlencode(params or {})) if text)
        target = parts.path + (f"?{query}" if query else "")
        self.targets.append(f"{method} {target}")
        body = urlencode(data or {}).encode()
        answer = self.gateway.send(method, target, body=body, headers=headers)
        return TwilioResponse(answer.status, answer.text)
