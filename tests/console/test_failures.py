"""What the console says when the API refuses, is not there, or is called by somebody whose token has expired."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.console.browser import HURRY
from tests.console.demo import accept, listed, show
from tests.e2e.bundle import DEMO

if TYPE_CHECKING:
    from tests.console.browser import Page

pytestmark = pytest.mark.timeout(240)

# As the gateway words it, without a code.
EXPIRED = (401, {"message": "Unauthorized"})


def answer(page: Page, when: str, status: int, body: object) -> None:
    """Requests whose address holds `when` get this answer from now on."""
    page.run(f"""
        window.really ??= window.fetch;
        window.fetch = async (url, options) => String(url).includes({json.dumps(when)})
          ? Response.json({json.dumps(body)}, {{ status: {status} }}) : window.really(url, options);
    """)


def as_before(page: Page) -> None:
    page.run("window.fetch = window.really")


def test_a_token_that_expires_meanwhile_leads_to_signing_in_and_back_to_where_one_was(signed_in, bundle):
    page = signed_in
    show(page, "events")
    page.heading("Events")
    answer(page, "/v1/", *EXPIRED)
    # by itself: the list is asked for every three seconds
    page.heading("Sign in")
    page.see("The token was refused: it is wrong, or it has expired.")
    as_before(page)
    page.type("Token", bundle.ready["token"])
    page.press("button", "Sign in")
    page.heading("Events")


def test_a_form_that_is_being_filled_in_outlives_the_token(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/outlived", "message.sent")
    show(page, "webhooks", made["sid"])
    page.heading("outlived")
    page.press("button", "Edit")
    page.type("Name", "typed by hand")
    answer(page, "/v1/", *EXPIRED)
    page.wait("document.querySelector('dialog[open] .said').textContent.includes('The token was refused')")
    assert page.run("document.querySelector('dialog[open] [name=unique_name]').value") == "typed by hand"
    page.press("button", "Close")
    page.heading("Sign in")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_form_that_is_refused_for_the_token_leads_to_signing_in_once_it_is_closed(signed_in):
    page = signed_in
    page.press("button", "New assistant")
    page.type("Name", "typed by hand")
    answer(page, "/v1/", *EXPIRED)
    page.press("button", "Create")
    page.see("Copy what you have typed, then close this")
    assert page.run("document.querySelector('dialog[open] [name=unique_name]').value") == "typed by hand"
    page.press("button", "Close")
    page.heading("Sign in")


def test_what_is_said_in_a_dialog_lies_over_and_under_nothing(signed_in, bundle):
    page = signed_in
    page.look(width=390, scheme="light", height=700)
    made = bundle.subscribe("/covered", "message.sent", UniqueName="N" * 64, Headers='{"X-Team": "a"}')
    show(page, "webhooks", made["sid"])
    page.heading("N" * 64)
    page.press("button", "Edit")
    page.press("summary", "Method, JWT, retries, headers")
    answer(page, "/v1/", 503, {"message": "Service Unavailable"})
    page.press("button", "Save")
    failed = "The API failed (status 503)."
    # at the top of a form whose end was looked at; told again by what the page asks for by itself
    page.wait("document.querySelector('dialog[open] [role=alert]').textContent !== ''")
    page.wait("document.querySelector('dialog[open] .said').textContent !== ''")
    assert page.text().count(failed) == 2
    seen = """
        (selector) => {
          const found = document.querySelector(`dialog[open] ${selector}`);
          const box = found.getBoundingClientRect();
          return [box.top + 2, box.bottom - 2].every((y) => found.contains(document.elementFromPoint(box.x + 20, y)));
        }
    """
    for selector in (".head", "[role=alert] .notice", ".said"):
        assert page.run(f"({seen})({json.dumps(selector)})"), selector
    page.run("document.querySelector('dialog[open] [type=submit]').scrollIntoView({block: 'end'})")
    assert page.run(f"({seen})('[type=submit]')")
    as_before(page)
    page.press("button", "Close")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_view_that_could_not_be_shown_asks_for_nothing_more(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/asked", "message.sent")
    show(page, "webhooks", made["sid"], "DL" + "0" * 32)
    page.heading("Not found")
    before = len(page.requests)
    time.sleep(3 * 5 / HURRY)  # time enough for three of the looks that a delivery is given every five seconds
    assert len(page.requests) == before
    assert page.run("document.getElementById('said').textContent") == ""
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_replay_that_is_looked_at_leaves_the_focus_where_it_is(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/looked", "message.sent")
    show(page, "webhooks", made["sid"])
    page.heading("looked")
    page.press("button", "Replay")
    running = {
        "sid": "RP" + "0" * 32,
        "mode": "failed",
        "dry_run": False,
        "status": "running",
        "date_created": "2026-01-01T00:00:00Z",
        "total": 9,
        "done": 1,
        "delivered": 1,
        "failed": 0,
    }
    answer(page, "/Replays", 201, running)
    page.press("button", "Replay")
    page.see("1 of 9")
    page.key("Tab")
    page.key("Tab")
    focused = "document.activeElement.textContent"
    assert page.run(focused) == "Cancel it"
    answer(page, "/Replays", 200, {**running, "done": 5, "delivered": 5})
    page.see("5 of 9")
    assert page.run(focused) == "Cancel it"
    answer(page, "/Replays", 200, {**running, "done": 9, "delivered": 9, "status": "completed"})
    page.see("9 of 9")
    # the button is gone
    assert page.run(focused) == "Replay to looked"
    as_before(page)
    page.press("button", "Close")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_the_network_and_the_limits_of_the_gateway_are_told_in_words(signed_in, bundle):
    page = signed_in
    show(page, "events")
    page.heading("Events")
    page.run("window.really = window.fetch; window.fetch = async () => { throw new TypeError('Failed to fetch'); }")
    page.see("The API cannot be reached.")
    assert page.run("document.querySelector('main h1').textContent") == "Events"
    answer(page, "/v1/", 429, {"message": "Too Many Requests"})
    page.see("Too much is asked of the API just now.")
    show(page, "sources")
    page.heading("It could not be shown")
    as_before(page)
    page.press("button", "Try again")
    page.heading("Sources")


def test_a_panel_that_cannot_be_shown_does_not_show_another_ones_contents(signed_in, bundle):
    page = signed_in
    accept(bundle, 71, conversation={"id": "panel"})
    [event] = listed(bundle, "ConversationId=panel", 1)
    show(page, "events", event["sid"])
    page.heading("message_created")
    page.see("message 71")
    answer(page, "Format=native", 500, {"code": 20500, "message": "Something broke"})
    page.press("tab", "Native")
    page.wait("document.querySelector('[role=tabpanel]').innerText === 'Something broke'")
    as_before(page)
    page.press("tab", "Raw")
    page.wait("document.querySelector('[role=tabpanel]').innerText.includes('message 71')")


def test_an_event_that_no_webhook_had_yet_shows_the_first_one_that_gets_it(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/late", "message.received")
    accept(bundle, 73, conversation={"id": "late"})
    [event] = listed(bundle, "ConversationId=late", 1)
    path, shown = f"/Events/{event['sid']}", {**event, "payload": "{}"}
    answer(page, path, 200, {**shown, "results": []})
    show(page, "events", event["sid"])
    page.heading("message_created")
    page.see("No webhook was sent it.")
    result = {"status": "delivered", "attempts": 1, "last_status_code": 204, "delivery_sid": "DL" + "0" * 32}
    answer(page, path, 200, {**shown, "results": [{**result, "webhook_sid": made["sid"]}]})
    page.wait("document.querySelector('main tbody a')?.textContent === 'late'")
    assert "No webhook was sent it." not in page.text()
    as_before(page)
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_count_that_fails_says_so(signed_in):
    page = signed_in
    show(page, "activity")
    page.heading("Activity")
    answer(page, "/Events", 500, {"code": 20500, "message": "Something broke"})
    page.press("button", "Count again")
    page.see("Something broke")
    assert "Counting" not in page.text()
    as_before(page)
    page.press("button", "Count again")
    page.see("The same as a table")


def test_a_button_that_is_pressed_twice_acts_once(signed_in, bundle):
    page = signed_in
    accept(bundle, 72, conversation={"id": "twice"})
    listed(bundle, "ConversationId=twice", 1)
    made = bundle.subscribe("/twice", "message.received")
    show(page, "webhooks", made["sid"])
    page.heading("twice")
    page.press("button", "Replay")
    page.choose("Which", "missing")
    page.type("Conversation", "twice")
    page.press("button", "Count first (dry run)")
    page.see("1 delivery would be sent")
    page.run("""
        window.posts = 0;
        const really = window.fetch;
        window.fetch = async (url, options) => {
          if (options.method === "POST") window.posts += 1;
          return really(url, options);
        };
    """)
    send = "[...document.querySelectorAll('dialog button')].find((each) => each.textContent.startsWith('Send 1'))"
    page.run(f"{{ const send = {send}; send.click(); send.click(); }}")
    page.see("1 of 1: 1 delivered, 0 failed")
    assert page.run("window.posts") == 1
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")
