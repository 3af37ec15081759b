"""Where to paste an ingest URL in MessageHub's dashboard (seed 003)."""

from __future__ import annotations


def steps(ingest_url: str) -> tuple[str, ...]:
    """What to click, and what to know first."""
    return (
        "You need an active ClickFunnels account and its MessageHub app; an account may have several webhooks.",
        "In the dashboard open Settings, Integrations, Webhooks, and add a webhook.",
        f"Paste as its URL: {ingest_url}",
        "Choose the events. Their names are case-sensitive wherever your own code has them.",
        (
            "If the dashboard or API shows the webhook's secret, give it to the source: its calls are then verified. "
            "A source without a secret takes unsigned calls, and only the URL's token guards it."
        ),
        "With the agent-bot API in place of webhooks, conversation_status_changed does not arrive.",
        "MessageHub sends each call once and waits five seconds; Parley keeps it and retries from there.",
    )
