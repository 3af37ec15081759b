"""The sample events of `events/`, and what must come back for them.

`events/<function>/<case>.json` is an invocation's payload, `<case>.expected.json` beside it says what happens then;
events/README.md explains both, and the few placeholders that stand for what changes from run to run.
"""

from __future__ import annotations

import base64
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from standardwebhooks import Webhook as StandardWebhook

from parley import codec

EVENTS = Path(__file__).parents[1] / "events"
# In this order they can be run one after the other on one deployment; `after` names what a case needs beside that.
FUNCTIONS = ("authorizer", "webhooks", "ingest", "dispatcher", "sweeper", "history", "console")
WEBHOOK_NAME = "sample-receiver"
WEBHOOK_SECRET = "whsec_c2FtcGxlLXJlY2VpdmVyLXNlY3JldC0zMi1ieXRlcw=="


@dataclass(frozen=True)
class Case:
    """One event for one function.

    Attributes:
        after: The cases that must have run before.
        expected: What happens: `answer`, of ingest `queued`, of the dispatcher `callbacks`.
    """

    function: str
    name: str
    event: Any
    after: tuple[str, ...]
    expected: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.function}/{self.name}"

    @property
    def path(self) -> Path:
        return EVENTS / f"{self}.json"

    @property
    def logical_id(self) -> str:
        return f"{self.function.title()}Function"


def case(name: str) -> Case:
    function, _, own_name = name.partition("/")
    expected = json.loads((EVENTS / f"{name}.expected.json").read_text("utf-8"))
    event = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return Case(function, own_name, event, tuple(expected.pop("after", ())), expected)


def cases() -> list[Case]:
    paths = (path for name in FUNCTIONS for path in sorted((EVENTS / name).glob("*.expected.json")))
    return [case(f"{path.parent.name}/{path.name.removesuffix('.expected.json')}") for path in paths]


def in_order(sample: Case, run: Callable[[Case], dict[str, Any]], done: set[str]) -> dict[str, Any]:
    """Run a case on a deployment that all cases share, after what it needs and `done` does not hold yet."""
    for earlier in sample.after:
        if earlier not in done:
            done.add(earlier)
            run(case(earlier))
    done.add(str(sample))
    return run(sample)


def like(expected: Any, actual: Any) -> Any:  # noqa: PLR0911 — one for each placeholder
    """`expected` with what stands in `actual` in the place of each placeholder that it fits: equal when all fit."""
    match expected:
        case {"$match": pattern}:
            return actual if isinstance(actual, str | int) and re.fullmatch(pattern, str(actual)) else expected
        case {"$file": name}:
            return (EVENTS / name).read_bytes().decode()
        case {"$json": content}:
            return _parsed(content, actual, json.loads)
        case {"$form": content}:
            return _parsed(content, actual, lambda text: dict(parse_qsl(text, keep_blank_values=True)))
        case dict() if isinstance(actual, dict):
            return {name: like(value, actual.get(name)) for name, value in expected.items()}
        case list() if isinstance(actual, list):
            there = [*actual, *[None] * len(expected)]
            return [like(value, there[i]) for i, value in enumerate(expected)]
        case _:
            return expected


def _parsed(content: Any, actual: Any, parse: Any) -> Any:
    """The text itself where its content fits, else the content that it should have."""
    if not isinstance(actual, str):
        return content
    found = parse(actual)
    filled = like(content, found)
    return actual if filled == found else filled


def readable(message: str) -> dict[str, Any]:
    """A queued message with its payload as text."""
    values = json.loads(message)
    number, packed = values.pop("codec"), base64.b64decode(values["payload"])
    return {**values, "payload": codec.unpack(number, packed).decode()}


class Receiver(http.server.ThreadingHTTPServer):
    """A receiver that says 204 to everything, and keeps what came."""

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.calls: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def take(self) -> list[dict[str, Any]]:
        """What came since the last time, each verified by other people's library."""
        taken, self.calls = self.calls, []
        for call in taken:
            with suppress(json.JSONDecodeError):  # verified by then: it parses what it returns, and a form is no JSON
                StandardWebhook(WEBHOOK_SECRET).verify(call["body"], call["headers"])
        return taken


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.calls.append({"method": self.command, "target": self.path, "headers": headers, "body": body})
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST  # noqa: N815 — the base class's name

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 — the base class's name
        pass


@contextmanager
def receiver(address: str = "127.0.0.1") -> Iterator[Receiver]:
    with Receiver(address) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


def webhook_form(url: str) -> Mapping[str, str]:
    """The webhook that the dispatcher's cases need: it takes all events."""
    return {"UniqueName": WEBHOOK_NAME, "Events": "*", "WebhookUrl": url, "Secret": WEBHOOK_SECRET}
