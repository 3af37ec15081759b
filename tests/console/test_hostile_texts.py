"""Texts that would be markup or script, in every field that a platform, a receiver or a person fills: nothing runs.

Each text is looked for on the page as it was written, so that it was really shown; the page's fixture then asserts that
no script ran, that the Content-Security-Policy had nothing to stop, and that nothing was asked of another host.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from parley.signing import twilio
from tests.console.demo import listed, show
from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB

if TYPE_CHECKING:
    from tests.console.browser import Page

pytestmark = pytest.mark.timeout(180)

CORPUS = (
    "<script>window.__xss=1</script>",
    "<img src=x onerror=window.__xss=1>",
    '"><svg onload=window.__xss=1>',
    "'-alert(1)-'",
    "javascript:alert(1)//",
    "<iframe srcdoc='<script>parent.__xss=1</script>'>",
    "</pre><style>@import '//evil.example/x.css';</style>",
    '<a href="javascript:alert(1)" autofocus onfocus=alert(1)>x</a>',
    "{{constructor.constructor('alert(1)')()}}${alert(1)}",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "\u202e\u2066<b>dnalsi</b>\u2069 <base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css><meta http-equiv=refresh content='0;url=//evil.example'>",
)
ALL = " ".join(CORPUS)
# A unique name may not hold / ? # % and has 64 characters at most.
NAME = "<img src=x onerror=window.__xss=1>"


def shows(page: Page, *texts: str) -> None:
    """Wait until each text stands in the document as a text (a field's value, an attribute that is read out)."""
    for text in texts:
        page.wait(f"document.body.textContent.includes({json.dumps(text)})", f"to be shown: {text}")
    assert (
        page.run("document.querySelectorAll('main :is(script, img, iframe, style, link, base, object, embed)').length")
        == 0
    )


def test_in_what_a_platform_sends(signed_in, bundle):
    page = signed_in
    body = {
        "event": "message_created",
        "id": 1,
        "content": ALL,
        "message_type": "incoming",
        "conversation": {"id": CORPUS[0]},
        "sender": {"name": CORPUS[1], "email": CORPUS[2]},
    }
    assert bundle.post_json(DEMO_MESSAGEHUB, body).status == 200
    # an event's name and the reason why it is not known, too
    assert bundle.post_json(DEMO_MESSAGEHUB, {"event": CORPUS[1], "conversation": {"id": CORPUS[2]}}).status == 200
    found = {each["event"]: each["sid"] for each in listed(bundle, "PageSize=100", 2)}
    show(page, "events")
    page.heading("Events")
    shows(page, CORPUS[0], CORPUS[1], CORPUS[2])
    show(page, "events", found["message_created"])
    page.heading("message_created")
    quoted = [json.dumps(text, ensure_ascii=False)[1:-1] for text in CORPUS]
    shows(page, *quoted)
    for tab in ("Native", "CloudEvents", "Raw"):
        page.press("tab", tab)
        page.wait(f"document.querySelector('[aria-selected=true]').textContent === {json.dumps(tab)}")
        shows(page, *quoted[:3])
    show(page, "events", found[CORPUS[1]])
    page.heading(CORPUS[1])


def test_in_a_form_of_autopilots(signed_in, bundle):
    page = signed_in
    path = "/ingest/autopilot/SRde30de30de30de30de30de30de300001/demo-token-autopilot"
    fields = [("Event", "onDialogueTurn"), ("CurrentInput", ALL), ("DialogueSid", CORPUS[1]), (CORPUS[0], CORPUS[3])]
    pairs = [(name.encode(), value.encode()) for name, value in fields]
    signature = twilio.signature("demo-twilio-auth-token", f"{bundle.api_url}{path}", pairs)
    sent = bundle.request(
        "POST",
        path,
        urlencode(fields).encode(),
        [("Content-Type", "application/x-www-form-urlencoded"), (twilio.HEADER, signature)],
    )
    assert sent.status == 200, sent.body
    [event] = listed(bundle, "Platform=autopilot", 1)
    show(page, "events", event["sid"])
    page.heading("onDialogueTurn")
    shows(page, *CORPUS, CORPUS[1])


def test_in_names_addresses_and_headers_that_people_give(signed_in, bundle):
    page = signed_in
    assistant = bundle.call("POST", "/v1/Assistants", form={"UniqueName": NAME})
    page.open(f"{bundle.api_url}/console")
    page.type("Token", bundle.ready["token"])
    page.press("button", "Sign in")
    page.heading("Assistants")
    shows(page, NAME)
    page.press("button", f"Rename {NAME}")
    page.press("button", "Close")
    page.press("button", f"Delete {NAME}")
    page.press("button", "Keep it")
    hook = bundle.call(
        "POST",
        f"/v1/Assistants/{assistant['sid']}/Webhooks",
        form={
            "UniqueName": NAME,
            "Events": "* automation_event.<svg/onload=alert(1)>",
            "WebhookUrl": f"{bundle.receiver_url}/x?y=<script>alert(1)</script>",
            "Headers": json.dumps({"X-A": ALL[:1000].encode("ascii", "ignore").decode().strip()}),
            "Enabled": "false",
        },
    )
    source = bundle.call(
        "POST",
        f"/v1/Assistants/{assistant['sid']}/Sources",
        form={"UniqueName": NAME, "Platform": "tropo", "Options": json.dumps({"reply": json.dumps({"tropo": [ALL]})})},
    )
    for parts in (("webhooks",), ("webhooks", hook["sid"]), ("sources",), ("sources", source["sid"]), ("activity",)):
        page.run(f"location.hash = {json.dumps('#/' + '/'.join((assistant['sid'], *parts)))}")
        page.heading(NAME if len(parts) > 1 else parts[0].title())
        shows(page, NAME)
        if parts[0] in ("webhooks", "sources") and len(parts) > 1:
            page.press("button", "Edit")
            page.wait("document.querySelector('dialog[open] [name=unique_name]').value !== ''")
            page.press("button", "Close")
    bundle.call("DELETE", f"/v1/Assistants/{assistant['sid']}?Cascade=true")


class _Hostile(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = ALL.encode()
        self.send_response(500)
        self.send_header("X-Said", CORPUS[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — the base class's name
        pass


@pytest.fixture
def hostile() -> Iterator[str]:
    """A receiver whose answers are the corpus."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_in_what_a_receiver_answers(signed_in, bundle, hostile):
    page = signed_in
    hook = bundle.subscribe("/hostile", "message.received", RetrySchedule="86400", WebhookUrl=f"{hostile}/")
    body = {"event": "message_created", "id": 77, "message_type": "incoming", "conversation": {"id": 77}}
    assert bundle.post_json(DEMO_MESSAGEHUB, body).status == 200
    [event] = listed(bundle, "ConversationId=77", 1)
    results = bundle.call("GET", f"{DEMO}/Events/{event['sid']}")["results"]
    [row] = [row for row in results if row["webhook_sid"] == hook["sid"]]
    show(page, "webhooks", hook["sid"], row["delivery_sid"])
    page.heading("Delivery")
    page.press("summary", "What it answered")
    shows(page, *CORPUS, CORPUS[0])
    bundle.call("DELETE", f"{DEMO}/Webhooks/{hook['sid']}")


def test_in_the_address(signed_in, bundle):
    page = signed_in
    for text in CORPUS:
        page.run(f"location.hash = '#/' + encodeURIComponent({json.dumps(text)}) + '/' + {json.dumps(text)}")
        time.sleep(0.2)
    show(page, "sources")
    page.heading("Sources")


def test_what_the_browser_would_run_is_stopped_by_the_policy(page):
    """That the sentinels of the other tests can see anything at all: the policy stops each of these, and says so."""
    page.run("document.body.append(Object.assign(document.createElement('img'), {src: 'https://evil.example/x'}))")
    for markup in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.createElement('script').text = 'window.__xss = 1'",
    ):
        assert page.run(f"(() => {{ try {{ {markup}; }} catch (error) {{ return error.name; }} }})()") == "TypeError"
    page.wait("window.__violations.length === 3")
    kinds = {each.split(" ")[0] for each in page.run("window.__violations")}
    assert kinds == {"img-src", "require-trusted-types-for"}
    page.requests[:] = [url for url in page.requests if url != "https://evil.example/x"]  # noted, and blocked
    page.run("window.__violations = []")
    time.sleep(0.3)  # until the browser has told all
    assert page.errors
    page.errors.clear()
