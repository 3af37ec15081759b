"""Chromium as a person uses it: by the DevTools protocol over a pipe, so that no port and no other program is needed.

What is pressed is pressed with the mouse, what is typed goes to what has the focus. A page notes what no test may see:
scripts that ran out of data (`window.__xss`), violations of the Content-Security-Policy, errors, foreign requests.
What the page does every so many seconds, it does as many times faster as `HURRY` says.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WAIT_SECONDS = 20.0
HURRY = 5
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en",
    "--remote-debugging-pipe",
)
# The protocol's pipe is descriptors 3 and 4 of the browser.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)

_NOTES = """
window.__xss = 0;
window.setInterval = ((really) => (task, ms) => really(task, ms / HURRY))(window.setInterval);
window.__violations = [];
document.addEventListener("securitypolicyviolation", (found) => {
  window.__violations.push(`${found.violatedDirective} ${found.blockedURI} ${found.sourceFile}`);
});
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.__xss += 1; };
""".replace("HURRY", str(HURRY))
# By what it is called, as a screen reader says it; among what is seen, in the dialog that is open, if one is.
_FIND = """
(kind, name, exact) => {
  const called = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const label = element.getAttribute("aria-label") ?? (by ? document.getElementById(by)?.textContent : null)
      ?? (element.labels?.length ? [...element.labels].map((each) => each.textContent).join(" ") : null);
    return (label ?? element.textContent).trim().replace(/\\s+/g, " ");
  };
  const selectors = {
    button: "button:not([role])", link: "a[href]", tab: "[role=tab]", summary: "summary", heading: "h1,h2",
    field: "input,select,textarea",
  };
  const dialogs = [...document.querySelectorAll("dialog[open]")];
  const within = dialogs.length ? dialogs.at(-1) : document;
  return [...within.querySelectorAll(selectors[kind])].filter((each) => each.checkVisibility()).find((each) =>
    exact ? called(each) === name : called(each).includes(name)) ?? null;
}
"""


class BrowserError(Exception):
    """Raised when the browser refuses a command, or what was waited for did not come."""


def executable() -> str | None:
    """Where this machine has a Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Page:
    """One tab, with storage of its own."""

    browser: Browser
    session: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """A command to this tab."""
        return self.browser.send(method, session=self.session, **params)

    def run(self, expression: str) -> Any:
        """The value of an expression in the page; promises are awaited.

        Raises:
            BrowserError: It threw.
        """
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if problem := answer.get("exceptionDetails"):
            raise BrowserError(problem.get("exception", {}).get("description") or problem["text"])
        return answer["result"].get("value")

    def wait(self, expression: str, what: str | None = None, seconds: float = WAIT_SECONDS) -> Any:
        """The expression's value, once it is true.

        Raises:
            BrowserError: It was not, in time; says what the page shows instead.
        """
        deadline = time.monotonic() + seconds
        while True:
            if value := self.run(expression):
                return value
            if time.monotonic() > deadline:
                raise BrowserError(f"{what or expression}: not in time; the page says: {self.text()[:2000]}")
            time.sleep(0.05)

    def text(self) -> str:
        """All that is seen."""
        return str(self.run("document.body.innerText"))

    def see(self, text: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until a text is seen."""
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", f"to see {text!r}", seconds)

    def heading(self, text: str) -> None:
        """Wait until the page has arrived at a view."""
        self.wait(f"document.querySelector('main h1')?.textContent === {json.dumps(text)}", f"the heading {text!r}")

    def open(self, url: str) -> None:
        """Load a page."""
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def place(self, kind: str, name: str, *, exact: bool = True) -> tuple[float, float]:
        """Where the middle of something is that is called so; it is scrolled to."""
        found = f"({_FIND})({json.dumps(kind)}, {json.dumps(name)}, {json.dumps(exact)})"
        # a dialog that was closed is about to give the focus back, and the page scrolls to that
        settled = "document.querySelector('dialog:not([open])') === null"
        self.wait(f"{found} !== null && {settled}", f"a {kind} called {name!r}")
        x, y = self.run(
            f"(() => {{ const found = {found}; found.scrollIntoView({{block: 'center'}});"
            "const box = found.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        return x, y

    def asked_anew(self, what: str) -> None:
        """Wait until it has been asked for again by itself, and its answer is shown.

        Of three answers the first may be under way already; once the third has come, the second was dealt with.
        """
        self.run("performance.setResourceTimingBufferSize(10_000)")
        count = (
            f"performance.getEntriesByType('resource').filter((each) => each.name.includes({json.dumps(what)})).length"
        )
        self.wait(f"{count} >= {self.run(count) + 3}", f"{what} to be asked for anew")

    def press(self, kind: str, name: str, *, exact: bool = True) -> None:
        """Press something with the mouse."""
        x, y = self.place(kind, name, exact=exact)
        for what in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    def type(self, name: str, text: str, *, exact: bool = True) -> None:
        """Replace what stands in a field."""
        self.press("field", name, exact=exact)
        self.run("document.activeElement.select?.()")
        self.send("Input.insertText", text=text)

    def choose(self, name: str, value: str) -> None:
        """Choose an option."""
        found = f"({_FIND})('field', {json.dumps(name)}, true)"
        self.wait(f"{found} !== null", f"a field called {name!r}")
        self.run(
            f"(() => {{ const found = {found}; found.value = {json.dumps(value)};"
            "found.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )

    def key(self, name: str) -> None:
        """Press a key of the keyboard."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowRight": 39}[name]
        text = {"text": "\r"} if name == "Enter" else {}
        for what in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=what, key=name, code=name, windowsVirtualKeyCode=code, **text)

    def look(self, *, width: int, scheme: str, height: int = 900) -> None:
        """As a screen of that width shows it, light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file: Path) -> None:
        """The whole page, as a PNG."""
        shown = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shown["data"]))

    def noted(self) -> dict[str, Any]:
        """What must be nothing."""
        return {
            "scripts that ran out of data": self.run("window.__xss"),
            "violations of the policy": self.run("window.__violations"),
            "errors": self.errors,
        }


class Browser:
    """A browser without a profile."""

    def __init__(self, folder: Path) -> None:
        found = executable()
        if found is None:
            raise BrowserError("there is no Chromium on this machine")
        to_read, to_browser = os.pipe()
        from_browser, to_write = os.pipe()
        # above 4, so that neither is overwritten before it is moved
        theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (to_read, to_write)]
        os.close(to_read)
        os.close(to_write)
        self._write, self._read = to_browser, from_browser
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _START,
                *map(str, theirs),
                found,
                *FLAGS,
                f"--user-data-dir={folder}",
                "about:blank",
            ],
            pass_fds=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        for each in theirs:
            os.close(each)
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._reader = threading.Thread(target=self._listen, name="chromium", daemon=True)
        self._reader.start()

    def end(self) -> None:
        """Close it and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(10)
        os.close(self._write)
        os.close(self._read)

    def send(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """A command, and its answer.

        Raises:
            BrowserError: It was refused, or not answered.
        """
        number = next(self._numbers)
        self._answers[number] = queue.Queue()
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self._write, content) :]
        try:
            answer = self._answers[number].get(timeout=60)
        except queue.Empty:
            raise BrowserError(f"{method} was not answered") from None
        finally:
            del self._answers[number]
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A tab that shares nothing with others."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        made = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            made.send(f"{domain}.enable")
        made.send("Page.addScriptToEvaluateOnNewDocument", source=_NOTES)
        try:
            yield made
        finally:
            self.send("Target.disposeBrowserContext", browserContextId=context)
            del self._pages[session]

    def _listen(self) -> None:
        rest = b""
        while chunk := os.read(self._read, 1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    if waiting := self._answers.get(message["id"]):
                        waiting.put(message)
                elif page := self._pages.get(message.get("sessionId", "")):
                    self._note(page, message["method"], message["params"])

    @staticmethod
    def _note(page: Page, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                page.errors.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded" if params["entry"]["level"] == "error" and params["entry"]["source"] != "network":
                page.errors.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                page.requests.append(params["request"]["url"])
