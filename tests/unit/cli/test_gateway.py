from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from cli.up import gateway as gateway_module
from cli.up.events import Api, HttpRequest
from cli.up.gateway import Backlog, Gateway
from cli.up.pool import InvocationError

if TYPE_CHECKING:
    from cli.up.responses import HttpResponse
    from cli.up.template import Template

API = Api("parley", "parley.localhost", "us-east-1")


class Functions:
    """What stands behind the gateway: every function's answer, and what it was asked."""

    def __init__(self, **answers: object) -> None:
        self.answers: dict[str, object] = {"Guard": {"isAuthorized": True, "context": {"account": "AC1"}}, **answers}
        self.asked: list[tuple[str, Any]] = []

    async def invoke(self, name: str, event: object) -> Any:
        self.asked.append((name, event))
        answer = self.answers.get(name, {"ok": True})
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        return answer


class Busy:
    async def too_long(self) -> bool:
        return True


def ask(
    toy: Template,
    functions: Functions,
    method: str = "POST",
    path: str = "/open/x",
    *,
    busy: bool = False,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> HttpResponse:
    backlogs = {"Echo": cast("Backlog", Busy())} if busy else {}
    gateway = Gateway(toy, API, functions.invoke, backlogs)
    request = HttpRequest(method, path, "", headers or [], body, "127.0.0.1", 0, "i")
    return asyncio.run(gateway.answer(request))


def message(answer: HttpResponse) -> tuple[int, object]:
    return answer.status, json.loads(answer.body)


def test_an_open_route_is_invoked_without_asking_the_authorizer(toy: Template) -> None:
    functions = Functions()

    assert message(ask(toy, functions)) == (200, {"ok": True})
    assert [name for name, _ in functions.asked] == ["Echo"]


def test_a_closed_route_hands_the_authorizers_context_on(toy: Template) -> None:
    functions = Functions()
    ask(toy, functions, "GET", "/closed/x", headers=[("authorization", "t")])

    (guard, asked), (echo, event) = functions.asked
    assert (guard, asked["identitySource"], asked["routeArn"][-13:]) == ("Guard", ["t"], "/GET/closed/x")
    assert (echo, event["requestContext"]["authorizer"]) == ("Echo", {"lambda": {"account": "AC1"}})


@pytest.mark.parametrize(
    ("answers", "status", "text"),
    [
        ({"Guard": {"isAuthorized": False}}, 403, "Forbidden"),
        ({"Guard": {"isAuthorized": "yes"}}, 500, "Internal Server Error"),
        ({"Guard": InvocationError("x")}, 500, "Internal Server Error"),
        ({"Echo": InvocationError("x")}, 500, "Internal Server Error"),
        ({"Echo": {"statusCode": "x"}}, 500, "Internal Server Error"),
    ],
)
def test_the_gateway_answers_in_its_own_form(toy: Template, answers: dict[str, object], status: int, text: str) -> None:
    answer = ask(toy, Functions(**answers), "GET", "/closed/x", headers=[("authorization", "t")])

    assert message(answer) == (status, {"message": text})


def test_without_a_token_nobody_is_asked(toy: Template) -> None:
    functions = Functions()

    assert message(ask(toy, functions, "GET", "/closed/x")) == (401, {"message": "Unauthorized"})
    assert functions.asked == []


def test_the_event_is_limited(toy: Template) -> None:
    text = [("content-type", "text/plain")]

    assert ask(toy, Functions(), headers=text, body=b"x" * 6_000_000).status == 200
    assert ask(toy, Functions(), headers=text, body=b"x" * 6_300_000).status == 413
    as_base64 = ask(toy, Functions(), body=b"x" * 5_000_000)
    assert message(as_base64) == (413, {"message": "Request Entity Too Large"})


def test_a_function_that_takes_too_long_is_a_503(toy: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "INTEGRATION_SECONDS", 0.05)

    assert message(ask(toy, Functions(Echo=5.0))) == (503, {"message": "Service Unavailable"})


def test_producers_are_held_back_while_their_queue_is_too_long(toy: Template) -> None:
    functions = Functions()

    assert message(ask(toy, functions, busy=True)) == (503, {"message": "Service Unavailable"})
    assert functions.asked == []


class Counts:
    def __init__(self, *counts: int) -> None:
        self.counts = counts
        self.asked = 0

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        self.asked += 1
        names = request["AttributeNames"]
        return {"Attributes": {name: str(count) for name, count in zip(names, self.counts, strict=True)}}


@pytest.mark.parametrize(("counts", "held"), [((500, 0, 0), False), ((400, 100, 1), True)])
def test_a_backlog_is_all_that_is_in_the_queue(counts: tuple[int, ...], held: bool) -> None:
    queue = Counts(*counts)
    backlog = Backlog(cast("Any", queue), "url")

    async def twice() -> list[bool]:
        return [await backlog.too_long(), await backlog.too_long()]

    assert asyncio.run(twice()) == [held, held]
    assert queue.asked == 1
