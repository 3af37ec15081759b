"""`parley event`: what it prints is what its function takes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from cli.event import bodies, invocations
from cli.main import main
from cli.up import seed
from parley import samples
from parley.api.caller import identify
from parley.http import Request
from parley.messages import EventMessage, decode
from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.interface import InvalidProofError
from parley.source import Source, SourceOptions

SECRET = {"autopilot": "a token", "watsonx": "a secret of 32 bytes and some more", "messagehub": "秘密", "tropo": "a:b"}
EXAMPLES = [(path.parent.name, path.stem) for path in sorted(bodies.PAYLOADS.glob("*/*"))]


def source(name: str, secret: str | None) -> Source:
    return Source("", "", "", name, (secret,) if secret else (), (), SourceOptions())


def verify(payload: dict[str, Any], name: str, secret: str | None) -> None:
    request = Request.from_event(json.loads(json.dumps(payload)))
    platform(name).verify(request, request.signed_urls(""), source(name, secret), time.time())


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda part: part)
def test_an_example_is_signed_for_the_demos_source(name, example):
    body = bodies.named(name, example)
    made = invocations.ingest(name, body, invocations.demo_caller(name))
    assert made.function == "IngestFunction"
    assert Request.from_event(made.payload).body == body.content
    [known] = [each for each in seed.SOURCES if each.platform == name]
    verify(made.payload, name, known.secret)
    assert made.payload["pathParameters"] == {"platform": name, "source": known.sid, "token": known.token}


@pytest.mark.parametrize("name", PLATFORM_NAMES)
def test_a_source_of_ones_own_is_signed_for_with_its_secret(name):
    caller = invocations.Caller(f"http://127.0.0.1:3000/ingest/{name}/SR1/token", SECRET[name])
    example = next(example for platform_name, example in EXAMPLES if platform_name == name)
    payload = invocations.ingest(name, bodies.named(name, example), caller).payload
    verify(payload, name, SECRET[name])
    with pytest.raises(InvalidProofError):
        verify(payload, name, "another")


def test_every_event_of_every_platform_has_a_body():
    for event in samples.events():
        if event.platform in PLATFORM_NAMES:
            assert bodies.named(event.platform, event.name).content
    with pytest.raises(bodies.UnknownEventError, match="message_logged"):
        bodies.named("watsonx", "onDialogueEnd")


def test_a_management_call_is_let_through_with_all_scopes():
    body = bodies.Body("application/x-www-form-urlencoded", b"UniqueName=a")
    made = invocations.api("POST", "/v1/Assistants?x=1", body)
    request = Request.from_event(made.payload)
    caller = identify(request.authorizer, now_seconds=time.time())
    assert (made.function, caller.account_sid) == ("WebhooksFunction", seed.ACCOUNT_SID)
    assert caller.scopes == {"read", "write", "emit", "replay"}
    assert (request.body, request.raw_query) == (body.content, "x=1")


def test_each_batch_holds_a_new_event():
    made = [invocations.dispatcher("watsonx", bodies.named("watsonx", "message_logged")) for _ in range(2)]
    messages = [decode(each.payload["Records"][0]["body"]) for each in made]
    assert all(isinstance(message, EventMessage) for message in messages)
    sids = {message.event.sid for message in messages if isinstance(message, EventMessage)}
    assert len(sids) == 2


def test_the_schedules_event_is_of_now(capsys):
    assert main(["event", "sweeper"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["time"][:13] == time.strftime("%Y-%m-%dT%H", time.gmtime())
    assert said.err == "parley: for SweeperFunction\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["ingest", "watsonx", "nothing"], "watsonx has no 'nothing': cdr_logged, message_logged"),
        (["api", "GET", "/v2/Assistants"], "the API has no GET /v2/Assistants"),
        (["ingest", "tropo", "result", "--ingest-url", "http://127.0.0.1/elsewhere"], "the API has no POST /elsewhere"),
        (["ingest", "tropo", "result", "--ingest-url", "http://[::1/x"], "'http://[::1/x' is no URL"),
    ],
)
def test_what_there_is_not_is_said_with_exit_status_2(argv, said, capsys):
    assert main(["event", *argv]) == 2
    assert said in capsys.readouterr().err
