"""A fifth platform is a folder and a line: a copy of the tree with both takes its calls, its bots' events, sends both
formats, and describes it; no other file differs.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from parley import platforms
from tests.functional.stack import ROOT

COPIED = ("functions", "cli", "layers/parley/parley", "template.yaml")
PLATFORMS = "layers/parley/parley/platforms"
LINE = '    "tropo",\n'

FOLDER = {
    "__init__.py": """
        from parley.platforms.chirp import callback, guide, naming, proof, reply
        from parley.platforms.interface import GENERATED, Platform

        PLATFORM = Platform(
            name="chirp",
            methods=frozenset({"POST"}),
            names=naming.NAMES,
            secret_rule=GENERATED,
            bare_token=False,
            verify=proof.verify,
            describe=naming.describe,
            answer=reply.answer,
            native=callback.native,
            sign=callback.sign,
            steps=guide.steps,
        )
    """,
    "callback.py": """
        from parley.platforms.json_callback import native

        def sign(_callback, secrets, _delivery_sid, _now_seconds):
            return {"X-Chirp-Key": secrets.secrets[0]}
    """,
    "vocabulary.py": """
        from parley.cloudevents import payload
        from parley.cloudevents.mapping import Common, Row, rule

        COMMON = Common(
            read=lambda event: payload.json_body(event.payload),
            rows=(
                Row(
                    events="chirped",
                    types=("message.received",),
                    rules=(rule("conversation.id", "thread"), rule("user.id", "who"), rule("input.text", "text")),
                ),
            ),
        )
    """,
    "emitting.py": """
        from parley.platforms.chirp.models import Chirped
        from parley.platforms.emission import InvalidEventError, canonical_name, json_body, missing, unreadable

        def event_name(body):
            return body.get("kind")

        def complete(emission):
            canonical_name("chirp", event_name(emission.body), emission.name, "kind")
            problems = missing(emission.body, ("text",)) or unreadable(Chirped, emission.body)
            if problems:
                raise InvalidEventError(problems)
            return json_body({"id": emission.new_id, **emission.body})
    """,
    "guide.py": """
        def steps(ingest_url):
            return (f"Paste {ingest_url}",)
    """,
    "models.py": """
        from parley.platforms.view import View

        class Chirped(View):
            id: str | None = None
            text: str | None = None

        EVENTS = {"chirped": Chirped}
    """,
    "naming.py": """
        from parley.matching import Names
        from parley.platforms import reading
        from parley.platforms.interface import Described, unrecognised

        NAMES = Names(known=("chirped",), fold_case=False)

        def describe(request, _source):
            try:
                body = reading.json_object(reading.utf8(request.body))
            except reading.UnreadableError as error:
                return unrecognised(str(error))
            name = reading.name(body.get("kind"))
            if name not in NAMES.known:
                return unrecognised("unknown event name", name=name)
            return Described(
                name=name,
                type="message.received",
                identity=reading.identity(body.get("id")),
                conversation_id=reading.conversation_id(body.get("thread")),
            )
    """,
    "proof.py": """
        from parley.platforms.interface import InvalidProofError, MissingProofError
        from parley.signing.compare import equal

        def verify(request, _public_urls, source, _now_seconds):
            key = request.headers.get("x-chirp-key")
            if not key:
                raise MissingProofError("X-Chirp-Key is missing")
            if not any(equal(key, secret) for secret in source.secrets):
                raise InvalidProofError("X-Chirp-Key is not the source's secret")
    """,
    "reply.py": """
        def answer(_source):
            return 204, {}, b""
    """,
}

RUN = """
import dataclasses, json, os, sys, time
import boto3
from moto import mock_aws
import parley
from cli.openapi import document
from cli.up import resources
from cli.up.template import Template
from cli.vocabulary.files import generated
from functions.ingest import app
from parley.cloudevents import envelope
from parley.config_table import assistants, sources
from parley.http import Request
from parley.messages import decode
from parley.platforms import platform
from parley.settings import IngestSettings
from parley.signing import callback as signing
from parley.webhook import Webhook, WebhookSecrets
from pathlib import Path

ACCOUNT = "AC" + "a" * 32

def request(method, route, parameters, body, headers, **authorizer):
    return Request(
        method=method, path="/", raw_query="", headers={"content-type": "application/json", **headers}, body=body,
        domain_name="d", stage="$default", host="d", received_ms=int(time.time() * 1000), route_key=f"{method} {route}",
        path_parameters=parameters, authorizer=authorizer,
    )

