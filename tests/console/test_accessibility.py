"""Every view of the console by axe-core, light and dark, on desk, tablet and phone; none is wider than its screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.console.demo import ASSISTANT
from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB

if TYPE_CHECKING:
    from tests.console.browser import Page
    from tests.e2e.bundle import Bundle

pytestmark = pytest.mark.timeout(240)

SCREENS = [(1280, "light"), (1280, "dark"), (768, "light"), (390, "light"), (390, "dark")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def views(bundle: Bundle) -> dict[str, str]:
    """Each view by the heading that it arrives with; all have something to show."""
    bundle.subscribe("/crm", "message.received onDialogueStart")
    off = bundle.subscribe("/off", "*", Enabled="false")
    bundle.down.touch()
    failing = bundle.subscribe("/down", "message.received", RetrySchedule="86400")
    body = {"event": "message_created", "id": 1, "message_type": "incoming", "conversation": {"id": 1}}
    assert bundle.post_json(DEMO_MESSAGEHUB, body).status == 200
    [event] = bundle.listed(1)
    # what cannot be broken into lines by itself
    long = {"event": "w" * 200, "conversation": {"id": "x" * 256}, "content": "y" * 1024}
    assert bundle.post_json(DEMO_MESSAGEHUB, long).status == 200
    unbroken = next(each for each in bundle.listed(2) if each["sid"] != event["sid"])
    named = bundle.subscribe("/" + "p" * 1024, "message.received", UniqueName="N" * 64)
    results = bundle.call("GET", f"{DEMO}/Events/{event['sid']}")["results"]
    [delivery] = [row["delivery_sid"] for row in results if row["webhook_sid"] == failing["sid"]]
    source = bundle.call("GET", f"{DEMO}/Sources")["sources"][0]
    return {
        f"/{ASSISTANT}/webhooks": "Webhooks",
        f"/{ASSISTANT}/webhooks/{failing['sid']}": "down",
        f"/{ASSISTANT}/webhooks/{off['sid']}": "off",
        f"/{ASSISTANT}/webhooks/{failing['sid']}/{delivery}": "Delivery",
        f"/{ASSISTANT}/sources": "Sources",
        f"/{ASSISTANT}/sources/{source['sid']}": source["unique_name"],
        f"/{ASSISTANT}/events": "Events",
        f"/{ASSISTANT}/events/{event['sid']}": "message_created",
        f"/{ASSISTANT}/events/{unbroken['sid']}": unbroken["event"],
        f"/{ASSISTANT}/webhooks/{named['sid']}": "N" * 64,
        f"/{ASSISTANT}/activity": "Activity",
        "/": "Assistants",
    }


def violations(page: Page) -> list[str]:
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    found = page.run(
        f"axe.run(document, {options}).then(({{violations}}) => violations.flatMap((rule) =>"
        " rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`)))"
    )
    return list(found)


def too_wide(page: Page) -> bool:
    return bool(page.run("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def test_no_view_breaks_a_rule_or_is_too_wide(page, bundle, views, axe, screen):
    page.look(width=screen[0], scheme=screen[1])
    page.run(axe)
    found = {"sign in": violations(page)}
    page.type("Token", bundle.ready["token"])
    page.press("button", "Sign in")
    page.heading("Assistants")
    wide = []
    for view, heading in views.items():
        page.run(f"location.hash = {json.dumps('#' + view)}")
        page.heading(heading)
        page.wait("document.querySelector('main .loading') === null")
        page.wait("!document.querySelector('main').textContent.includes('Loading…')", "the lists inside")
        found[heading] = violations(page)
        wide += [heading] * too_wide(page)
    page.run(f"location.hash = '#/{ASSISTANT}/webhooks'")
    page.heading("Webhooks")
    for opener, more in (("New webhook", "By platform, in its own words"), ("New assistant", None)):
        page.press("button", opener)
        if more:
            page.press("summary", more)
            page.press("summary", "Method, JWT, retries, headers")
            page.press("button", "Add a header")
        found[opener] = violations(page)
        wide += [opener] * too_wide(page)
        page.press("button", "Close")
    assert {where: rules for where, rules in found.items() if rules} == {}
    assert wide == []


def test_a_replay_and_a_source_in_their_dialogs_break_no_rule(signed_in, bundle, views, axe):
    page = signed_in
    page.run(axe)
    webhook = next(view for view, heading in views.items() if heading == "down")
    page.run(f"location.hash = {json.dumps('#' + webhook)}")
    page.heading("down")
    page.press("button", "Replay")
    assert violations(page) == []
    page.press("button", "Count first (dry run)")
    page.wait("document.querySelector('dialog[open] progress') !== null")
    assert violations(page) == []
    page.press("button", "Close")
    page.press("button", "Send a test")
    assert violations(page) == []
    page.press("button", "Close")
    page.run(f"location.hash = '#/{ASSISTANT}/sources'")
    page.heading("Sources")
    page.press("button", "New source")
    page.type("Name", "hub")
    page.press("button", "Create")
    page.see("What to do at MessageHub")
    assert violations(page) == []
    page.press("button", "Close")
    page.press("button", "Delete")
    assert violations(page) == []
    page.press("button", "Keep it")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_dialog_that_changes_something_breaks_a_rule(signed_in, views, axe, scheme):
    page = signed_in
    page.look(width=390, scheme=scheme)
    page.run(axe)
    source, source_name = next(each for each in views.items() if each[0].startswith(f"/{ASSISTANT}/sources/"))
    openers = (
        ("/", "Assistants", ["Rename demo-bot", "Delete demo-bot"]),
        (next(view for view, heading in views.items() if heading == "off"), "off", ["Edit", "Delete"]),
        (f"/{ASSISTANT}/sources", "Sources", ["New source"]),
        (source, source_name, ["Edit", "Make a new URL", "Rotate the secret"]),
    )
    found = {}
    for view, heading, names in openers:
        page.run(f"location.hash = {json.dumps('#' + view)}")
        page.heading(heading)
        for name in names:
            page.press("button", name)
            found[f"{heading}: {name}"] = violations(page) + ["too wide"] * too_wide(page)
            page.key("Escape")
            page.wait("document.querySelector('dialog') === null")
            assert (
                page.run("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
                == name
            )
    page.run(f"location.hash = {json.dumps('#' + openers[1][0])}")
    page.heading("off")
    page.press("button", "Rotate the secret")
    found["rotate"] = violations(page)
    page.press("button", "Rotate")
    page.see("It is shown this once")
    found["shown once"] = violations(page)
    page.press("button", "Close")
    assert {where: rules for where, rules in found.items() if rules} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_empty_view_and_no_failure_breaks_a_rule(signed_in, bundle, axe, scheme):
    page = signed_in
    page.look(width=390, scheme=scheme)
    page.run(axe)
    assistant = bundle.call("POST", "/v1/Assistants", form={"UniqueName": "E" * 64})["sid"]
    webhook = bundle.call(
        "POST",
        f"/v1/Assistants/{assistant}/Webhooks",
        form={"UniqueName": "W" * 64, "Events": "message.sent", "WebhookUrl": f"{bundle.receiver_url}/{'p' * 900}"},
    )["sid"]
    found = {}

    def check(what: str) -> None:
        found[what] = violations(page) + ["too wide"] * too_wide(page)

    # what each says of what to do next
    for view, heading, said in (
        ("sources", "Sources", "Create one, and paste its callback URL"),
        ("events", "Events", "Events come from a platform"),
        ("activity", "Activity", "show a longer one"),
        (f"webhooks/{webhook}", "W" * 64, "a test tries it now"),
        ("events/EV" + "0" * 32, "Not found", "It is not here"),
    ):
        page.run(f"location.hash = '#/{assistant}/{view}'")
        page.heading(heading)
        page.see(said)
        check(view)
    page.run(f"location.hash = '#/{assistant}/webhooks/{webhook}'")
    page.heading("W" * 64)
    for tab, said in (("Undelivered", "Nothing waits"), ("Replays", "There has been none.")):
        page.press("tab", tab)
        page.see(said)
    page.press("button", "Replay")
    page.type("At most a second", "1000")
    page.press("button", "Count first (dry run)")
    page.see("Allowed: 1 to 50")
    check("a field that was refused")
    page.press("button", "Close")
    page.press("button", "Delete")
    page.run("window.really = window.fetch; window.fetch = async () => { throw new TypeError('Failed to fetch'); }")
    page.press("button", "Delete the webhook")
    page.wait("document.querySelector('dialog[open] [role=alert]').textContent.includes('cannot be reached')")
    check("a dialog without the API")
    page.press("button", "Close")
    page.run(f"location.hash = '#/{assistant}/sources'")
    page.heading("It could not be shown")
    check("no API")
    page.run("window.fetch = window.really")
    bundle.call("DELETE", f"/v1/Assistants/{assistant}/Webhooks/{webhook}")
    page.run(f"location.hash = '#/{assistant}/webhooks'")
    page.heading("Webhooks")
    page.see("There is none yet: create one")
    check("webhooks")
    bundle.call("DELETE", f"/v1/Assistants/{assistant}")
    assert {where: rules for where, rules in found.items() if rules} == {}
