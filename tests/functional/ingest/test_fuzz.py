"""Mutated real payloads: a genuine one is accepted and queued as it came, a forged one is refused and leaves nothing,
and neither is ever a 5xx.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from hmac import digest
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.ingest import app
from parley.http import Request
from parley.messages import EventMessage, decode
from parley.vocabulary import PLATFORM_TYPES
from tests.functional.gateway import http_event
from tests.functional.ingest.test_ingest import ACCOUNT, CASES, SECRETS, World, sample
from tests.functional.stack import stack

if TYPE_CHECKING:
    from tests import proofs

FUZZED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BODIES = {name: [sample(*case) for case in CASES if case[0] == name] for name in ("autopilot", "watsonx", "messagehub")}
BODIES["tropo"] = [sample(*case) for case in CASES if case[0] == "tropo"]
BODIES["unsigned"] = BODIES["messagehub"]


class Taken:
    """SQS, as far as ingest sends."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, *, MessageBody: str, **_more: object) -> None:  # noqa: N803 — SQS's names
        self.bodies.append(MessageBody)

    def events(self) -> list[Any]:
        messages = [decode(body) for body in self.bodies]
        self.bodies.clear()
        return [message.event for message in messages if isinstance(message, EventMessage)]


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[World, Taken]]:
    with stack() as made:
        taken = Taken()
        one = World(made)
        one.handle = app.build(one.settings, made.dynamodb, taken)  # type: ignore[arg-type]
        yield one, taken


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A real payload with a member replaced, or with bytes cut out, put in, or overwritten."""
    body = draw(st.sampled_from(BODIES[name]))
    if name not in ("autopilot", "tropo") and draw(st.booleans()):
        content = json.loads(body)
        path = draw(st.sampled_from(list(paths(content))))
        return json.dumps(replaced(content, path, draw(values)), ensure_ascii=draw(st.booleans())).encode(
            "utf-8", "surrogatepass"
        )
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 20)))
        body = body[:start] + draw(st.binary(max_size=4)) + body[end:]
    return body


def call(world: World, name: str, body: bytes, headers: proofs.Headers) -> dict[str, Any]:
    """With the bytes that were sent: the gateway's own damage to JSON that is not UTF-8 comes before ingest."""
    event = http_event("POST", world.paths[name], headers=headers)
    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return world.handle(Request.from_event(event))


content_types = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "text/plain; charset=x", "", "multipart/form-data", "é"]
)


def signed(world: World, name: str, body: bytes) -> proofs.Headers:
    if name == "autopilot":
        # by Twilio's rule over the bytes: its library takes texts, and a mutated form need not hold any
        return [("X-Twilio-Signature", twilio(world.url(name), body))]
    return [header for header in world.proof(name, body) if header[0] != "Content-Type"]


def twilio(url: str, body: bytes) -> str:

    pairs = set()
    for field in body.split(b"&"):
        if field:
            key, _, value = field.replace(b"+", b" ").partition(b"=")
            pairs.add((unquote_to_bytes(key), unquote_to_bytes(value)))
    message = url.encode() + b"".join(key + value for key, value in sorted(pairs))
    return base64.b64encode(digest((SECRETS["autopilot"] or "").encode(), message, "sha1")).decode()


@pytest.mark.parametrize("name", SECRETS)
@FUZZED
@given(data=st.data())
def test_a_genuine_call_is_accepted_and_queued_as_it_came_whatever_it_holds(world, name, data):
    one, taken = world
    body = data.draw(mutated(name))
    # a form's signature covers a form: any other type must come with the body's hash in the query
    content_type = "application/x-www-form-urlencoded" if name == "autopilot" else data.draw(content_types)
    headers = [*signed(one, name, body), *([("Content-Type", content_type)] if content_type else [])]
    answer = call(one, name, body, headers)
    assert answer["statusCode"] == 200, answer
    (event,) = taken.events()
    assert event.payload == body
    assert event.type in PLATFORM_TYPES
    assert (event.status == "unrecognised") == (event.type == "event.unrecognised") == bool(event.reason)


@pytest.mark.parametrize("name", [name for name, secret in SECRETS.items() if secret])
@FUZZED
@given(data=st.data())
def test_a_forged_call_is_401_or_403_and_leaves_nothing(world, name, data):
    one, taken = world
    body = data.draw(mutated(name))
    latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
    proof = {
        "autopilot": ["X-Twilio-Signature"],
        "watsonx": ["Authorization", "Authentication"],
        "messagehub": ["X-Chatwoot-Signature", "X-Chatwoot-Timestamp"],
        "tropo": ["Authorization"],
    }[name]
    schemes = st.sampled_from(["", "Bearer ", "Basic ", "sha256=", "eyJhbGciOiJub25lIn0."])
    headers = [
        (header, data.draw(schemes) + data.draw(latin))
        for header in data.draw(st.lists(st.sampled_from(proof), unique=True))
    ]
    headers.append(("Content-Type", data.draw(content_types)))
    answer = call(one, name, body, headers)
    assert answer["statusCode"] in (401, 403), answer
    assert taken.events() == []


@pytest.mark.parametrize("name", ["autopilot", "messagehub"])
@FUZZED
@given(data=st.data())
def test_a_changed_body_under_a_true_signature_is_refused(world, name, data):
    one, taken = world
    body = data.draw(st.sampled_from(BODIES[name]))
    headers = one.proof(name, body)
    changed = data.draw(mutated(name))
    answer = call(one, name, changed, headers)
    same = changed == body or (name == "autopilot" and twilio("", changed) == twilio("", body))
    assert answer["statusCode"] == (200 if same else 403)
    assert len(taken.events()) == (1 if same else 0)


@FUZZED
@given(st.sampled_from(["autopilot", "watsonx", "messagehub", "tropo"]), st.text(max_size=40), st.text(max_size=40))
def test_any_path_and_query_is_refused_or_not_found(world, platform, source, query):
    one, taken = world
    event = http_event("POST", one.paths[platform], body=b"{}")
    event["pathParameters"] = {"platform": platform, "source": source, "token": query}
    event["rawQueryString"] = query
    assert one.handle(Request.from_event(event))["statusCode"] == 404
    assert taken.events() == []


@FUZZED
@given(data=st.data())
def test_whatever_a_bot_emits_is_an_event_or_a_400_that_names_a_field(world, data):
    one, taken = world
    name = data.draw(st.sampled_from(["autopilot", "watsonx", "messagehub", "tropo"]))
    body = data.draw(mutated(name) | values.map(lambda value: json.dumps(value).encode()))
    content_type = data.draw(st.sampled_from(["application/json", "application/x-www-form-urlencoded", "x", ""]))
    query = data.draw(st.sampled_from([f"Platform={name}", "", "Event=message_created", "Event=onDialogueEnd", "%"]))
    authorizer = {"account": ACCOUNT, "scopes": "emit", "expires": "4000000000", "token_id": "t"}
    event = http_event(
        "POST", f"/v1/Assistants/{one.assistant_sid}/Events", query=query, authorizer=authorizer,
        headers=[("Content-Type", content_type)] if content_type else [],
    )  # fmt: skip
    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    answer = one.handle(Request.from_event(event))
    queued = taken.events()
    assert answer["statusCode"] in (200, 201, 400), answer
    assert len(queued) == (0 if answer["statusCode"] == 400 else 1)
    assert all(each.status == "accepted" for each in queued)
    if not queued:
        assert re.match(r"[^:]+: \S", json.loads(answer["body"])["message"])