with mock_aws():
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    made = resources.create(Template(Path("template.yaml"), {}), dynamodb, sqs, prefix="t", time_scale=1)
    config, queue = made["ConfigTable"][""], made["EventsQueue"][""]
    bot = assistants.create(dynamodb, config, account_sid=ACCOUNT, unique_name="b", now_ms=1).sid
    source = sources.create(
        dynamodb, config, account_sid=ACCOUNT, assistant_sid=bot, unique_name="c", platform="chirp", token="t",
        now_ms=1, secret="key",
    )
    handle = app.build(IngestSettings(
        config_table=config, data_table=made["DataTable"][""], events_queue_url=queue, public_url="", retention_days=30,
    ), dynamodb, sqs)
    body = json.dumps({"kind": "chirped", "id": "1", "thread": "t-1", "who": "u-1", "text": "hi"}).encode()
    ingest = {"platform": "chirp", "source": source.sid, "token": "t"}
    route = "/ingest/{platform}/{source}/{token}"
    statuses = [handle(request("POST", route, ingest, body, headers))["statusCode"]
                for headers in ({"x-chirp-key": "key"}, {"x-chirp-key": "x"}, {})]
    caller = {"account": ACCOUNT, "scopes": "emit", "expires": str(int(time.time()) + 60)}
    own = "/v1/Assistants/{AssistantSid}/Events"
    for text in (b'{"kind":"chirped","text":"own"}', b'{"kind":"chirped"}'):
        statuses.append(handle(request("POST", own, {"AssistantSid": bot}, text, {}, **caller))["statusCode"])
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    events = sorted((decode(message["Body"]).event for message in messages), key=lambda event: event.payload)

event = next(event for event in events if event.source_sid)
hook = Webhook(
    sid="UM" + "0" * 32, account_sid=ACCOUNT, assistant_sid=bot, unique_name="h", events="*",
    url="https://r.example/", method="POST", format="native", jwt="auto", retry_schedule=(5,), header_names=(),
    enabled=True, status="active", status_reason=None, status_since_ms=None, version=1, created_ms=1, updated_ms=1,
)
native = platform("chirp").native(event, hook)
headers = signing.sign(
    native, hook, WebhookSecrets(("s",), {}), platform("chirp"), delivery_sid="DL" + "0" * 32, now_seconds=1
)
print(json.dumps({
    "parley": parley.__file__,
    "statuses": statuses,
    "events": len(events),
    "native": native.body == body and headers["X-Chirp-Key"] == "s",
    "cloudevent": json.loads(envelope.callback(event, hook, public_url="").body),
    "openapi": '"chirp"' in document.to_text(document.build()),
    "generated": sorted(path.name for path, text in generated().items() if "chirp" in text),
}))
"""


def files(root: Path) -> set[str]:
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        source, target = ROOT / name, tmp_path / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    return tmp_path / "copy"


def add(copy: Path) -> None:
    """The folder and the line."""
    folder = copy / PLATFORMS / "chirp"
    folder.mkdir()
    for name, content in FOLDER.items():
        (folder / name).write_text(dedent(content).lstrip())
    listing = copy / PLATFORMS / "__init__.py"
    text = listing.read_text()
    assert text.count(LINE) == 1
    listing.write_text(text.replace(LINE, f'{LINE}    "chirp",\n'))


def test_a_fifth_platform_is_a_folder_and_a_line(copy: Path):
    before = files(copy)
    add(copy)
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "layers/parley"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Test",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=copy, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["parley"].startswith(str(copy))
    assert said["statuses"] == [204, 403, 401, 201, 400]
    assert (said["events"], said["native"], said["openapi"]) == (2, True, True)
    assert said["generated"] == ["vocabulary.js", "vocabulary.md"]
    event = said["cloudevent"]
    assert (event["platform"], event["platformevent"]) == ("chirp", "chirped")
    assert event["type"].endswith("message.received")
    assert event["data"]["input"]["text"] == "hi"
    assert event["data"]["user"]["id"] == "u-1"

    added = {name for name in files(copy) - before if not name.startswith(".")}
    assert added == {f"{PLATFORMS}/chirp/{name}" for name in FOLDER}
    differing = [name for name in before if not filecmp.cmp(copy / name, ROOT / name, shallow=False)]
    assert differing == [f"{PLATFORMS}/__init__.py"]


def test_the_folder_has_the_files_that_the_others_have():
    one = Path(platforms.__file__).parent / "tropo"
    assert set(FOLDER) == {path.name for path in one.glob("*.py")}
