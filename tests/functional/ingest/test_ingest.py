"""Ingest: what is genuine is queued and answered as its platform expects; what is not leaves nothing behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from twilio.request_validator import RequestValidator

from functions.ingest import app
from functions.ingest.sources import Sources
from parley.config_table import assistants, sources
from parley.http import Request
from parley.messages import EventMessage, decode
from parley.settings import IngestSettings
from parley.source import SourceOptions
from tests import proofs
from tests.functional.gateway import DOMAIN, http_event
from tests.functional.stack import ROOT, stack

ACCOUNT = "AC" + "a" * 32
SECRETS = {
    "autopilot": "an auth token",
    "watsonx": "purple unicorn",
    "messagehub": "a hub secret",
    "tropo": "user:pass",
    "unsigned": None,
}
PAYLOADS = ROOT / "events" / "payloads"


def sample(platform: str, name: str) -> bytes:
    return next((PAYLOADS / platform).glob(f"{name}.*")).read_bytes()


class World:
    """A deployment's ingest with a source per platform."""

    def __init__(self, made, public_url: str = "") -> None:
        self.stack = made
        now_ms = time.time_ns() // 1_000_000
        assistant = assistants.create(
            made.dynamodb, made.config_table, account_sid=ACCOUNT, unique_name="bot", now_ms=now_ms
        )
        self.assistant_sid = assistant.sid
        self.paths: dict[str, str] = {}
        for name, secret in SECRETS.items():
            platform = "messagehub" if name == "unsigned" else name
            record = sources.create(
                made.dynamodb,
                made.config_table,
                account_sid=ACCOUNT,
                assistant_sid=assistant.sid,
                unique_name=name,
                platform=platform,
                token=f"token-{name}",
                now_ms=now_ms,
                secret=secret,
            )
            self.paths[name] = f"/ingest/{platform}/{record.sid}/token-{name}"
        self.settings = IngestSettings(
            config_table=made.config_table,
            data_table=made.data_table,
            events_queue_url=made.events_queue_url,
            public_url=public_url,
            retention_days=30,
        )
        self.handle = app.build(self.settings, made.dynamodb, made.sqs)

    def url(self, name: str) -> str:
        return f"https://{DOMAIN}{self.paths[name]}"

    def call(self, name: str, body: bytes = b"", *, method: str = "POST", path: str | None = None, **more: Any):
        return self.handle(Request.from_event(http_event(method, path or self.paths[name], body=body, **more)))

    def queued(self) -> list[Any]:
        answer = self.stack.sqs.receive_message(
            QueueUrl=self.stack.events_queue_url,
            MaxNumberOfMessages=10,
            AttributeNames=["MessageGroupId"],
            VisibilityTimeout=0,
        )
        messages = [decode(message["Body"]) for message in answer.get("Messages", [])]
        accepted = [message for message in messages if isinstance(message, EventMessage)]
        assert len(accepted) == len(messages)
        return [message.event for message in accepted]

    def autopilot(self, body: bytes, *, url: str | None = None) -> proofs.Headers:
        return proofs.autopilot("an auth token", url or self.url("autopilot"), body)

    def watsonx(self, claims: dict[str, Any] | None = None) -> proofs.Headers:
        return proofs.watsonx("purple unicorn", claims)

    def messagehub(self, body: bytes, *, at: int | None = None, delivery: str | None = None) -> proofs.Headers:
        return proofs.messagehub("a hub secret", body, at=at, delivery=delivery)

    def tropo(self, userinfo: str = "user:pass") -> proofs.Headers:
        return proofs.tropo(userinfo)

    def proof(self, name: str, body: bytes) -> proofs.Headers:
        match name:
            case "autopilot":
                return self.autopilot(body)
            case "watsonx":
                return self.watsonx()
            case "messagehub":
                return self.messagehub(body)
            case "tropo":
                return self.tropo()
            case _:
                return [("Content-Type", "application/json")]


