from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cli.up.authorizer import Decision, Decisions, MalformedAnswerError, decision, identity_source
from cli.up.template import Authorizer

GATE = Authorizer("Gate", "Guard", ("authorization",), 60)


def test_the_identity_source_is_the_headers_value_whatever_its_case() -> None:
    assert identity_source(GATE, [("AUTHORIZATION", "Bearer x"), ("other", "y")]) == ("Bearer x",)


@pytest.mark.parametrize("headers", [[], [("authorization", "")], [("x-authorization", "x")]])
def test_without_an_identity_source_nobody_is_asked(headers: list[tuple[str, str]]) -> None:
    assert identity_source(GATE, headers) is None


def test_simple_responses_are_understood() -> None:
    assert decision({"isAuthorized": True, "context": {"a": 1}}) == Decision(allowed=True, context={"a": 1})
    assert decision({"isAuthorized": False}) == Decision(allowed=False, context={})


@pytest.mark.parametrize("answer", [None, {}, {"isAuthorized": "true"}, {"isAuthorized": True, "context": "x"}, [True]])
def test_any_other_answer_is_malformed(answer: object) -> None:
    with pytest.raises(MalformedAnswerError):
        decision(answer)


class Guard:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, token: str) -> Any:
        async def answer() -> Any:
            self.asked.append(token)
            return {"isAuthorized": token == "good"}

        return answer


def test_decisions_and_denials_are_kept_per_identity_for_the_templates_seconds() -> None:
    now, guard = [100.0], Guard()
    decisions = Decisions(60, clock=lambda: now[0])

    async def scenario() -> list[bool]:
        allowed = []
        for at, token in [(100, "good"), (159, "good"), (159, "bad"), (160, "bad"), (161, "good"), (221, "good")]:
            now[0] = at
            allowed.append((await decisions.decide((token,), guard.ask(token))).allowed)
        return allowed

    assert asyncio.run(scenario()) == [True, True, False, False, True, True]
    assert guard.asked == ["good", "bad", "good", "good"]


def test_zero_seconds_keep_nothing() -> None:
    guard, decisions = Guard(), Decisions(0)

    async def scenario() -> None:
        await decisions.decide(("good",), guard.ask("good"))
        await decisions.decide(("good",), guard.ask("good"))

    asyncio.run(scenario())
    assert guard.asked == ["good", "good"]
