"""The assistant that every run begins with, as the console's tests use it: its views, and events for it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB

if TYPE_CHECKING:
    from tests.console.browser import Page
    from tests.e2e.bundle import Bundle

ASSISTANT = "UA" + "de30" * 8


def show(page: Page, *parts: str) -> None:
    """Go to one of its views."""
    page.run(f"location.hash = {json.dumps('#/' + '/'.join((ASSISTANT, *parts)))}")


def rows(page: Page, count: int) -> None:
    """Wait until its table has so many rows."""
    page.wait(f"document.querySelectorAll('main tbody tr').length === {count}", f"{count} rows")


def accept(bundle: Bundle, number: int, **more: object) -> None:
    """Have a message accepted."""
    body = {
        "event": "message_created",
        "id": number,
        "content": f"message {number}",
        "message_type": "incoming",
        "conversation": {"id": number},
        **more,
    }
    assert bundle.post_json(DEMO_MESSAGEHUB, body).status == 200


def listed(bundle: Bundle, query: str, count: int) -> list[dict[str, Any]]:
    """The events that a query finds, once there are so many."""
    deadline = time.monotonic() + 30
    while len(found := bundle.call("GET", f"{DEMO}/Events?{query}")["events"]) < count:
        assert time.monotonic() < deadline, "they were not listed"
        time.sleep(0.1)
    return list(found)
