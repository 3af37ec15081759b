"""The test of least privilege, tested: a permission too few or too many is found, whichever it is (invariant 8)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.functional.permissions import Call, Rule, check, denied, needs, rules, template, unneeded
from tests.template.resources import FUNCTIONS, listed, statements

CALLERS = [function for function in FUNCTIONS if rules(function)]


def calls_of(function: str) -> set[Call]:
    """Calls that need all that the role allows: one for each rule and pattern."""
    return {
        Call(function, rule.action, rule.resource, frozenset({pattern.replace("*", "X")}), rule.returns)
        for rule in rules(function)
        for pattern in rule.patterns
    }


def statement_of(mutant: Any, function: str, sid: str) -> dict[str, Any]:
    return next(each for each in statements(mutant, function) if each["Sid"] == sid)


@pytest.mark.parametrize("function", CALLERS)
def test_each_permission_that_is_taken_away_is_missed(function: str) -> None:
    calls = calls_of(function)
    check(function, calls)
    for rule in rules(function):
        mutant = copy.deepcopy(template())
        statement = statement_of(mutant, function, rule.sid)
        statement["Action"] = [action for action in listed(statement["Action"]) if action != rule.action]
        assert denied(calls, of=mutant), rule
        for pattern in rule.patterns if rule.patterns != ("*",) else ():
            mutant = copy.deepcopy(template())
            keys = statement_of(mutant, function, rule.sid)["Condition"]["ForAllValues:StringLike"]
            keys["dynamodb:LeadingKeys"] = [each for each in rule.patterns if each != pattern]
            assert denied(calls, of=mutant), (rule, pattern)


@pytest.mark.parametrize("function", CALLERS)
def test_a_permission_that_is_added_is_seen(function: str) -> None:
    calls = calls_of(function)
    for rule in rules(function):
        mutant = copy.deepcopy(template())
        statement = statement_of(mutant, function, rule.sid)
        service = rule.action.partition(":")[0]
        added = "dynamodb:Scan" if service == "dynamodb" else "sqs:PurgeQueue"
        statement["Action"] = [*listed(statement["Action"]), added]
        assert any(added in each for each in unneeded(function, calls, of=mutant)), rule
        if rule.patterns != ("*",):
            mutant = copy.deepcopy(template())
            keys = statement_of(mutant, function, rule.sid)["Condition"]["ForAllValues:StringLike"]
            keys["dynamodb:LeadingKeys"] = [*rule.patterns, "ZZ*"]
            assert any(each.endswith(" ZZ*") for each in unneeded(function, calls, of=mutant)), rule


def test_a_statement_that_is_added_is_seen_and_one_that_cannot_be_judged_is_no_statement() -> None:
    calls = calls_of("SweeperFunction")
    mutant = copy.deepcopy(template())
    role = next(statements(mutant, "SweeperFunction"))
    role |= {
        "Sid": "Spy",
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": {"Fn::GetAtt": ["ConfigTable", "Arn"]},
    }
    assert unneeded("SweeperFunction", calls, of=mutant) == ["Spy: dynamodb:GetItem on ConfigTable *"]
    role["Condition"] = {"StringLike": {"dynamodb:Attributes": "x"}}
    with pytest.raises(AssertionError, match="cannot judge"):
        rules("SweeperFunction", of=mutant)


@pytest.mark.parametrize(
    ("partitions", "returns", "allowed"),
    [
        ({"UA1"}, None, True),
        ({"UA1"}, "NONE", True),
        ({"UA1"}, "ALL_NEW", False),
        ({"UA1", "UA2"}, None, True),
        ({"UA1", "SEC#UM1"}, None, False),
        ({"SEC#UM1"}, None, False),
    ],
)
def test_a_rule_judges_as_iam_does(partitions: set[str], returns: str | None, allowed: bool) -> None:
    rule = Rule("", "dynamodb:UpdateItem", "ConfigTable", ("UA*",), "NONE")
    call = Call("F", "dynamodb:UpdateItem", "ConfigTable", frozenset(partitions), returns)
    assert rule.allows(call) is allowed
    assert not rule.allows(Call("F", "dynamodb:PutItem", "ConfigTable", frozenset(partitions), returns))
    assert not rule.allows(Call("F", "dynamodb:UpdateItem", "ConfigTable/ByTime", frozenset(partitions), returns))


@pytest.mark.parametrize("answers", [{"ReturnValues": "ALL_NEW"}, {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}])
def test_a_write_that_answers_with_a_secret_is_refused(answers: dict[str, str]) -> None:
    key = {"TableName": "parley-ConfigTable", "Key": {"pk": {"S": "SEC#UM1"}}}
    assert not denied({*needs("WebhooksFunction", "UpdateItem", key)})
    assert denied({*needs("WebhooksFunction", "UpdateItem", {"ReturnValues": "NONE"} | key | answers)})
    assert denied({*needs("WebhooksFunction", "TransactWriteItems", {"TransactItems": [{"Update": key | answers}]})})
