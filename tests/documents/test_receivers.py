"""docs/receivers.md: its snippets in Python, Node and Go, run on callbacks that the engine's own code makes."""

from __future__ import annotations

import base64
import functools
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from parley.cloudevents import envelope
from parley.platforms import platform
from parley.signing import callback as signing
from parley.signing import standard_webhooks
from parley.webhook import WebhookSecrets
from tests.documents.blocks import ROOT, fenced, text_of
from tests.unit.platforms.examples import FORM, event, payload, webhook

GUIDE = text_of("docs/receivers.md")
DELIVERY = "DL" + "0123456789abcdef" * 2
SECRETS = ("whsec_" + base64.b64encode(b"k" * 32).decode(), "a text that the team chose: 秘密 🦄")
NODE = ROOT / "tests" / "node"
MARK = {"python": "# ", "javascript": "// ", "go": "// "}

NODE_HARNESS = """
const calls = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(calls.map(({ secret, headers, body }) => {
  try {
    verify(secret, headers, Buffer.from(body, "base64").toString());
    return "";
  } catch (error) {
    return error.message || "refused";
  }
})));
"""
GO_HARNESS = """
package main

import (
	"encoding/json"
	"os"

	"example.com/guide/receiver"
)

type headers map[string]string

func (all headers) Get(name string) string { return all[name] }

func main() {
	var calls []struct {
		Secret  string
		Headers headers
		Body    []byte
	}
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		panic(err)
	}
	said := []string{}
	for _, call := range calls {
		if err := receiver.Verify(call.Secret, call.Headers, call.Body); err != nil {
			said = append(said, err.Error())
		} else {
			said = append(said, "")
		}
	}
	json.NewEncoder(os.Stdout).Encode(said)
}
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A callback as a framework hands it over, and what the receiver's snippet is given as its secret."""

    secret: str
    url: str
    headers: dict[str, str]
    body: bytes

    def told(self) -> dict[str, Any]:
        return {"secret": self.secret, "headers": self.headers, "body": base64.b64encode(self.body).decode()}


def snippet(language: str, name: str) -> str:
    first = f"{MARK[language]}{name}\n"
    [found] = [block for block in fenced(GUIDE, language) if block.startswith(first)]
    return found.removeprefix(first)


def call(
    name: str,
    *secrets: str,
    at_seconds: int | None = None,
    method: str = "POST",
    cloud_event: bool = False,
    standard: bool = False,
    more: bytes = b"",
) -> Call:
    """A native callback of `platform/payload`, or its CloudEvent.

    `standard`: the secret as such a library wants it; `more`: what a form ends with.
    """
    chosen = platform(name.partition("/")[0])
    content_type = FORM if chosen.name == "autopilot" else "application/json"
    happened = event(chosen.name, payload(*name.split("/")) + more, content_type=content_type)
    hook = webhook(method=method)
    callback = envelope.callback(happened, hook, public_url="") if cloud_event else chosen.native(happened, hook)
    headers = signing.sign(
        callback,
        hook,
        WebhookSecrets(secrets, {}),
        None if cloud_event else chosen,
        delivery_sid=DELIVERY,
        now_seconds=at_seconds or int(time.time()),
    )
    secret = standard_webhooks.receiver_secret(secrets[0]) if standard else secrets[0]
    return Call(secret, callback.url, {key.lower(): value for key, value in headers.items()}, callback.body)


Verify = Callable[[list[Call]], list[str]]
"""What a receiver says of each call: nothing, or why it refuses."""


def in_python(name: str, *, with_url: bool = False) -> Verify:
    namespace: dict[str, Any] = {}
    exec(snippet("python", f"verify: {name}"), namespace)  # noqa: S102 (the document's own snippet)

    def said(one: Call) -> str:
        url = (one.url,) if with_url else ()
        try:
            namespace["verify"](one.secret, *url, one.headers, one.body)
        except Exception as error:  # noqa: BLE001 (a library refuses with an exception of its own)
            return repr(error)
        return ""

    return lambda calls: [said(one) for one in calls]


def in_node(name: str) -> Verify:
    def verify(calls: list[Call]) -> list[str]:
        if shutil.which("node") is None:
            pytest.skip("node is not on this machine")
        if name != "messagehub" and not (NODE / "node_modules" / "jsonwebtoken").is_dir():
            pytest.skip("tests/node/node_modules is not there: `make test` installs it where npm reaches its registry")
        program = snippet("javascript", f"verify: {name}") + NODE_HARNESS
        return answers(["node", "-e", program], NODE, calls)

    return verify


def in_go(folder: Path) -> Verify:
    def verify(calls: list[Call]) -> list[str]:
        if shutil.which("go") is None:
            pytest.skip("go is not on this machine")
        (folder / "receiver").mkdir(exist_ok=True)
        (folder / "receiver" / "receiver.go").write_text(snippet("go", "verify: standardwebhooks"))
        (folder / "main.go").write_text(GO_HARNESS)
        (folder / "go.mod").write_text("module example.com/guide\n\ngo 1.21\n")
        return answers(["go", "run", "."], folder, calls)

    return verify


