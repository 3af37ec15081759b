"""A team's webhook receiver, as somebody who never saw Parley would write it.

It knows the platforms' documents and Standard Webhooks, and verifies with other people's libraries. Run as a script
with `python -I -S`: without `site`, an editable install's `.pth` files are not read, so Parley cannot be imported; the
receiver says so in its ready line and ends when it is not true.

Told on stdin, one JSON object per line, and gone at its end: `{"path": {"secret": "…", "answers": [503, 200]}}`, the
answers in turn, the last for ever. Says on stdout, one JSON object per line: `ready` with its port and libraries,
`knows` after each line of stdin, `callback` for each call that came.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import importlib.metadata
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

MUST_NOT_IMPORT = ("parley", "cli", "functions")
LIBRARIES = ("standardwebhooks", "PyJWT", "twilio", "cloudevents")
TOLERANCE_SECONDS = 300
_FORM = "application/x-www-form-urlencoded"
_CLOUD_EVENT = "application/cloudevents+json"


class ProofError(Exception):
    """Raised when a proof is missing or does not hold; says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived.

    Attributes:
        url: As the caller called it, the query included.
        headers: By lower-case name.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_cloud_event(self) -> bool:
        """Whether it says so, in structured mode."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == _CLOUD_EVENT

    @property
    def parameters(self) -> list[tuple[str, str]] | None:
        """A form's or a query's parameters; None where the body is something else."""
        if self.method == "GET":
            return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return None
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    def header(self, name: str) -> str:
        """A header that must be there.

        Raises:
            ProofError: It is not.
        """
        value = self.headers.get(name.lower())
        if not value:
            raise ProofError(f"{name} is missing")
        return value


@dataclass(frozen=True, slots=True)
class Checked:
    """What the receiver makes of a call.

    Attributes:
        verified: By which proofs.
        problems: Which proofs are missing or do not hold, and what else is wrong.
    """

    platform: str
    event: str
    verified: tuple[str, ...]
    problems: tuple[str, ...]


def standard_webhooks(call: Call, secret: str) -> None:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`, by the `standardwebhooks` library.

    A secret that is not `whsec_` + base64 keys by its bytes; the library wants those as base64.
    """
    from standardwebhooks import Webhook, WebhookVerificationError  # noqa: PLC0415 — its folder is known by now

    key = secret if secret.startswith("whsec_") else "whsec_" + base64.b64encode(secret.encode()).decode()
    try:
        Webhook(key).verify(call.body, dict(call.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:  # ValueError: a header that it could not take apart
        raise ProofError(str(error)) from error


def watsonx_token(call: Call, secret: str) -> None:
    """The JWT as IBM's snippet and its sample verify it: raw, in `Authorization` and in `Authentication`, by PyJWT."""
    import jwt  # noqa: PLC0415 — as above

    for name in ("Authorization", "Authentication"):
        try:
            jwt.decode(call.header(name), secret, algorithms=["HS256"], options={"require": ["exp"]})
        except jwt.PyJWTError as error:
            raise ProofError(f"{name}: {error}") from error


def twilio_signature(call: Call, secret: str) -> None:
    """`X-Twilio-Signature` by Twilio's own `RequestValidator`."""
    from twilio.request_validator import RequestValidator  # noqa: PLC0415 — as above

    signed = {} if call.method == "GET" else dict(call.parameters or ())
    if not RequestValidator(secret).validate(call.url, signed, call.header("X-Twilio-Signature")):
        raise ProofError("X-Twilio-Signature does not match")


def chatwoot_signature(call: Call, secret: str) -> None:
    """`X-Chatwoot-Signature` by the formula of Chatwoot's documentation; there is no library."""
    timestamp = call.header("X-Chatwoot-Timestamp")
    signed = timestamp.encode() + b"." + call.body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(call.header("X-Chatwoot-Signature").encode(), expected.encode()):
        raise ProofError("X-Chatwoot-Signature does not match")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise ProofError("X-Chatwoot-Timestamp is not of the last five minutes")
    call.header("X-Chatwoot-Delivery")


def cloud_event(call: Call, _secret: str) -> None:
    """The CloudEvents project's own library takes it; that its sender is genuine is for another proof."""
    from cloudevents.core.bindings.http import HTTPMessage, from_structured  # noqa: PLC0415 — as above
    from cloudevents.core.exceptions import CloudEventValidationError  # noqa: PLC0415 — as above
    from cloudevents.core.formats.json import JSONFormat  # noqa: PLC0415 — as above

    if not call.body.startswith(b"{"):
        raise ProofError("it is no object")
    try:
        from_structured(HTTPMessage(dict(call.headers), call.body), JSONFormat())
    except (CloudEventValidationError, ValueError) as error:
        raise ProofError(str(error)) from error


Proof = tuple[str, Callable[[Call, str], None]]

CLOUD_EVENT: Proof = ("cloudevents", cloud_event)
EVERY_CALLBACK: Proof = ("standardwebhooks", standard_webhooks)
BY_PLATFORM: Mapping[str, Proof] = {
    "autopilot": ("twilio", twilio_signature),
    "watsonx": ("PyJWT", watsonx_token),
    "messagehub": ("Chatwoot HMAC", chatwoot_signature),
}


def recognise(call: Call) -> tuple[str, str]:
    """Whose callback it is and what it is called, by what the platforms' documents say of its shape.

    Raises:
        ValueError: No document describes it.
    """
    parameters = call.parameters
    if parameters is not None:
        return "autopilot", dict(parameters)["Event"]
    body = json.loads(call.body)
    if call.is_cloud_event:
        match body:
            case {"platform": str(platform), "platformevent": str(name)}:
                return platform, name
        raise ValueError("a CloudEvent without platform and platformevent")
    match body:
        case {"event": {"name": str(name)}, "payload": dict()}:
            return "watsonx", name
        case {"event": str(name)}:
            return "messagehub", name
        case {"result": dict()}:
            return "tropo", "result"
        case {"session": dict()}:
            return "tropo", "session"
    raise ValueError("a body of none of the platforms")


def check(call: Call, secret: str) -> Checked:
    """Verifies a call by every proof that it must carry."""
    verified, problems = [], []
    try:
        platform, event = recognise(call)
    except (ValueError, KeyError) as error:
        platform, event = "", ""
        problems.append(f"not recognised: {error}")
    own = CLOUD_EVENT if call.is_cloud_event else BY_PLATFORM.get(platform)
    for name, proof in ([own] if own else []) + [EVERY_CALLBACK]:
        try:
            proof(call, secret)
            verified.append(name)
        except ProofError as error:
            problems.append(f"{name}: {error}")
    return Checked(platform, event, tuple(verified), tuple(problems))


class Answers:
    """What each path's caller is answered, and with which secret it is verified."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, str] = {}
        self._answers: dict[str, list[int]] = {}

    def learn(self, told: Mapping[str, Mapping[str, object]]) -> list[str]:
        """Takes a line of stdin; returns its paths."""
        with self._lock:
            for path, of_path in told.items():
                self._secrets[path] = str(of_path["secret"])
                answers = of_path["answers"]
                self._answers[path] = [*answers] if isinstance(answers, list) else [200]
        return list(told)

    def secret(self, path: str) -> str | None:
        """The secret of a path; None for a path that nobody told us of."""
        with self._lock:
            return self._secrets.get(path)

    def next(self, path: str) -> int:
        """The next status; the last one for ever."""
        with self._lock:
            left = self._answers.get(path, [404])
            return left.pop(0) if len(left) > 1 else left[0]


_saying = threading.Lock()


def say(kind: str, **values: object) -> None:
    """A line on stdout, whole."""
    with _saying:
        sys.stdout.write(json.dumps({"kind": kind, **values}) + "\n")
        sys.stdout.flush()


class Handler(BaseHTTPRequestHandler):
    """Verifies, reports, answers."""

    protocol_version = "HTTP/1.1"
    answers: Answers

    def do_POST(self) -> None:
        """A callback with a body."""
        self._callback()

    def do_GET(self) -> None:
        """A callback in the query."""
        self._callback()

    def _callback(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, f"http://{self.headers.get('Host')}{self.path}", headers, body)
        path = urlsplit(self.path).path
        secret = self.answers.secret(path)
        checked = check(call, secret) if secret else Checked("", "", (), (f"nobody told of {path}",))
        status = self.answers.next(path)
        say(
            "callback",
            path=path,
            method=call.method,
            platform=checked.platform,
            event=checked.event,
            webhook_id=headers.get("webhook-id", ""),
            verified=checked.verified,
            problems=checked.problems,
            body_sha256=hashlib.sha256(body).hexdigest(),
            parameters=call.parameters,
            cloud_event=json.loads(body) if call.is_cloud_event and not checked.problems else None,
            answered=status,
        )
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: what is to be said stands on stdout."""


def main(argv: Sequence[str]) -> int:
    """Serves until stdin ends."""
    parser = argparse.ArgumentParser(description="Receives and verifies callbacks.")
    parser.add_argument("--site-packages", action="append", default=[], help="where the libraries are")
    sys.path.extend(parser.parse_args(argv).site_packages)
    can_import = [name for name in MUST_NOT_IMPORT if importlib.util.find_spec(name)]
    if can_import:
        say("failed", reason=f"the receiver could import {', '.join(can_import)}: it proves nothing")
        return 1
    Handler.answers = Answers()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(
        "ready",
        port=server.server_port,
        cannot_import=MUST_NOT_IMPORT,
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
    )
    for line in sys.stdin:
        say("knows", paths=Handler.answers.learn(json.loads(line)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