@pytest.fixture
def world():
    with stack() as made:
        yield World(made)


def body_of(answer: dict[str, Any]) -> Any:
    return json.loads(answer["body"])


CASES = [
    (folder.name, path.name.partition(".")[0])
    for folder in sorted(PAYLOADS.iterdir())
    for path in sorted(folder.iterdir())
]


@pytest.mark.parametrize(("platform", "name"), CASES)
def test_every_example_of_the_seeds_is_accepted_as_it_came(world, platform, name):
    body = sample(platform, name)
    answer = world.call(platform, body, headers=world.proof(platform, body))
    assert answer["statusCode"] == 200
    (event,) = world.queued()
    assert event.payload == body
    assert event.platform == platform
    assert event.account_sid == ACCOUNT
    assert event.assistant_sid == world.assistant_sid
    assert event.method == "POST"


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("autopilot", ""), ("watsonx", ""), ("messagehub", ""), ("tropo", '{"tropo":[]}')],
)
def test_the_answer_is_the_platforms(world, platform, expected):
    body = sample(*next(case for case in CASES if case[0] == platform))
    answer = world.call(platform, body, headers=world.proof(platform, body))
    assert answer["statusCode"] == 200
    assert answer["body"].replace(" ", "") == expected


def test_tropos_reply_is_the_sources_when_it_has_one():
    with stack() as made:
        world = World(made)
        record = sources.create(
            made.dynamodb,
            made.config_table,
            account_sid=ACCOUNT,
            assistant_sid=world.assistant_sid,
            unique_name="with reply",
            platform="tropo",
            token="t",
            now_ms=1,
            options=SourceOptions(reply='{"tropo":[{"reject":{}}]}'),
        )
        answer = world.call("", sample("tropo", "actions_object"), path=f"/ingest/tropo/{record.sid}/t")
        assert (answer["statusCode"], answer["body"]) == (200, '{"tropo":[{"reject":{}}]}')


def test_autopilot_by_get_keeps_the_query_as_it_was_sent(world):
    query = "Sid=f60e7708db371f4005c432c1f038a6fc&Event=onDialogueStart&CurrentTask=a%20b&UserIdentifier=%2B1&X="
    url = f"{world.url('autopilot')}?{query}"
    signature = RequestValidator(SECRETS["autopilot"]).compute_signature(url, {})
    answer = world.call("autopilot", method="GET", query=query, headers=[("X-Twilio-Signature", signature)])
    assert answer["statusCode"] == 200
    (event,) = world.queued()
    assert (event.method, event.payload) == ("GET", query.encode())


@pytest.mark.parametrize(
    "in_path", ["", "/base", "/$default/base"], ids=["not in rawPath", "in rawPath", "and a stage"]
)
def test_what_twilio_signed_is_the_public_url_where_there_is_one(in_path):
    with stack() as made:
        world = World(made, public_url="https://hooks.example.com/base/")
        body = sample("autopilot", "onDialogueStart")

        def status(headers: proofs.Headers) -> int:
            call = http_event("POST", world.paths["autopilot"], body=body, headers=headers)
            call["rawPath"] = in_path + call["rawPath"]  # an API mapping's path may be in it or not
            answer: int = world.handle(Request.from_event(call))["statusCode"]
            return answer

        for called in ("https://hooks.example.com/base", "https://hooks.example.com:443/base"):
            assert status(world.autopilot(body, url=f"{called}{world.paths['autopilot']}")) == 200
        assert status(world.autopilot(body, url=f"https://hooks.example.com{world.paths['autopilot']}")) == 403
        assert status(world.autopilot(body, url=f"https://evil.example/base{world.paths['autopilot']}")) == 403


def test_a_platform_that_was_given_the_gateways_own_address_before_there_was_a_public_url_is_still_believed():
    with stack() as made:
        world = World(made, public_url="https://hooks.example.com/base/")
        body = sample("autopilot", "onDialogueStart")
        assert world.call("autopilot", body, headers=world.autopilot(body))["statusCode"] == 200


