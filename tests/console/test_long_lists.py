"""Lists of several pages that follow what comes: the older pages stay, and no row is missing above them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.console.demo import accept, listed, rows, show
from tests.e2e.bundle import DEMO

if TYPE_CHECKING:
    from tests.e2e.bundle import Bundle

pytestmark = pytest.mark.timeout(240)

PAGE = 50
SIDS = "[...document.querySelectorAll('main tbody code.sid')].map((each) => each.title)"


@pytest.fixture(scope="module")
def many(bundle: Bundle) -> Iterator[str]:
    """The SID of a webhook that got the events of the conversation `older`: two pages and ten more, and no others."""
    made = bundle.subscribe("/many", "message.sent")
    time.sleep(5)  # until then a dispatcher may not know of it
    for number in range(2 * PAGE + 10):
        accept(bundle, number, conversation={"id": "older"}, message_type="outgoing")
    bundle.wait_for("/many", 2 * PAGE + 10, seconds=60)
    yield made["sid"]
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


@pytest.mark.usefixtures("many")
def test_older_events_stay_and_nothing_is_missing_between_them_and_new_ones(signed_in, bundle):
    page = signed_in
    show(page, "events")
    page.heading("Events")
    page.type("Conversation", "older")
    page.key("Enter")
    page.wait(
        "[...document.querySelectorAll('main [data-label=Conversation]')].every((each) => each.innerText === 'older')"
    )
    rows(page, PAGE)
    page.press("button", "Older ones")
    rows(page, 2 * PAGE)
    for number in range(3):
        accept(bundle, 1000 + number, conversation={"id": "older"})
    rows(page, 2 * PAGE + 3)
    page.press("button", "Older ones")
    rows(page, 2 * PAGE + 13)
    assert page.run(SIDS) == [
        each["sid"] for each in listed(bundle, "ConversationId=older&PageSize=200", 2 * PAGE + 13)
    ]
    assert not page.run("[...document.querySelectorAll('main button')].at(-1).checkVisibility()")


@pytest.mark.parametrize("count", [3, PAGE + 5], ids=["some", "more than a page"])
def test_nothing_is_missing_when_new_events_are_shown_while_older_ones_are_on_their_way(signed_in, bundle, count):
    page = signed_in
    conversation = f"between {count}"
    query = f"ConversationId={quote(conversation)}&PageSize=200"
    for number in range(PAGE + 10):
        accept(bundle, number, conversation={"id": conversation})
    listed(bundle, query, PAGE + 10)
    show(page, "events")
    page.heading("Events")
    page.type("Conversation", conversation)
    page.key("Enter")
    rows(page, PAGE)
    page.wait(f"document.querySelector('main [data-label=Conversation]').innerText === {json.dumps(conversation)}")
    page.run("""
        const really = window.fetch;
        window.fetch = async (url, options) => {
          const answer = await really(url, options);
          if (String(url).includes("PageToken")) await new Promise((come) => { window.come = come; });
          return answer;
        };
    """)
    page.press("field", "Live")  # off, so that all of them are new at once
    page.press("button", "Older ones")
    page.wait("window.come !== undefined")
    for number in range(count):
        accept(bundle, 1000 + number, conversation={"id": conversation})
    sids = [each["sid"] for each in listed(bundle, query, PAGE + 10 + count)]
    page.press("field", "Live")
    page.wait(f"({SIDS})[0] === {json.dumps(sids[0])}", "the newest event at the top")
    page.run("window.come()")
    page.wait("[...document.querySelectorAll('main button')].at(-1).ariaBusy === null", "the older ones")
    shown = page.run(SIDS)
    assert shown == sids[: len(shown)]


def test_older_deliveries_can_be_asked_for_at_any_time(signed_in, many):
    page = signed_in
    show(page, "webhooks", many)
    page.heading("many")
    rows(page, PAGE)
    for count in (2 * PAGE, 2 * PAGE + 10):
        page.asked_anew("/Deliveries")
        page.press("button", "Older ones")
        rows(page, count)
