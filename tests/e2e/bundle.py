"""A run of the bundle by `parley up` in processes of its own, and a receiver in another that records what it gets."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from tests.e2e.processes import descendants, environment

READY_SECONDS = 60.0
DEMO = "/v1/Assistants/demo-bot"
DEMO_MESSAGEHUB = "/ingest/messagehub/SRde30de30de30de30de30de30de300003/demo-token-messagehub"

# In a process that imports nothing of ours. /slow answers after a second, /failing 500 to the first call of each
# webhook-id, /down 500 while `Bundle.down` is a file.
_RECEIVER = """
import base64, http.server, json, os, sys, time
seen, failed = open(sys.argv[1], "a", buffering=1), set()
class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        record = {"method": self.command, "path": path, "query": query, "headers": headers,
                  "body": base64.b64encode(body).decode()}
        seen.write(json.dumps(record) + "\\n")
        if path.startswith("/slow"):
            time.sleep(1)
        status = 204
        if path.startswith("/failing") and headers["webhook-id"] not in failed:
            failed.add(headers["webhook-id"])
            status = 500
        if path.startswith("/down") and os.path.exists(sys.argv[1] + ".down"):
            status = 500
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
    do_GET = do_POST = serve
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call that the receiver got; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Bundle:
    """A run of the bundle with a receiver beside it."""

    def __init__(self, folder: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.seen_file = folder / "seen"
        self.down = folder / "seen.down"
        self.receiver = subprocess.Popen(
            [sys.executable, "-I", "-c", _RECEIVER, str(self.seen_file)], stdout=subprocess.PIPE, text=True
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
        try:
            self._wait_until_ready()
        except AssertionError:
            self.end()
            raise
        self.ready: dict[str, Any] = json.loads((folder / "ready").read_text())
        self.api_url: str = self.ready["api_url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (self.folder / "ready").exists():
            assert time.monotonic() < deadline, "it was not ready in time"
            assert self.process.poll() is None, "it has ended"
            time.sleep(0.02)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.receiver.kill()
        self.receiver.wait()
        assert self.receiver.stdout
        self.receiver.stdout.close()

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """One request as it is, without a token of its own."""
        connection = http.client.HTTPConnection(self.api_url.removeprefix("http://"), timeout=20)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def token(self) -> tuple[str, str]:
        """The header of this run's caller."""
        return ("Authorization", f"Bearer {self.ready['token']}")

    def call(self, method: str, path: str, *, form: Mapping[str, str] | None = None) -> Any:
        """A management request that must succeed."""
        headers = [self.token()]
        body = None
        if form is not None:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            body = urlencode(form).encode()
        answer = self.request(method, path, body, headers)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def subscribe(self, path: str, events: str = "*", **more: str) -> Any:
        """A webhook of the demo's assistant at this path of the receiver."""
        form = {"UniqueName": path.strip("/"), "Events": events, "WebhookUrl": f"{self.receiver_url}{path}", **more}
        return self.call("POST", f"{DEMO}/Webhooks", form=form)

    def post_json(self, path: str, value: object) -> Answer:
        """What an unsigned source's platform sends."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return self.request("POST", path, body, [("Content-Type", "application/json")])

    def seen(self, path: str) -> list[Seen]:
        if not self.seen_file.exists():
            return []
        records = [json.loads(line) for line in self.seen_file.read_text().splitlines()]
        return [Seen(**{**each, "body": base64.b64decode(each["body"])}) for each in records if each["path"] == path]

    def wait_for(self, path: str, count: int, seconds: float = 20) -> list[Seen]:
        deadline = time.monotonic() + seconds
        while len(self.seen(path)) < count:
            assert time.monotonic() < deadline, f"{count} calls of {path} did not come in time"
            time.sleep(0.02)
        return self.seen(path)

    def listed(self, count: int) -> list[dict[str, Any]]:
        """The events that are committed, once there are so many."""
        deadline = time.monotonic() + 15
        while len(events := self.call("GET", f"{DEMO}/Events")["events"]) < count:
            assert time.monotonic() < deadline, "it was not committed in time"
            time.sleep(0.1)
        return list(events)

    def workers(self, function: str) -> set[int]:
        """Processes of one function of this run."""
        pids = descendants(self.process.pid)
        return {pid for pid in pids if environment(pid).get("AWS_LAMBDA_FUNCTION_NAME") == function}
