"""Ingest by its function URL: the same proofs over another address, and nothing of the API without its authorizer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.dispatcher import app as dispatcher
from functions.ingest import app
from parley.http import Request
from parley.targets import RefusedTargetError, TargetPolicy, check_origin
from tests import proofs
from tests.functional.ingest.test_ingest import World, sample
from tests.functional.stack import environment, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAIN = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws"
PUBLIC_URL = "https://hooks.example.com"
FORM = ("content-type", "application/x-www-form-urlencoded")
EMIT = "/v1/Assistants/{}/Events"


@pytest.fixture
def world() -> Iterator[World]:
    """One whose API is behind a domain of its own."""
    with stack() as made:
        yield World(made, public_url=PUBLIC_URL)


def by_function_url(method: str, path: str, body: bytes, headers: Any, *, domain: str = DOMAIN) -> dict[str, Any]:
    """Payload 2.0 as Lambda makes it; `events/ingest/autopilot_by_function_url.json` is a whole one."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": domain, "x-forwarded-proto": "https", **{name.lower(): value for name, value in headers}},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": domain.partition(".")[0],
            "domainName": domain,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def call(world: World, name: str, body: bytes, headers: Any, *, path: str | None = None, domain: str = DOMAIN) -> Any:
    event = by_function_url("POST", path or world.paths[name], body, headers, domain=domain)
    return world.handle(Request.from_event(event))


@pytest.mark.parametrize("address", [f"https://{DOMAIN}", PUBLIC_URL])
def test_twilio_signs_the_address_that_it_calls_whatever_stands_before_the_api(world: World, address: str) -> None:
    body = sample("autopilot", "onDialogueTurn")
    signed = proofs.autopilot("an auth token", address + world.paths["autopilot"], body)
    answer = call(world, "autopilot", body, [FORM, *signed])
    accepted = address == f"https://{DOMAIN}"
    assert answer["statusCode"] == (200 if accepted else 403)
    assert len(world.queued()) == accepted


@pytest.mark.parametrize("name", ["messagehub", "tropo", "watsonx"])
def test_every_other_proof_is_the_same(world: World, name: str) -> None:
    case = {"messagehub": "message_created", "tropo": "actions_object", "watsonx": "message_logged"}[name]
    body = sample(name, case)
    typed = ("content-type", "application/json")
    assert call(world, name, body, [typed, *world.proof(name, body)])["statusCode"] == 200
    assert call(world, name, body, [typed, ("authorization", "forged")])["statusCode"] in (401, 403)
    [event] = world.queued()
    assert event.payload == body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ingest",
        "/ingest/messagehub",
        "/ingest/messagehub/{sid}",
        "{right}/",
        "{right}/more",
        "/x{right}",
        "{right}%2F",
    ],
)
def test_any_other_path_is_for_no_source(world: World, path: str) -> None:
    right = world.paths["messagehub"]
    body = sample("messagehub", "message_created")
    path = path.format(right=right, sid=right.split("/")[3])
    assert call(world, "messagehub", body, world.proof("messagehub", body), path=path)["statusCode"] == 404
    assert world.queued() == []


def test_own_bots_events_are_not_taken_without_the_authorizer(world: World) -> None:
    body = json.dumps({"Event": "onDialogueStart"}).encode()
    event = by_function_url("POST", EMIT.format(world.assistant_sid), body, [("content-type", "application/json")])
    event["routeKey"] = app.EMIT
    event["requestContext"]["authorizer"] = {
        "lambda": {"account": "AC" + "a" * 32, "scopes": "emit", "expires": "4000000000", "token_id": "t"}
    }
    assert world.handle(Request.from_event(event))["statusCode"] == 404
    assert world.queued() == []


@pytest.mark.parametrize(
    "domain",
    ["evil.example", f"{DOMAIN}.evil.example", "x.lambda-url.evil.example", "lambda-url.eu-west-1.on.aws"],
)
def test_what_only_looks_like_a_function_url_is_the_apis_and_needs_its_route(world: World, domain: str) -> None:
    body = sample("messagehub", "message_created")
    assert call(world, "messagehub", body, world.proof("messagehub", body), domain=domain)["statusCode"] == 404


@pytest.mark.parametrize("host", [DOMAIN, "abc123.execute-api.eu-west-1.amazonaws.com", "hooks.example.com"])
def test_no_callback_goes_to_an_address_of_our_own(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policies: list[TargetPolicy] = []
    monkeypatch.setattr(dispatcher, "Calls", policies.append)
    names = ("CONFIG_TABLE", "DATA_TABLE", "EVENTS_QUEUE_URL", "RETRY_QUEUE_URL", "ALLOWED_PRIVATE_CIDRS")
    variables = {
        **dict.fromkeys(names, ""),
        "PUBLIC_URL": PUBLIC_URL,
        "OWN_URLS": f"https://abc123.execute-api.eu-west-1.amazonaws.com https://{DOMAIN}/",
        "RETENTION_DAYS": "30",
        "EVENT_SHARDS": "8",
        "ALLOW_HTTP_TARGETS": "false",
    }
    with environment():
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        dispatcher._ports.__wrapped__()
    [policy] = policies
    with pytest.raises(RefusedTargetError):
        check_origin("https", host, 443, policy)
    check_origin("https", "receiver.example", 443, policy)
