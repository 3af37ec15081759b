"""The bundle itself under `parley up`: from the seeded sources to a receiver in a process of its own, and a kill."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0

RECEIVER = """
import http.server, json, sys, time
seen = open(sys.argv[1], "a", buffering=1)
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        seen.write(json.dumps({"path": self.path, "id": self.headers["webhook-id"], "body": body.decode()}) + "\\n")
        if self.path == "/slow":
            time.sleep(1)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


class Bundle:
    """A run of the bundle with a receiver beside it."""

    def __init__(self, folder: Path, *options: str, environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.seen_file = folder / "seen"
        self.receiver = subprocess.Popen(
            [sys.executable, "-I", "-c", RECEIVER, str(self.seen_file)], stdout=subprocess.PIPE, text=True
        )
        assert self.receiver.stdout
        self.receiver_url = f"http://127.0.0.1:{self.receiver.stdout.readline().strip()}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", "--port", "0", "--ready-file", str(folder / "ready"), *options],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + READY_SECONDS
        while not (folder / "ready").exists():
            assert time.monotonic() < deadline, "it was not ready in time"
            time.sleep(0.02)
        self.ready: dict[str, Any] = json.loads((folder / "ready").read_text())

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.receiver.kill()
        self.receiver.wait()
        assert self.receiver.stdout
        self.receiver.stdout.close()

    def call(self, method: str, path: str, *, form: dict[str, str] | None = None, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.ready['token']}"}
        content: bytes | None = None
        if form is not None:
            headers["Content-Type"], content = "application/x-www-form-urlencoded", urlencode(form).encode()
        elif body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False).encode()
        connection = http.client.HTTPConnection(self.ready["api_url"].removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, text
        return json.loads(text) if text else None

    def seen(self, path: str) -> list[dict[str, str]]:
        if not self.seen_file.exists():
            return []
        calls = [json.loads(line) for line in self.seen_file.read_text().splitlines()]
        return [call for call in calls if call["path"] == path]

    def wait_for(self, path: str, count: int, seconds: float) -> list[dict[str, str]]:
        deadline = time.monotonic() + seconds
        while len(self.seen(path)) < count:
            assert time.monotonic() < deadline, f"{count} calls of {path} did not come in time"
            time.sleep(0.02)
        return self.seen(path)

    def workers(self, function: str) -> set[int]:
        """Processes of one function of this run, found by their environment and this run's engine."""
        found = set()
        variables = json.loads((self.folder / ".parley" / "sam-local.json").read_text())
        table = variables["WebhooksFunction"]["AWS_ENDPOINT_URL_DYNAMODB"]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    environment = (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                wanted = {f"AWS_LAMBDA_FUNCTION_NAME={function}", f"AWS_ENDPOINT_URL_DYNAMODB={table}"}
                if {each.encode() for each in wanted} <= set(environment):
                    found.add(int(entry.name))
        return found


ASSISTANT = "/v1/Assistants/demo-bot"
INGEST = "/ingest/messagehub/SRde30de30de30de30de30de30de300003/demo-token-messagehub"


def message(text: str) -> dict[str, object]:
    return {
        "event": "message_created",
        "id": 1,
        "content": text,
        "message_type": "incoming",
        "conversation": {"id": 7},
        "account": {"id": 1, "name": "A"},
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    run = Bundle(tmp_path, "--time-scale", "30")
    try:
        yield run
    finally:
        run.end()


def subscribe(bundle: Bundle, path: str) -> None:
    form = {"UniqueName": path.strip("/"), "Events": "message_created", "WebhookUrl": f"{bundle.receiver_url}{path}"}
    bundle.call("POST", f"{ASSISTANT}/Webhooks", form=form)


def test_an_event_goes_from_the_seeded_source_to_a_receiver_and_is_listed(bundle: Bundle) -> None:
    sources = bundle.call("GET", f"{ASSISTANT}/Sources")["sources"]
    assert sorted(source["unique_name"] for source in sources) == [
        "demo-autopilot",
        "demo-messagehub",
        "demo-tropo",
        "demo-watsonx",
    ]
    subscribe(bundle, "/hook")
    bundle.call("POST", INGEST, body=message("日本"))

    [call] = bundle.wait_for("/hook", 1, 15)
    assert json.loads(call["body"]) == message("日本")
    assert call["id"].startswith("DL")
    [event] = listed(bundle, 1)
    assert (event["event"], event["type"]) == ("message_created", "message.received")


def listed(bundle: Bundle, count: int) -> list[dict[str, Any]]:
    """The events that are committed, once there are so many."""
    deadline = time.monotonic() + 15
    while len(events := bundle.call("GET", f"{ASSISTANT}/Events")["events"]) < count:
        assert time.monotonic() < deadline, "it was not committed in time"
        time.sleep(0.1)
    return list(events)


def test_a_worker_killed_between_post_and_commit_shows_the_event_once_more_then_commits_it(bundle: Bundle) -> None:
    subscribe(bundle, "/slow")
    bundle.call("POST", INGEST, body=message("once"))
    [first] = bundle.wait_for("/slow", 1, 15)
    for pid in bundle.workers("DispatcherFunction"):
        os.kill(pid, signal.SIGKILL)

    # visibility is 120 s / 30 = 4 s
    first_again, second = bundle.wait_for("/slow", 2, 20)
    assert first_again == first
    assert second == first  # the same webhook-id and body
    [event] = listed(bundle, 1)
    fetched = bundle.call("GET", f"{ASSISTANT}/Events/{event['sid']}")
    assert [(result["status"], result["delivery_sid"]) for result in fetched["results"]] == [("delivered", first["id"])]
    assert len(bundle.seen("/slow")) == 2


def test_the_bundle_runs_on_another_engine(tmp_path: Path) -> None:
    pytest.importorskip("ministack")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (tmp_path / "engine.log").open("wb") as log:
        engine = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env={**os.environ, "GATEWAY_PORT": str(port), "TMPDIR": str(tmp_path)},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the other engine did not start"
                time.sleep(0.1)
        bundle = Bundle(tmp_path, environ={"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}"})
        try:
            subscribe(bundle, "/hook")
            bundle.call("POST", INGEST, body=message("elsewhere"))
            [call] = bundle.wait_for("/hook", 1, 15)
            assert json.loads(call["body"]) == message("elsewhere")
            assert len(listed(bundle, 1)) == 1
        finally:
            bundle.end()
    finally:
        engine.terminate()
        engine.wait(10)
