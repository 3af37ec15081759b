"""A Chromium beside a run of the bundle, and the page signed in; where there is no Chromium, why nothing was run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser, Page, executable
from tests.e2e.bundle import Bundle

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"


def _needed(what: str, *, there: bool, how: str) -> None:
    if there:
        return
    reason = f"no {what} on this machine: {how}"
    if os.environ.get("REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    _needed("Chromium", there=executable() is not None, how="apt-get install chromium")
    made = Browser(tmp_path_factory.mktemp("chromium"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's script."""
    _needed("axe-core", there=AXE.is_file(), how="`make node` installs it where npm is and reaches its registry")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def bundle(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    # a minute of the engine's is three seconds
    run = Bundle(tmp_path_factory.mktemp("up"), "--time-scale", "20")
    try:
        yield run
    finally:
        run.end()


@pytest.fixture
def tab(browser: Browser, bundle: Bundle) -> Iterator[Page]:
    """A tab for the console; at the end nothing may have happened in it that must not."""
    with browser.page() as made:
        made.look(width=1280, scheme="light")
        yield made
        assert made.noted() == {"scripts that ran out of data": 0, "violations of the policy": [], "errors": []}
        # `data:` are the browser's own pictures, of its date fields
        assert {url for url in made.requests if not url.startswith((f"{bundle.api_url}/", "data:"))} == set()


@pytest.fixture
def page(tab: Page, bundle: Bundle) -> Page:
    """The console, before anybody has signed in."""
    tab.open(f"{bundle.api_url}/console")
    tab.heading("Sign in")
    return tab


@pytest.fixture
def signed_in(tab: Page, bundle: Bundle) -> Page:
    """The console with a token in its memory alone, as after signing in; what is typed there is for other tests."""
    source = f"sessionStorage.setItem('parley-token', {json.dumps(bundle.ready['token'])})"
    kept = tab.send("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
    tab.open(f"{bundle.api_url}/console")
    tab.heading("Assistants")
    tab.send("Page.removeScriptToEvaluateOnNewDocument", identifier=kept)
    tab.run("sessionStorage.clear()")
    return tab