def test_the_callers_host_is_no_part_of_a_proof(world):
    body = sample("autopilot", "onDialogueStart")
    forged = world.autopilot(body, url=f"https://evil.example{world.paths['autopilot']}")
    request = Request.from_event(http_event("POST", world.paths["autopilot"], body=body, headers=forged))
    headers = {**request.headers, "host": "evil.example"}
    answer = world.handle(type(request)(**{**_fields(request), "headers": headers, "host": "evil.example"}))
    assert answer["statusCode"] == 403


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


# --- what is not genuine


FORGERIES = {
    "autopilot missing": ("autopilot", lambda world, body: [], 401),
    "autopilot forged": ("autopilot", lambda world, body: [("X-Twilio-Signature", "AAAA" * 7)], 403),
    "autopilot other body": ("autopilot", lambda world, body: world.autopilot(body + b"x"), 403),
    "autopilot non-ASCII": ("autopilot", lambda world, body: [("X-Twilio-Signature", "é")], 403),
    "watsonx missing": ("watsonx", lambda world, body: [], 401),
    "watsonx other secret": ("watsonx", lambda world, body: [("Authorization", proofs.hs256({}, "x"))], 403),
    "watsonx expired": ("watsonx", lambda world, body: world.watsonx({"exp": 1_000_000_000}), 403),
    "watsonx none": (
        "watsonx",
        lambda world, body: [("Authorization", jwt.encode({}, "", algorithm="none"))],
        403,
    ),
    "messagehub missing": ("messagehub", lambda world, body: [], 401),
    "messagehub forged": (
        "messagehub",
        lambda world, body: [("X-Chatwoot-Timestamp", str(int(time.time()))), ("X-Chatwoot-Signature", "sha256=00")],
        403,
    ),
    "messagehub stale": ("messagehub", lambda world, body: world.messagehub(body, at=int(time.time()) - 301), 403),
    "messagehub early": ("messagehub", lambda world, body: world.messagehub(body, at=int(time.time()) + 310), 403),
    "tropo missing": ("tropo", lambda world, body: [], 401),
    "tropo wrong": ("tropo", lambda world, body: world.tropo("user:word"), 403),
    "tropo not base64": ("tropo", lambda world, body: [("Authorization", "Basic ???")], 403),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_leaves_nothing_behind(world, forgery):
    platform, headers, status = FORGERIES[forgery]
    body = sample(*next(case for case in CASES if case[0] == platform))
    typed = [("Content-Type", "application/x-www-form-urlencoded" if platform == "autopilot" else "application/json")]
    given = headers(world, body)
    answer = world.call(platform, body, headers=given + [h for h in typed if h[0] not in dict(given)])
    assert answer["statusCode"] == status
    assert body_of(answer)["status"] == status
    assert set(body_of(answer)) == {"code", "message", "more_info", "status"}
    assert world.queued() == []


@pytest.mark.parametrize("secret", [value for value in SECRETS.values() if value])
def test_no_secret_is_in_an_answer_or_a_log(world, secret, printed):
    for name in SECRETS:
        answer = world.call(
            name, b"{}", headers=[("Content-Type", "application/json"), ("Authorization", "Basic eA==")]
        )
        assert secret not in json.dumps(answer)
    said = printed()
    assert "Refused" in said
    assert secret not in said


@pytest.mark.parametrize(
    "path",
    [
        "/ingest/autopilot/{sid}/wrong-token",
        "/ingest/autopilot/SR00000000000000000000000000000000/token-autopilot",
        "/ingest/watsonx/{sid}/token-autopilot",
        "/ingest/unknown/{sid}/token-autopilot",
        "/ingest/autopilot/{sid}/token-watsonx",
    ],
)
def test_a_wrong_url_is_not_found_and_does_not_say_why(world, path):
    sid = world.paths["autopilot"].split("/")[3]
    body = sample("autopilot", "onDialogueStart")
    answer = world.call("autopilot", body, path=path.format(sid=sid), headers=world.autopilot(body))
    assert answer["statusCode"] == 404
    assert "token" not in answer["body"]
    assert world.queued() == []


def test_a_wrong_method_is_refused_with_those_allowed(world):
    answer = world.call("watsonx", method="GET", headers=world.watsonx())
    assert answer["statusCode"] == 405
    assert answer["headers"]["allow"] == "POST"


# --- what is genuine is never lost


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"event":"brand_new_event","id":1}',
        b'{"event":{}}',
        b"a=1&b=2",
    ],
)
def test_a_body_that_nobody_knows_is_kept_raw(world, body):
    answer = world.call("unsigned", body, headers=[("Content-Type", "application/octet-stream")])
    assert answer["statusCode"] == 200
    (event,) = world.queued()
    assert (event.status, event.type, event.payload) == ("unrecognised", "event.unrecognised", body)
    assert event.reason


