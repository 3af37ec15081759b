"""The resources as the API answers them: snake_case, ISO dates, write-only values as eight asterisks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from functions.webhooks.deployment import MASK
from parley.api.dates import iso
from parley.api.links import resource
from parley.platforms import platform

if TYPE_CHECKING:
    from parley.config_table.assistants import Assistant
    from parley.config_table.sources import SourceRecord
    from parley.config_table.webhooks import WebhookRecord


def assistant(record: Assistant, base_url: str) -> dict[str, Any]:
    """An assistant."""
    url = resource(base_url, "Assistants", record.sid)
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "unique_name": record.unique_name,
        "date_created": iso(record.created_ms),
        "date_updated": iso(record.updated_ms),
        "url": url,
        "links": {"webhooks": f"{url}/Webhooks", "sources": f"{url}/Sources", "events": f"{url}/Events"},
    }


def webhook(
    record: WebhookRecord, base_url: str, *, now_ms: int, waiting: int | None = 0, new_secret: str | None = None
) -> dict[str, Any]:
    """A webhook: the seed's ten keys and ours.

    Args:
        record: As it is stored.
        base_url: What links begin with.
        now_ms: Unix milliseconds: a former secret that has expired is not mentioned.
        waiting: How many events it is still to get; None when that is not known.
        new_secret: A secret that was generated just now, to be shown once.
    """
    values = record.webhook
    until = record.previous_secret_until
    return {
        "sid": values.sid,
        "account_sid": values.account_sid,
        "assistant_sid": values.assistant_sid,
        "unique_name": values.unique_name,
        "events": values.events,
        "webhook_url": values.url,
        "webhook_method": values.method,
        "enabled": values.enabled,
        "status": values.status,
        "status_reason": values.status_reason,
        "status_since": iso(values.status_since_ms),
        "waiting": waiting,
        "secret": new_secret or MASK,
        "previous_secret_expires_at": iso(until * 1000) if until and until * 1000 > now_ms else None,
        "headers": dict.fromkeys(values.header_names, MASK),
        "format": values.format,
        "jwt": values.jwt,
        "retry_schedule": " ".join(map(str, values.retry_schedule)),
        "version": values.version,
        "date_created": iso(values.created_ms),
        "date_updated": iso(values.updated_ms),
        "url": resource(base_url, "Assistants", values.assistant_sid, "Webhooks", values.sid),
    }


def source(
    record: SourceRecord,
    base_url: str,
    *,
    ingest_base: str,
    last_event_ms: int | None = None,
    new_secret: str | None = None,
    new_token: str | None = None,
) -> dict[str, Any]:
    """A source, with the steps to paste its URL into the platform's console.

    Args:
        record: As it is stored.
        base_url: What links begin with.
        ingest_base: What callback URLs begin with.
        last_event_ms: When its newest event was received; None when that is not known.
        new_secret: A secret that was generated just now, to be shown once.
        new_token: A URL token that was made just now, to be shown once.
    """
    ingest_url = f"{ingest_base}/ingest/{record.platform}/{record.sid}/{quote(new_token) if new_token else MASK}"
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "assistant_sid": record.assistant_sid,
        "unique_name": record.unique_name,
        "platform": record.platform,
        "secret": new_secret or (MASK if record.has_secret else None),
        "options": {
            "static_header": MASK if record.has_static_header else None,
            "reply": record.reply,
            "repair_backslashes": record.repair_backslashes,
        },
        "ingest_url": ingest_url,
        "setup_steps": list(platform(record.platform).steps(ingest_url)),
        "last_event_at": iso(last_event_ms),
        "date_created": iso(record.created_ms),
        "date_updated": iso(record.updated_ms),
        "url": resource(base_url, "Assistants", record.assistant_sid, "Sources", record.sid),
    }
