"""Where to paste an ingest URL in Autopilot's console (seed 000)."""

from __future__ import annotations


def steps(ingest_url: str) -> tuple[str, ...]:
    """What to click, and what to know first."""
    return (
        "In the Twilio Console open Autopilot, choose the assistant, and click Webhooks in its menu.",
        "Add a webhook: choose the events and the method, POST or GET.",
        f"Paste as its URL: {ingest_url}",
        "Give the source your Twilio auth token as its secret: Twilio signs its calls with it.",
        "Twilio signs the URL that it calls: behind a domain of your own, deploy with the parameter PublicUrl.",
        "GET calls carry no Memory; POST calls do.",
        "Twilio switched Autopilot off on 2023-08-25: without it, send the same parameters from your own bot.",
    )
