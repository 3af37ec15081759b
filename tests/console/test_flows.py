"""The console in Chromium against a run of the bundle: what people do there, with mouse and keyboard."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.browser import BrowserError
from tests.console.demo import accept, listed, show
from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB

if TYPE_CHECKING:
    from tests.console.browser import Page
    from tests.e2e.bundle import Bundle

pytestmark = pytest.mark.timeout(180)


def hooks(bundle: Bundle) -> dict[str, dict[str, Any]]:
    return {hook["unique_name"]: hook for hook in bundle.call("GET", f"{DEMO}/Webhooks?PageSize=200")["webhooks"]}


def shown_secret(page: Page) -> str:
    return str(page.wait("document.querySelector('dialog[open] [aria-label=Secret]')?.textContent"))


def test_a_wrong_token_is_refused_in_words_and_nothing_is_kept(page, bundle):
    page.press("button", "Sign in")
    page.see("It is needed.")
    page.type("Token", "eyJhbGciOiJFUzI1NiJ9…")
    page.press("button", "Sign in")
    page.see("This is no token")
    page.type("Token", "no.token.atall")
    page.press("button", "Sign in")
    page.see("The token was refused")
    assert page.run("sessionStorage.length + localStorage.length") == 0
    assert page.run("document.cookie") == ""


def test_a_token_is_forgotten_on_reloading_unless_it_was_to_be_kept(page, bundle):
    page.type("Token", bundle.ready["token"])
    page.press("button", "Sign in")
    page.heading("Assistants")
    assert page.run("sessionStorage.length") == 0
    page.open(f"{bundle.api_url}/console")
    page.heading("Sign in")
    page.type("Token", bundle.ready["token"])
    page.press("field", "Keep it until I close this tab")
    page.press("button", "Sign in")
    page.heading("Assistants")
    page.open(f"{bundle.api_url}/console")
    page.heading("Assistants")
    page.press("button", "Sign out")
    page.heading("Sign in")
    assert page.run("sessionStorage.length + localStorage.length") == 0


def test_an_assistant_is_created_renamed_and_deleted(signed_in, bundle):
    page = signed_in
    page.press("button", "New assistant")
    page.type("Name", "二つ目の bot")
    page.press("button", "Create")
    page.heading("Sources")
    page.see("A source is where a platform calls Parley")
    page.press("link", "Parley")
    page.press("button", "Rename 二つ目の bot")
    page.type("Name", "second")
    page.press("button", "Rename")
    page.see("second")
    page.press("button", "Delete second")
    page.press("button", "Delete it with all of them")
    page.see("The assistant is deleted")
    assert [each["unique_name"] for each in bundle.call("GET", "/v1/Assistants")["assistants"]] == ["demo-bot"]


def test_a_name_that_is_taken_is_refused_in_the_dialog(signed_in):
    page = signed_in
    page.press("button", "New assistant")
    page.type("Name", "demo-bot")
    page.press("button", "Create")
    page.see("'demo-bot' is taken")
    page.wait("document.activeElement.name === 'unique_name' && document.activeElement.ariaInvalid === 'true'")
    assert "UniqueName" not in page.text()


def test_a_webhook_is_created_with_a_secret_that_is_typed_unseen_then_changed_and_deleted(signed_in, bundle):
    page = signed_in
    show(page, "webhooks")
    page.heading("Webhooks")
    page.press("button", "New webhook")
    page.type("Name", "fine")
    page.type("URL", "not a url")
    page.press("field", "message.received", exact=False)
    page.press("summary", "By platform, in its own words")
    page.press("field", "onDialogueEnd", exact=False)
    page.type("Secret", "hush", exact=True)
    assert page.run("document.activeElement.type") == "password"
    page.press("button", "Show: Secret")
    assert page.run("document.querySelector('dialog[open] [name=secret]').type") == "text"
    page.press("button", "Create")
    # what the API refuses is said at its field, which has the focus
    page.wait("document.activeElement.name === 'webhook_url' && document.activeElement.ariaInvalid === 'true'")
    page.type("URL", f"{bundle.receiver_url}/fine")
    page.press("button", "Create")
    page.heading("fine")
    made = hooks(bundle)["fine"]
    assert set(made["events"].split()) == {"message.received", "onDialogueEnd"}
    assert (made["format"], made["status"]) == ("native", "active")

    page.press("button", "Edit")
    page.press("field", "typing.started", exact=False)
    page.choose("Format", "cloudevents")
    page.press("summary", "Method, JWT, retries, headers")
    page.press("button", "Add a header")
    page.type("Header", "X-Team")
    page.type("Its value", "こんにちは")
    page.press("button", "Save")
    page.see("Saved")
    changed = hooks(bundle)["fine"]
    assert set(changed["events"].split()) == {"message.received", "onDialogueEnd", "typing.started"}
    assert (changed["format"], changed["headers"]) == ("cloudevents", {"X-Team": "********"})

    page.press("button", "Rotate the secret")
    page.press("button", "Rotate")
    assert shown_secret(page).startswith("whsec_")
    page.press("button", "Close")
    page.see("signs too until")

    page.press("button", "Delete")
    page.press("button", "Delete the webhook")
    page.heading("Webhooks")
    assert "fine" not in hooks(bundle)


def test_a_webhook_without_events_is_asked_for_one_where_they_are_chosen(signed_in, bundle):
    page = signed_in
    show(page, "webhooks")
    page.heading("Webhooks")
    page.press("button", "New webhook")
    page.type("Name", "none")
    page.type("URL", f"{bundle.receiver_url}/none")
    page.press("button", "Create")
    page.see("Choose at least one.")
    assert page.run("document.activeElement.value") == "*"
    # a name that was typed is refused where it was
    page.press("summary", "By platform, in its own words")
    page.type("Other names", "mesage_created")
    page.press("button", "Create")
    page.wait("document.activeElement.name === 'events' && document.activeElement.ariaInvalid === 'true'")
    assert "Choose at least one." not in page.text()
    page.press("button", "Close")


def test_a_webhook_that_somebody_else_has_changed_meanwhile_is_not_overwritten(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/shared", "message.sent")
    show(page, "webhooks", made["sid"])
    page.heading("shared")
    page.press("button", "Edit")
    page.type("Name", "mine")
    bundle.call("POST", f"{DEMO}/Webhooks/{made['sid']}", form={"Format": "cloudevents"})
    page.press("button", "Save")
    page.see("Somebody else has changed it since you opened it")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_source_that_somebody_else_has_changed_meanwhile_is_not_overwritten(signed_in, bundle):
    page = signed_in
    form, hangup = {"UniqueName": "both", "Platform": "tropo"}, '{"tropo":[{"hangup":null}]}'
    made = bundle.call("POST", f"{DEMO}/Sources", form=form)
    show(page, "sources", made["sid"])
    page.heading("both")
    page.press("button", "Edit")
    page.type("Name", "mine")
    bundle.call("POST", f"{DEMO}/Sources/{made['sid']}", form={"Options": json.dumps({"reply": hangup})})
    page.press("button", "Save")
    page.see("Somebody else has changed it since you opened it")
    assert bundle.call("GET", f"{DEMO}/Sources/{made['sid']}")["options"]["reply"] == hangup
    bundle.call("DELETE", f"{DEMO}/Sources/{made['sid']}")


def test_a_sources_option_is_refused_at_its_field_and_a_first_secret_has_no_former_one(signed_in, bundle):
    page = signed_in
    made = bundle.call("POST", f"{DEMO}/Sources", form={"UniqueName": "line", "Platform": "tropo"})
    show(page, "sources", made["sid"])
    page.heading("line")
    page.press("button", "Edit")
    page.type("Reply", "no JSON")
    page.press("button", "Save")
    page.wait("document.activeElement.name === 'reply' && document.activeElement.ariaInvalid === 'true'")
    page.press("button", "Close")
    page.press("button", "Give it a secret")
    page.see("Give line a secret")
    assert "former" not in page.run("document.querySelector('dialog[open]').innerText")
    page.type("Secret", "nobody")
    page.press("button", "Give it")
    page.see("Allowed: user:password")
    page.type("Secret", "user:password")
    page.press("button", "Give it")
    page.see("by its secret")
    page.press("button", "Rotate the secret")
    page.see("The former one stays good for")
    page.press("button", "Close")
    bundle.call("DELETE", f"{DEMO}/Sources/{made['sid']}")


def test_a_test_event_says_what_came_of_it(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/tested", "message.received")
    show(page, "webhooks", made["sid"])
    page.heading("tested")
    page.press("button", "Send a test")
    page.press("button", "Send")
    page.see("Delivered: 204")
    assert bundle.wait_for("/tested", 1)[0].headers["parley-test"] == "true"
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_source_shows_its_url_once_with_the_platforms_steps_and_takes_events(signed_in, bundle):
    page = signed_in
    show(page, "sources")
    page.heading("Sources")
    page.see("demo-messagehub")
    page.press("button", "New source")
    page.choose("Platform", "watsonx")
    page.type("Name", "flow")
    page.press("button", "Create")
    page.see("What to do at watsonx Assistant")
    secret = shown_secret(page)
    url = str(page.run("document.querySelector('dialog[open] [aria-label=\"Callback URL\"]').textContent"))
    assert url.startswith(f"{bundle.api_url}/ingest/watsonx/SR")
    assert "*" not in url + secret
    page.run("Object.assign(navigator.clipboard, {writeText: async (text) => { window.copied = text; }})")
    page.press("button", "Copy: Callback URL")
    assert page.run("window.copied") == url
    page.press("button", "Close")
    page.heading("flow")
    assert page.run("document.querySelector('main .masked').textContent").endswith("/********")
    # nobody is given asterisks to paste
    assert page.run("document.querySelector('main .copyable') === null")

    page.press("button", "Make a new URL")
    page.press("button", "Make a new URL")
    page.see("flow: its callback URL")
    again = str(page.run("document.querySelector('dialog[open] [aria-label=\"Callback URL\"]').textContent"))
    assert again != url
    page.press("button", "Close")
    page.press("button", "Delete")
    page.press("button", "Delete the source")
    page.heading("Sources")
    assert "flow" not in [each["unique_name"] for each in bundle.call("GET", f"{DEMO}/Sources")["sources"]]


def test_events_come_by_themselves_can_be_filtered_and_opened(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/opened", "message.received")
    show(page, "events")
    page.heading("Events")
    accept(bundle, 901, content="かな")
    # without a reload
    page.wait("[...document.querySelectorAll('main td')].some((each) => each.textContent === '901')")
    bundle.post_json(DEMO_MESSAGEHUB, {"event": "webwidget_triggered", "id": 1})
    page.see("widget.opened")
    page.choose("Type", "message.received")
    page.wait("!document.querySelector('main tbody').textContent.includes('widget.opened')")
    page.choose("Platform", "tropo")
    page.see("None is like this.")
    page.choose("Platform", "")
    page.type("Conversation", "901")
    page.key("Enter")
    page.wait("document.querySelectorAll('main tbody tr').length === 1")
    page.run("document.querySelector('main tbody a').click()")
    page.heading("message_created")
    page.run("history.back()")
    page.heading("Events")
    page.wait("document.querySelectorAll('main tbody tr').length === 1", "the filter as it was left")
    assert page.run("document.querySelector('[name=Type]').value") == "message.received"
    page.run("document.querySelector('main tbody a').click()")
    page.heading("message_created")
    page.see("かな")
    page.press("field", "Exactly as it is")
    page.see('{"event": "message_created", "id": 901')
    page.press("tab", "CloudEvents")
    page.see('"type": "dev.parley.message.received"')
    page.press("tab", "Native")
    page.see('"content": "かな"')
    page.press("link", "opened")
    page.heading("opened")
    page.see("delivered")
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_paused_webhook_says_why_since_when_and_how_much_waits_and_one_button_tries_it(signed_in, bundle):
    page = signed_in
    bundle.down.touch()
    made = bundle.subscribe("/down", "message.received", RetrySchedule="86400")
    time.sleep(5)  # until then a dispatcher may not know of it
    path = f"{DEMO}/Webhooks/{made['sid']}"
    deadline = time.monotonic() + 60
    count = 0
    while bundle.call("GET", path)["status"] != "paused":
        assert time.monotonic() < deadline, "it was not paused"
        count += 1
        accept(bundle, count)
        time.sleep(0.3)
    # of which nothing is tried by its own schedule: while one waits, the webhook stays paused
    for number in range(count, count + 5):
        accept(bundle, number)
    count += 5
    while bundle.call("GET", path)["waiting"] < count:
        assert time.monotonic() < deadline, "what waits was not counted"
        time.sleep(0.2)
    show(page, "webhooks")
    page.see("down is paused")
    page.see(f"{count} events wait")
    page.run("document.querySelector('main td a[href*=\"webhooks/UM\"]').click()")
    page.heading("down")
    page.see("Its receiver failed ten times in a row")
    page.press("tab", "Undelivered")
    page.wait(f"document.querySelectorAll('main tbody tr').length === {count}")
    page.run("document.querySelector('main tbody a').click()")
    page.heading("Delivery")
    page.see("1. first")
    page.see("500")
    page.run("history.back()")
    page.heading("down")
    # the tab that was chosen, too
    page.wait("document.querySelector('[aria-selected=true]').textContent === 'Undelivered'")
    page.press("button", "Try it now")
    page.see("It failed again: 500", seconds=60)
    page.wait("document.querySelector('.trouble button:not([aria-busy])') !== null")
    tried = len(bundle.seen("/down"))
    bundle.down.unlink()
    page.press("button", "Try it now")
    page.see("It was delivered: the webhook resumes within a minute", seconds=60)
    bundle.wait_for("/down", tried + 1)
    page.wait("document.querySelector('main dl .pill').textContent === 'active'", seconds=30)
    assert page.run("document.querySelector('.trouble') === null")
    bundle.call("DELETE", path)


def test_a_disabled_webhook_is_enabled_by_one_button(signed_in, bundle):
    page = signed_in
    made = bundle.subscribe("/off", "message.sent")
    show(page, "webhooks", made["sid"])
    page.heading("off")
    page.press("button", "Disable")
    page.see("One of you switched it off.")
    assert hooks(bundle)["off"]["status"] == "disabled"
    page.press("button", "Enable it")
    page.wait("document.querySelector('main dl .pill').textContent === 'active'")
    assert hooks(bundle)["off"]["status"] == "active"
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_replay_is_counted_first_then_sent_with_a_bar(signed_in, bundle):
    page = signed_in
    for number in range(501, 504):
        accept(bundle, number, conversation={"id": 500})
    listed(bundle, "ConversationId=500", 3)
    made = bundle.subscribe("/replayed", "message.received")
    show(page, "webhooks", made["sid"])
    page.heading("replayed")
    page.press("button", "Replay")
    page.choose("Which", "missing")
    page.type("Conversation", "500")
    page.key("Enter")
    page.see("3 deliveries would be sent")
    assert bundle.seen("/replayed") == []
    page.press("button", "Send 3 deliveries")
    page.see("3 of 3: 3 delivered, 0 failed")
    assert page.run("document.querySelector('dialog[open] progress').value") == 3
    bundle.wait_for("/replayed", 3)
    page.press("button", "Close")
    page.press("tab", "Replays")
    page.see("missing, dry run")
    page.press("tab", "Deliveries")
    page.wait("document.querySelectorAll('main tbody tr').length === 3")
    page.choose("State", "exhausted")
    page.see("None is in this state.")
    page.choose("State", "delivered")
    page.wait("document.querySelectorAll('main tbody tr').length === 3")
    page.run("document.querySelector('main tbody button').click()")
    page.see("It is being sent")
    bundle.wait_for("/replayed", 4)
    bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_activity_counts_what_the_api_lists(signed_in, bundle):
    page = signed_in
    accept(bundle, 7001)
    listed(bundle, "ConversationId=7001", 1)
    count = len(bundle.call("GET", f"{DEMO}/Events?PageSize=1000")["events"])
    show(page, "activity")
    page.heading("Activity")
    assert page.run("document.querySelector('figure svg').getAttribute('aria-label')") == f"Events: {count} accepted"
    page.press("summary", "The same as a table")
    counted = page.run(
        "[...document.querySelectorAll('main tbody tr')].map((row) => Number(row.children[1].textContent))"
    )
    assert sum(counted) == count


def test_everything_is_reached_by_the_keyboard_and_the_focus_comes_back(signed_in):
    page = signed_in
    show(page, "webhooks")
    page.heading("Webhooks")
    # the heading has the focus when a view is arrived at; a screen reader reads it
    assert page.run("document.activeElement.tagName") == "H1"
    page.key("Tab")
    assert page.run("document.activeElement.textContent") == "New webhook"
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.key("Enter")
    page.wait("document.querySelector('dialog[open]') !== null")
    assert page.run("document.activeElement.name") == "unique_name"
    page.key("Escape")
    page.wait("document.querySelector('dialog') === null")
    assert page.run("document.activeElement.textContent") == "New webhook"
    page.run("document.body.focus(); document.activeElement.blur()")
    page.run("document.querySelector('.skip').focus()")
    page.key("Enter")
    assert page.run("document.activeElement.id") == "main"


def test_a_token_that_lacks_a_scope_is_told_so_and_stays_signed_in(signed_in):
    page = signed_in
    # what the authorizer let in and the function refuses has a code; what the gateway refuses has none
    refused = json.dumps({"code": 20403, "message": "The token lacks the scope 'write'"})
    page.run(f"window.fetch = async () => new Response({json.dumps(refused)}, {{status: 403}})")
    page.press("button", "New assistant")
    page.type("Name", "x")
    page.press("button", "Create")
    page.see("The token lacks the scope 'write'")
    page.run('window.fetch = async () => new Response(\'{"message":"Forbidden"}\', {status: 403})')
    page.press("button", "Close")
    page.press("link", "demo-bot")
    page.heading("Sign in")
    page.see("The token was refused")


def test_what_a_view_asked_for_is_not_shown_in_the_next_one(signed_in):
    page = signed_in
    for kind in ("webhooks", "events", "sources", "activity", "sources"):
        show(page, kind)
    page.heading("Sources")
    time.sleep(1)
    assert page.run("document.querySelector('main h1').textContent") == "Sources"


def test_a_page_that_does_not_exist_says_so(signed_in):
    page = signed_in
    show(page, "nothing")
    page.heading("Not found")
    page.run("location.hash = '#/50%/100%25'")
    page.heading("Assistants")
    page.see("There is no such assistant")
    page.press("link", "Parley")
    page.wait("!document.body.innerText.includes('There is no such assistant')")
    show(page, "webhooks", "UM" + "0" * 32)
    page.heading("Not found")
    page.see("It is not here: it was deleted")
    with pytest.raises(BrowserError):
        page.see("undefined", seconds=0.2)
    page.run("document.querySelector('main a').click()")
    page.heading("Webhooks")


def test_a_payload_that_is_no_text_is_shown_as_base64(signed_in, bundle):
    page = signed_in
    answer = bundle.request("POST", DEMO_MESSAGEHUB, b"\xff\x00\xfe", [("Content-Type", "application/octet-stream")])
    assert answer.status == 200
    [found] = listed(bundle, "Type=event.unrecognised", 1)
    show(page, "events", found["sid"])
    page.see("Bytes that are no text, as base64:")
    page.see(base64.b64encode(b"\xff\x00\xfe").decode())
