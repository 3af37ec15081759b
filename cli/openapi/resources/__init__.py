"""The resources: a file each, with its keys, rules and examples."""

from __future__ import annotations

from cli.openapi.resources import assistants, deliveries, events, replays, sources, webhooks

RESOURCES = (
    assistants.RESOURCE,
    webhooks.RESOURCE,
    sources.RESOURCE,
    events.RESOURCE,
    deliveries.RESOURCE,
    replays.RESOURCE,
)
