"""Views that follow what comes: nothing that a reader has asked for, opened or reached is taken from them by it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.console.demo import accept, listed, show
from tests.e2e.bundle import DEMO

if TYPE_CHECKING:
    from tests.console.browser import Page

pytestmark = pytest.mark.timeout(240)

PAGE = 50
SIDS = "[...document.querySelectorAll('main tbody code.sid')].map((each) => each.title)"


def rows(page: Page, count: int) -> None:
    page.wait(f"document.querySelectorAll('main tbody tr').length === {count}", f"{count} rows")


def test_older_events_stay_and_nothing_is_missing_between_them_and_new_ones(signed_in, bundle):
    page = signed_in
    for number in range(2 * PAGE + 10):
        accept(bundle, number, conversation={"id": "older"})
    listed(bundle, "ConversationId=older&PageSize=200", 2 * PAGE + 10)
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


def test_older_deliveries_can_be_asked_for_at_any_time(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/many", "message.received")
    time.sleep(5)  # until then a dispatcher may not know of it
    for number in range(2 * PAGE + 10):
        accept(bundle, number, conversation={"id": "many"})
    bundle.wait_for("/many", 2 * PAGE + 10, seconds=60)
    show(page, "webhooks", made["sid"])
    page.heading("many")
    rows(page, PAGE)
    for count in (2 * PAGE, 2 * PAGE + 10):
        time.sleep(6)  # it has been asked for anew by then
        page.press("button", "Older ones")
        rows(page, count)
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_what_is_undelivered_beyond_the_list_is_told(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/more", "message.received")
    show(page, "webhooks", made["sid"])
    page.heading("more")
    # a page that has been looked through and holds nothing, with further ones
    page.run("""
        const really = window.fetch;
        window.fetch = async (url, options) => {
          const answer = await really(url, options);
          if (!String(url).includes("Status=retrying")) return answer;
          const page = await answer.json();
          return Response.json({ ...page, meta: { ...page.meta, next_page_url: String(url) } });
        };
    """)
    page.press("tab", "Undelivered")
    page.see("There are more than these")
    assert "Nothing waits" not in page.text()
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_an_answer_that_was_opened_stays_open_and_a_button_keeps_the_focus(signed_in, bundle):
    page = signed_in
    bundle.down.touch()
    made = bundle.subscribe("/down/open", "message.received", RetrySchedule="86400", UniqueName="opened")
    time.sleep(5)  # until then a dispatcher may not know of it
    accept(bundle, 42)
    bundle.wait_for("/down/open", 1)
    show(page, "webhooks", made["sid"])
    page.heading(made["unique_name"])
    rows(page, 1)
    page.wait("document.querySelector('main tbody td[data-label=Attempts]').textContent === '1'")
    page.run("document.querySelector('main tbody button').focus()")
    page.key("Enter")
    page.wait("document.querySelector('main tbody td[data-label=Attempts]').textContent === '2'")
    assert page.run("document.activeElement.textContent") == "Send now"
    page.run("document.querySelector('main tbody a').click()")
    page.heading("Delivery")
    page.press("summary", "What it answered")
    time.sleep(6)  # it has been asked for anew by then
    assert page.run("document.querySelector('details').open")
    page.press("button", "Send now")
    page.see("3 attempts")
    assert page.run("document.querySelector('details').open")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_numbers_of_a_payload_are_shown_as_they_were_written(signed_in, bundle):
    page = signed_in
    accept(
        bundle,
        43,
        conversation={"id": "numbers"},
        big=12345678901234567890,
        whole=1.0,
        none=[],
        nested=[{}, {"a": '"'}],
    )
    [event] = listed(bundle, "ConversationId=numbers", 1)
    show(page, "events", event["sid"])
    page.heading("message_created")
    page.see(
        '"big": 12345678901234567890,\n  "whole": 1.0,\n  "none": [],\n  "nested": [\n    {},\n    {\n      "a": "\\""'
    )
