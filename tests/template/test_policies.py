"""Who may do what: a role per function, no asterisk, and secrets only for those that need them (invariants 4, 8)."""

from __future__ import annotations

import fnmatch
import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.template.resources import FUNCTIONS, actions, listed, of_type, statements, strings, target

if TYPE_CHECKING:
    from tests.template.translation import Template

# What Lambda itself does with a role, where no test sees it.
POLLS = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
WRITES = {"dynamodb:PutItem", "dynamodb:PartiQLInsert", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
SOURCE_SECRET, WEBHOOK_SECRET = "SEC#SR0", "SEC#UM0"


def on_config_table(statement: dict[str, Any]) -> bool:
    return any("ConfigTable" in text for resource in listed(statement["Resource"]) for text in strings(resource))


def may(template: Template, function: str, allowed: set[str], partition: str) -> set[str]:
    """The actions out of some that a function's role allows on a partition of the Config table."""
    found = set()
    for statement in statements(template, function):
        if on_config_table(statement):
            patterns = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            if any(fnmatch.fnmatchcase(partition, pattern) for pattern in patterns):
                found |= allowed.intersection(listed(statement["Action"]))
    return found


def test_every_function_has_a_role_of_its_own(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    roles = [target(properties["Role"]) for properties in functions.values()]
    assert len(set(roles)) == len(functions)
    assert set(roles) == set(of_type(translated, "AWS::IAM::Role")), "a role that no function has, or that SAM made"


def test_a_role_is_for_lambda_and_has_written_policies_alone(translated: Template) -> None:
    for name, role in of_type(translated, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_and_no_resource_is_a_pattern(translated: Template, function: str) -> None:
    for statement in statements(translated, function):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        for text in [*listed(statement["Action"]), *strings(statement["Resource"])]:
            assert "*" not in text, statement


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_log_and_to_no_other(translated: Template, function: str) -> None:
    own = target(translated["Resources"][function]["Properties"]["LoggingConfig"]["LogGroup"])
    for statement in statements(translated, function):
        if any(action.startswith("logs:") for action in listed(statement["Action"])):
            assert target(statement["Resource"]) == own
            assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_queues_that_lambda_polls_for_a_function_are_those_that_its_role_lets_it_poll(
    translated: Template, function: str
) -> None:
    mappings = of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    polled = {target(mapping["EventSourceArn"]) for mapping in mappings if target(mapping["FunctionName"]) == function}
    allowed = {
        (action, target(resource))
        for statement in statements(translated, function)
        for action in POLLS.intersection(listed(statement["Action"]))
        for resource in listed(statement["Resource"])
    }
    assert allowed == set(itertools.product(POLLS, polled))


def test_nobody_is_given_a_permission_anywhere_else(translated: Template) -> None:
    grants = {name for name, found in translated["Resources"].items() if re.search("Polic|Boundar", found["Type"])}
    assert grants == {"TableKeyPolicy", "QueueKeyPolicy"}, "test_options.py looks at these"
    for name, found in translated["Resources"].items():
        assert not {"ResourcePolicy", "PermissionsBoundary", "KeyPolicy"} & set(found["Properties"]), name
    conditional = [
        name
        for name, role in of_type(translated, "AWS::IAM::Role").items()
        for policy in role["Policies"]
        if "PolicyDocument" not in policy
    ]
    assert conditional == ["DispatcherRole"], "test_options.py looks at this one"


def test_a_service_may_call_a_function_for_a_resource_of_ours_alone(translated: Template) -> None:
    for name, permission in of_type(translated, "AWS::Lambda::Permission").items():
        # test_options.py looks at the function URL's, test_ready_ingest.py at that one
        if permission["Principal"] != "*" and name != "ReadyIngestPermission":
            assert permission["Principal"] in ("apigateway.amazonaws.com", "events.amazonaws.com"), name
            named = set(re.findall(r"\w+", str(permission["SourceArn"])))
            assert named & {"HttpApi", "SweeperFunctionEveryMinute"}, name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_statement_on_the_config_table_says_which_partitions(translated: Template, function: str) -> None:
    for statement in statements(translated, function):
        if on_config_table(statement):
            assert statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], statement


@pytest.mark.parametrize(
    ("function", "partition", "reads"),
    [
        ("IngestFunction", SOURCE_SECRET, True),
        ("DispatcherFunction", WEBHOOK_SECRET, True),
        ("IngestFunction", WEBHOOK_SECRET, False),
        ("DispatcherFunction", SOURCE_SECRET, False),
        *(
            (function, partition, False)
            for function in sorted(set(FUNCTIONS) - {"IngestFunction", "DispatcherFunction"})
            for partition in (SOURCE_SECRET, WEBHOOK_SECRET)
        ),
    ],
)
def test_only_ingest_and_the_dispatcher_read_secrets_each_its_own(
    translated: Template, function: str, partition: str, *, reads: bool
) -> None:
    assert bool(may(translated, function, READS, partition)) is reads


def test_only_the_webhooks_function_writes_secrets_and_gets_nothing_back(translated: Template) -> None:
    writers = {function for function in FUNCTIONS if may(translated, function, WRITES, WEBHOOK_SECRET)}
    assert writers == {"WebhooksFunction"}
    for statement in statements(translated, "WebhooksFunction"):
        if WRITES.intersection(listed(statement["Action"])):
            # An update that returns the item would be a way to read it.
            assert statement["Condition"]["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}


def test_nobody_scans_a_table_or_changes_a_resource(translated: Template) -> None:
    everything = {action for function in FUNCTIONS for action in actions(translated, function)}
    data_plane = READS | WRITES | {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert everything <= data_plane | POLLS | {"sqs:SendMessage"}
