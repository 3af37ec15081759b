"""Times as the API shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(milliseconds: int | None) -> str | None:
    """ISO 8601, UTC, whole seconds: what Twilio's client parses, whatever its documents said (wire-truth 1.3)."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