def test_equal_bodies_without_an_identity_are_three_events(world):
    for event in ("conversation_typing_on", "conversation_typing_off", "conversation_typing_on"):
        body = json.dumps({"event": event, "conversation": {"id": 3}, "user": {}, "is_private": False}).encode()
        assert world.call("unsigned", body, headers=[("Content-Type", "application/json")])["statusCode"] == 200
    assert len({event.sid for event in world.queued()}) == 3


def test_a_platforms_repeat_is_the_same_event(world):
    body = sample("messagehub", "message_created")
    for offset in (0, 7):
        headers = world.messagehub(body, at=int(time.time()) - offset, delivery="d-1")
        assert world.call("messagehub", body, headers=headers)["statusCode"] == 200
    one, other = world.queued()
    assert one.sid == other.sid
    assert one.rid != other.rid


# --- sizes and failures


def test_a_large_text_fits_and_a_larger_one_is_413(world):
    text = json.dumps({"event": "message_created", "content": "lorem ipsum " * 200_000}).encode()
    assert world.call("unsigned", text, headers=[("Content-Type", "application/json")])["statusCode"] == 200
    noise = os.urandom(256 * 1024 + 1)
    answer = world.call("unsigned", noise, headers=[("Content-Type", "application/octet-stream")])
    assert answer["statusCode"] == 413
    assert "256 KiB" in body_of(answer)["message"]
    assert len(world.queued()) == 1


@pytest.mark.parametrize(
    "error", [ClientError({"Error": {"Code": "Throttled"}}, "x"), EndpointConnectionError(endpoint_url="x")]
)
def test_when_the_queue_does_not_take_it_the_platform_is_told_to_try_again(world, error):
    class Broken:
        def send_message(self, **_arguments):
            raise error

    world.handle = app.build(world.settings, world.stack.dynamodb, Broken())  # type: ignore[arg-type]
    answer = world.call("unsigned", b"{}", headers=[("Content-Type", "application/json")])
    assert answer["statusCode"] == 503
    assert body_of(answer)["code"] == 20503


def test_sources_are_read_once_in_a_few_seconds_and_unknown_ones_too():
    reads: list[str] = []
    now = [0.0]

    def load(sid: str) -> None:
        reads.append(sid)

    cache = Sources(load, lambda: now[0])
    for _ in range(3):
        assert cache.get("SR1") is None
    now[0] += 3.9
    cache.get("SR1")
    assert reads == ["SR1"]
    now[0] += 0.2
    cache.get("SR1")
    assert reads == ["SR1", "SR1"]


def test_made_up_sids_do_not_fill_the_memory():
    cache = Sources(lambda _sid: None, lambda: 0.0)
    for number in range(5000):
        cache.get(str(number))
    assert len(cache._entries) <= 1024


def test_the_files_of_examples_are_there():
    assert len(CASES) >= 20
    assert Path(PAYLOADS / "tropo").is_dir()
