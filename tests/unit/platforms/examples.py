"""Requests, sources, events and webhooks as the platforms' tests need them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parley.event import Event
from parley.http import Request
from parley.source import Source, SourceOptions
from parley.webhook import Webhook

PAYLOADS = Path(__file__).parents[3] / "events" / "payloads"
FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures"
NOW = 1_700_000_000
URL = "https://api.example.com/ingest/p/SR00/token"
WEBHOOK_SID = "UM" + "0b" * 16
FORM = "application/x-www-form-urlencoded"


def payload(platform: str, name: str) -> bytes:
    return next((PAYLOADS / platform).glob(f"{name}.*")).read_bytes()


def request(
    body: bytes = b"",
    *,
    method: str = "POST",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Request:
    return Request(
        method=method,
        path="/ingest/p/SR00/token",
        raw_query=query,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        domain_name="api.example.com",
        stage="$default",
        host="api.example.com",
        received_ms=NOW * 1000,
        route_key="POST /ingest/{platform}/{source}/{token}",
    )


def source(
    platform: str,
    *secrets: str,
    static_header: str | None = None,
    reply: str | None = None,
    repair_backslashes: bool = False,
) -> Source:
    return Source(
        sid="SR" + "0" * 32,
        account_sid="AC" + "0" * 32,
        assistant_sid="UA" + "0" * 32,
        platform=platform,
        secrets=secrets,
        token_hashes=(),
        options=SourceOptions(static_header=static_header, reply=reply, repair_backslashes=repair_backslashes),
    )


def event(platform: str, content: bytes, *, content_type: str | None, method: str = "POST") -> Event:
    return Event(
        sid="EV" + "0" * 32,
        account_sid="AC" + "0" * 32,
        assistant_sid="UA" + "0" * 32,
        source_sid="SR" + "0" * 32,
        platform=platform,
        name="",
        type="",
        status="accepted",
        reason=None,
        conversation_id=None,
        occurred_ms=None,
        received_ms=NOW * 1000,
        rid="0" * 32,
        method=method,
        content_type=content_type,
        payload=content,
    )


def webhook(*, url: str = "https://receiver.example/hook", method: str = "POST", jwt: str = "auto") -> Webhook:
    return Webhook(
        sid=WEBHOOK_SID,
        account_sid="AC" + "0" * 32,
        assistant_sid="UA" + "0" * 32,
        unique_name="hook",
        events="*",
        url=url,
        method=method,
        format="native",
        jwt=jwt,
        retry_schedule=(5,),
        header_names=(),
        enabled=True,
        status="active",
        status_reason=None,
        status_since_ms=None,
        version=1,
        created_ms=0,
        updated_ms=0,
    )
