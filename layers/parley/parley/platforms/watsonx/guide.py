"""Where to paste an ingest URL in watsonx Assistant's console (seed 002)."""

from __future__ import annotations


def steps(ingest_url: str) -> tuple[str, ...]:
    """What to click, and what to know first."""
    return (
        (
            "In the assistant open the environment, click its settings icon, then Log webhook. "
            "(Or: the assistant's overflow menu, Settings, Webhooks, Log webhook.)"
        ),
        "Set the switch to Enabled. It may need a plan upgrade: log webhooks exist on Plus and Enterprise only.",
        f"Paste under URL: {ingest_url}",
        "Paste the source's secret under Secret: 1 to 1,024 characters of plain text, no context variables.",
        "Check Subscribe to conversation logs, Subscribe to CDR (call detail records), or both.",
        (
            "Leave Headers alone: the JWT is sent by itself. An Authorization header of your own replaces it; "
            "then give the source that header as its static_header option."
        ),
        "The pre-message and post-message webhooks are others: they wait for an answer that Parley does not give.",
        "Custom channels are logged through the v2 /message API only, stateless or stateful.",
        "CDR events exist only where the phone integration is used.",
        "Also with private endpoints the call goes over the internet.",
        "The Plus plan allows five log webhooks per instance; one with this URL serves all your receivers.",
    )
