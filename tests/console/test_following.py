"""Views that follow what comes: nothing that a reader has asked for, opened or reached is taken from them by it."""

from __future__ import annotations

import time

import pytest

from tests.console.demo import accept, listed, rows, show
from tests.e2e.bundle import DEMO

pytestmark = pytest.mark.timeout(240)


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
    page.asked_anew("/Deliveries")
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
