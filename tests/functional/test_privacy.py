"""Nothing of a payload and no secret is ever in a log: every example through ingest, own bots, dispatcher and sweeper,
accepted and refused, delivered and failing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from functions.authorizer import app as authorizer
from functions.ingest import app
from parley import telemetry
from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.tropo.naming import read
from parley.settings import AuthorizerSettings
from parley.vocabulary import TYPES
from tests.functional.dispatcher.world import ACCOUNT, ASSISTANT, World, webhook
from tests.functional.ingest.test_emit import Bot
from tests.functional.ingest.test_fuzz import Taken
from tests.functional.ingest.test_ingest import CASES, SECRETS, sample
from tests.functional.stack import environment, stack
from tests.functional.webhooks.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST = 8  # shorter values (`en`, `start`, `blue`) stand in any text by chance


def texts(value: Any) -> Iterator[str]:
    """Every text in a payload, those inside JSON texts too."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
        if value.startswith(("{", "[")):
            yield from texts(json.loads(value))


def personal(name: str, body: bytes) -> set[str]:
    """What an example holds, but for its event's name and type."""
    content: Any = dict(parse_qsl(body.decode())) if name == "autopilot" else read(body, repair_backslashes=True)
    public = {*TYPES, *(known for each in PLATFORM_NAMES for known in platform(each).names.known), *PLATFORM_NAMES}
    return {text for text in texts(content) if len(text) >= SHORTEST and text not in public}


EXAMPLES = {case: sample(*case) for case in CASES}
HELD = {
    **{text: case for case, body in EXAMPLES.items() for text in personal(case[0], body)},
    **{secret: ("secret", name) for name, secret in SECRETS.items() if secret},
    "tok-of-a-visitor": ("messagehub", "pubsub_token"),
    "Johanna": ("autopilot", "Memory"),
}
TOKEN_BODY = b'{"event":"conversation_created","id":1,"contact_inbox":{"pubsub_token":"tok-of-a-visitor"}}'


def test_the_examples_hold_what_must_not_be_logged():
    assert {"+17736774656", "Johanna", "+18005550123", "sip:+18885550456@pstn.twilio.com"} <= set(HELD)


# Every member that a line may have, whatever its operation; Powertools' and CloudWatch's own first. A new one is a
# question of what it may hold before it is a change of this list.
MEMBERS = {
    *("level", "message", "timestamp", "exception", "exception_name", "stack_trace", "_aws", "service"),
    *(metric.name for metric in telemetry.METRICS),
    *("request", "event", "events", "webhook", "source", "message_id", "account", "token"),
    *("type", "bytes", "ms", "status", "state", "epoch", "error", "reason", "route", "code", "number", "trigger"),
    *("received", "again", "sent", "issuer_error"),
}


def never_in(said: str) -> None:
    for line in said.splitlines():
        assert set(json.loads(line)) <= MEMBERS
    assert [held for held in HELD if held in said or json.dumps(held)[1:-1] in said] == []


def all_through(bot: Bot) -> None:
    for (name, _), body in EXAMPLES.items():
        assert bot.call(name, body, headers=bot.proof(name, body))["statusCode"] == 200
    assert bot.call("unsigned", TOKEN_BODY, headers=[("Content-Type", "application/json")])["statusCode"] == 200


@pytest.fixture
def bot() -> Iterator[Bot]:
    with stack() as made:
        yield Bot(made)


def test_ingest_logs_nothing_of_what_it_accepts(bot, printed: Callable[[], str]):
    all_through(bot)
    said = printed()
    assert said.count("accepted") == len(EXAMPLES) + 1
    never_in(said)
    assert "token-" not in said


def test_ingest_logs_nothing_of_what_it_refuses_or_cannot_keep(bot, printed: Callable[[], str]):
    class Broken:
        def send_message(self, **_arguments: Any) -> None:
            raise bot.stack.sqs.exceptions.ClientError({"Error": {"Code": "Throttled"}}, "SendMessage")

    for (name, _), body in EXAMPLES.items():
        assert bot.call(name, body, headers=[("Authorization", "forged")])["statusCode"] in (401, 403)
    bot.handle = app.build(bot.settings, bot.stack.dynamodb, Broken())  # type: ignore[arg-type]
    for (name, _), body in EXAMPLES.items():
        assert bot.call(name, body, headers=bot.proof(name, body))["statusCode"] == 503
    said = printed()
    assert "unavailable" in said
    assert "Refused" in said
    never_in(said)


def test_own_bots_events_are_not_logged_right_or_wrong(bot, printed: Callable[[], str]):
    for (name, _), body in EXAMPLES.items():
        content_type = "application/x-www-form-urlencoded" if name == "autopilot" else "application/json"
        bot.emit(body, content_type=content_type, query=f"Platform={name}", key="k-of-a-bot")
        bot.emit(body + b"&Fields=x", content_type=content_type, query=f"Platform={name}")
    said = printed()
    assert "emitted" in said
    never_in(said)
    assert "k-of-a-bot" not in said


def test_the_management_api_logs_no_name_no_secret_and_no_body(bot, printed: Callable[[], str]):
    api = Gateway(bot.stack)
    told = {
        "Secret": "a-webhook-secret",
        "Headers": '{"X-Key":"a-header-value"}',
        "WebhookUrl": "https://a.example/?k=v",
    }
    api.send("POST", "/v1/Assistants", {"UniqueName": "a name of ours"})
    for events in ("*", "no-such-event"):
        hook = {"UniqueName": "their-hook", "Events": events, **told}
        api.send("POST", "/v1/Assistants/a%20name%20of%20ours/Webhooks", hook)
    said = printed()
    assert [json.loads(line)["status"] for line in said.splitlines()] == [201, 201, 400]
    never_in(said)
    assert [
        held for held in (*told.values(), "name of ours", "their-hook", "no-such", "a.example") if held in said
    ] == []


def test_the_authorizer_logs_a_reason_and_nothing_of_the_token(printed: Callable[[], str]):
    authorize = authorizer.build(AuthorizerSettings(jwks="", issuer="", audience=""))
    with environment():
        for given in ("Bearer a-token-of-somebody", "Basic c29tZWJvZHk6YS1wYXNzd29yZA=="):
            event = {
                "routeKey": "GET /v1/Assistants",
                "rawPath": "/v1/Assistants/our-bot",
                "headers": {"authorization": given},
            }
            assert authorize(event)["isAuthorized"] is False
    said = printed()
    assert [json.loads(line)["message"] for line in said.splitlines()] == ["denied", "denied"]
    never_in(said)
    assert [held for held in ("a-token", "c29tZ", "a-password", "somebody", "our-bot") if held in said] == []


@pytest.mark.parametrize("status", [200, 500, None, 410])
def test_the_dispatcher_logs_nothing_of_what_it_sends_or_cannot_send(bot, printed: Callable[[], str], status):
    taken = Taken()
    bot.handle = app.build(bot.settings, bot.stack.dynamodb, taken)  # type: ignore[arg-type]
    all_through(bot)
    world = World(bot.stack, [webhook(1)], answer=lambda number, attempt: status)
    world.accept(*(replace(event, assistant_sid=ASSISTANT, account_sid=ACCOUNT) for event in taken.events()))
    world.enqueue("events", EXAMPLES["watsonx", "cdr_logged"].decode(), 0)
    world.live(days=0.004)
    assert world.posts
    said = printed()
    assert "unreadable message" in said
    never_in(said)