def answers(command: list[str], folder: Path, calls: list[Call]) -> list[str]:
    told = json.dumps([one.told() for one in calls]).encode()
    environ = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off"}
    done = subprocess.run(command, cwd=folder, env=environ, input=told, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    said: list[str] = json.loads(done.stdout)
    return said


def judged(
    verify: Verify, make: Callable[..., Call], *, body_is_bound: bool = True, by_either_secret: bool = False
) -> None:
    """Genuine ones pass, by every kind of secret; forged and old ones do not.

    A callback that is signed while a secret is replaced passes by the new one, and by the old one only where its proof
    has room for both (docs/receivers.md, "When the secret changes").
    """
    rotated = make(*SECRETS)
    by_the_old = replace(rotated, secret=make(SECRETS[1]).secret)
    genuine = [*(make(secret) for secret in SECRETS), *([by_the_old] if by_either_secret else [])]
    forged = [
        Call(make("whsec_" + "QUFB" * 8).secret, rotated.url, rotated.headers, rotated.body),
        make(SECRETS[0], at_seconds=int(time.time()) - 301),
    ]
    if not by_either_secret:
        forged.append(by_the_old)
    if body_is_bound:
        forged.append(Call(rotated.secret, rotated.url, rotated.headers, rotated.body.replace(b"e", b"f", 1)))
    said = verify([*genuine, rotated, *forged])
    assert said[: len(genuine) + 1] == [""] * (len(genuine) + 1)
    assert all(said[len(genuine) + 1 :]), said


MESSAGE = "messagehub/message_created"


@pytest.mark.parametrize("cloud_event", [False, True])
def test_standard_webhooks_in_python(cloud_event: bool) -> None:
    judged(
        in_python("standardwebhooks"),
        functools.partial(call, MESSAGE, standard=True, cloud_event=cloud_event),
        by_either_secret=True,
    )


@pytest.mark.parametrize("name", [MESSAGE, "autopilot/onDialogueTurn"])
def test_standard_webhooks_by_hand_in_python(name: str) -> None:
    judged(in_python("standardwebhooks-by-hand"), functools.partial(call, name, standard=True), by_either_secret=True)


def test_standard_webhooks_in_node() -> None:
    judged(in_node("standardwebhooks"), functools.partial(call, MESSAGE, standard=True), by_either_secret=True)


@pytest.mark.timeout(300)  # Go compiles its standard library the first time
def test_standard_webhooks_in_go(tmp_path: Path) -> None:
    verify = in_go(tmp_path)
    judged(verify, functools.partial(call, MESSAGE, standard=True), by_either_secret=True)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_autopilot_in_python(method: str) -> None:
    # a parameter that comes twice, its values not in their sorted order, and an empty one
    make = functools.partial(call, "autopilot/onDialogueTurn", method=method, more=b"&More=b&More=a&More=b&None=")
    verify = in_python("autopilot", with_url=True)
    own, other = make(SECRETS[0]), make(SECRETS[1])
    changed = [
        replace(make(*SECRETS), secret=SECRETS[1]),
        Call(own.secret, own.url.replace("Event", "Ovent", 1), own.headers, own.body.replace(b"Event", b"Ovent", 1)),
        Call(other.secret, own.url, own.headers, own.body),
    ]
    said = verify([own, other, *changed])
    assert said[:2] == ["", ""]
    assert all(said[2:])


@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_watsonx_in_python() -> None:
    judged(in_python("watsonx"), functools.partial(call, "watsonx/message_logged"))


def test_watsonx_in_node() -> None:
    judged(in_node("watsonx"), functools.partial(call, "watsonx/message_logged"), body_is_bound=False)


def test_messagehub_in_python() -> None:
    judged(in_python("messagehub"), functools.partial(call, MESSAGE))


def test_messagehub_in_node() -> None:
    judged(in_node("messagehub"), functools.partial(call, MESSAGE))


def test_a_webhook_id_is_new_once() -> None:
    namespace: dict[str, Any] = {}
    exec(snippet("python", "once"), namespace)  # noqa: S102 (the document's own snippet)
    database = sqlite3.connect(":memory:")
    try:
        given = [namespace["is_new"](database, sid, b"body of " + sid.encode()) for sid in (DELIVERY, "DL1", DELIVERY)]
        stored = database.execute("SELECT id, body FROM inbox WHERE NOT done ORDER BY id").fetchall()
    finally:
        database.close()
    assert given == [True, True, False]
    assert stored == [(sid, b"body of " + sid.encode()) for sid in sorted((DELIVERY, "DL1"))]


def test_sorting_is_by_conversation_time_and_sequence() -> None:
    namespace: dict[str, Any] = {}
    exec(snippet("python", "sort"), namespace)  # noqa: S102 (the document's own snippet)

    def cloud_event(session: str, sequence: int, at_ms: int) -> dict[str, Any]:
        body = {"result": {"sessionId": session, "state": "ANSWERED", "sequence": sequence}}
        happened = event("tropo", json.dumps(body).encode(), content_type="application/json")
        # named as ingest names it; Tropo's results hold no time, so the time is that of acceptance
        named = replace(happened, name="result", type="turn.completed", received_ms=at_ms)
        made: dict[str, Any] = json.loads(envelope.callback(named, webhook(), public_url="").body)
        return made

    told = [("b", 1, 5_000), ("a", 2, 5_000), ("a", 1, 5_000), ("a", 3, 4_999)]
    ordered = namespace["in_order"]([cloud_event(*one) for one in told])
    found = [(one["subject"], one["data"]["conversation"].get("sequence")) for one in ordered]
    assert found == [("a", 3), ("a", 1), ("a", 2), ("b", 1)]


def test_no_snippet_is_left_out() -> None:
    here = Path(__file__).read_text("utf-8")
    blocks = [(language, block) for language in MARK for block in fenced(GUIDE, language)]
    assert len(blocks) > 10
    for language, block in blocks:
        name = block.splitlines()[0].removeprefix(MARK[language])
        assert f'"{name.removeprefix("verify: ")}"' in here or f'"{name}"' in here, name
