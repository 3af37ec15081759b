"""The stack as a whole: two fit into one account, any region and partition takes it, its parameters refuse nonsense."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from cli.up.intrinsics import Evaluator
from tests.template.resources import of_type, strings
from tests.template.translation import ROOT

if TYPE_CHECKING:
    from tests.template.translation import Template

# There, FunctionName or LogGroupName says whom the resource is for.
REFERRING = (
    *("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"),
    *("AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Logs::MetricFilter"),
)
NAMES = (
    *("FunctionName", "RoleName", "QueueName", "TableName", "AlarmName", "LogGroupName", "LayerName", "TopicName"),
    *("DashboardName", "ManagedPolicyName"),
)


def test_no_name_is_fixed_so_that_two_stacks_fit_into_one_account(translated: Template) -> None:
    for logical_id, resource in translated["Resources"].items():
        if resource["Type"] in REFERRING:
            continue
        for name in set(NAMES) & set(resource["Properties"]):
            assert "${AWS::StackName}" in resource["Properties"][name]["Fn::Sub"], (logical_id, name)


def test_a_dashboard_is_its_regions_too_because_an_account_has_one_list_of_them(translated: Template) -> None:
    [dashboard] = of_type(translated, "AWS::CloudWatch::Dashboard").values()
    assert dashboard["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


@pytest.mark.parametrize("form", ["written", "translated"])
def test_no_account_region_or_partition_is_written_down(form: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(form)
    # the transform's own, of the partition in which it runs: here and now that is `aws`
    transforms = "arn:aws:apigateway:${AWS::Region}:lambda:path/"
    for text in strings([template["Resources"], template["Outputs"], template["Conditions"]]):
        if form == "translated" and text.startswith(transforms):
            continue
        assert not re.search(r"\b\d{12}\b|\b(us|eu|ap|sa|ca|me|af)-[a-z]+-\d\b|arn:aws|amazonaws\.com/", text), text


def test_the_api_is_not_in_the_environment_of_a_function_that_it_calls(written: Template) -> None:
    for name, resource in written["Resources"].items():
        events = resource["Properties"].get("Events", {}).values()
        if name == "AuthorizerFunction" or any(event["Type"] == "HttpApi" for event in events):
            assert not any("HttpApi" in text for text in strings(resource["Properties"].get("Environment", {}))), name


def test_everything_that_logs_forgets(translated: Template) -> None:
    for name, group in of_type(translated, "AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_every_parameter_has_a_default_a_meaning_and_a_bound(written: Template) -> None:
    for name, parameter in written["Parameters"].items():
        assert "Default" in parameter, f"{name}: Enter at each question must deploy"
        assert parameter["Description"], name
        if "AllowedValues" not in parameter:
            bounds = {"MinValue", "MaxValue"} if parameter["Type"] == "Number" else {"MaxLength", "AllowedPattern"}
            assert bounds <= set(parameter), name
            assert parameter["ConstraintDescription"], name


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ("Jwks", "", True),
        ("Jwks", '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"abc"}]}', True),
        ("Jwks", '{\n  "keys": []\n}\n', True),
        ("Jwks", "-----BEGIN PUBLIC KEY-----", False),
        ("Issuer", "https://login.example.com/tenant/v2.0", True),
        ("Issuer", "http://login.example.com", False),
        ("Issuer", "https://login.example.com?x=1", False),
        ("Audience", "two words", False),
        ("PublicUrl", "", True),
        ("PublicUrl", "https://hooks.example.com", True),
        ("PublicUrl", "https://hooks.example.com/parley/v2", True),
        ("PublicUrl", "https://hooks.example.com/", False),
        ("PublicUrl", "https://hooks.example.com/parley/", False),
        ("PublicUrl", "http://hooks.example.com", False),
        ("PublicUrl", "https://user:password@hooks.example.com", False),
        ("PublicUrl", "hooks.example.com", False),
        ("AllowedPrivateCidrs", "10.1.0.0/16,fd00:1::/32", True),
        ("AllowedPrivateCidrs", "10.1.0.0/16, 10.2.0.0/16", False),
        ("AllowedPrivateCidrs", "10.1.0.0", False),
        ("AllowedPrivateCidrs", "10.1.2.3/16,::/0,fd00:0:0:0:0:0:0:0/8,::ffff/128,0.0.0.0/0", True),
        ("AllowedPrivateCidrs", "10.1.0.0/33", False),
        ("AllowedPrivateCidrs", "10.1.0.256/24", False),
        ("AllowedPrivateCidrs", "10.1.0/24", False),
        ("AllowedPrivateCidrs", "10.01.0.0/24", False),
        ("AllowedPrivateCidrs", "fd00:1/32", False),
        ("AllowedPrivateCidrs", "fd00::/129", False),
        ("AllowedPrivateCidrs", "fd00::12345/64", False),
        ("AllowedPrivateCidrs", "fd00::1::/64", False),
        ("WarmWritesPerSecond", "0", True),
        ("WarmWritesPerSecond", "4000", True),
        ("WarmWritesPerSecond", "100000", True),
        ("WarmWritesPerSecond", "500", False),
        ("WarmWritesPerSecond", "3999", False),
        ("WarmWritesPerSecond", "100001", False),
        ("AlarmTopicArn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms", True),
        ("AlarmTopicArn", "arn:aws:sqs:eu-west-1:123456789012:alarms", False),
        ("AlarmEmail", "ops+parley@example.com", True),
        ("AlarmEmail", "a@example.com,b@example.com", False),
        ("DomainName", "hooks.example.com", True),
        ("DomainName", "https://hooks.example.com", False),
        ("DomainName", "Hooks.example.com", False),
        ("CertificateArn", "arn:aws-cn:acm:cn-north-1:123456789012:certificate/0a1b-2c", True),
        ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/x", False),
        ("HostedZoneId", "Z0123456789ABCDEFGHIJ", True),
        ("HostedZoneId", "/hostedzone/Z01", False),
        ("SubnetIds", "subnet-0a1b2c3d,subnet-0123456789abcdef0", True),
        ("SubnetIds", "subnet-0a1b2c3d, subnet-4e5f6a7b", False),
        ("SecurityGroupIds", "sg-0a1b2c3d", True),
        ("SecurityGroupIds", "default", False),
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b", True),
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:alias/mine", False),
    ],
)
def test_a_parameter_takes_what_makes_sense_and_no_more(
    written: Template, parameter: str, value: str, *, fits: bool
) -> None:
    pattern = written["Parameters"][parameter]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) is fits


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, set()),
        ({"Issuer": "https://i"}, {"IssuerNeedsAudience"}),
        ({"Issuer": "https://i", "Audience": "a"}, set()),
        ({"Audience": "a"}, set()),
        ({"DomainName": "a.example"}, {"DomainNeedsCertificate"}),
        ({"CertificateArn": "arn:c"}, {"DomainNeedsCertificate"}),
        ({"DomainName": "a.example", "CertificateArn": "arn:c", "HostedZoneId": "Z1"}, set()),
        ({"HostedZoneId": "Z1"}, {"HostedZoneNeedsDomain"}),
        ({"SubnetIds": "subnet-1"}, {"SubnetsNeedSecurityGroups"}),
        ({"SecurityGroupIds": "sg-1"}, {"SubnetsNeedSecurityGroups"}),
        ({"AllowedPrivateCidrs": "10.0.0.0/8"}, {"PrivateNetworksNeedSubnets"}),
        ({"AllowedPrivateCidrs": "10.0.0.0/8", "SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}, set()),
        ({"IngestSnapStart": "true"}, set()),
        ({"IngestProvisionedConcurrency": "5"}, set()),
        ({"IngestByFunctionUrl": "true"}, set()),
        ({"IngestSnapStart": "true", "IngestProvisionedConcurrency": "5"}, {"IngestIsReadyInOneWay"}),
        ({"IngestSnapStart": "true", "IngestByFunctionUrl": "true"}, {"FunctionUrlIsNotReady"}),
        ({"IngestProvisionedConcurrency": "1", "IngestByFunctionUrl": "true"}, {"FunctionUrlIsNotReady"}),
    ],
)
def test_parameters_that_do_not_go_together_are_refused_and_why_is_said(
    written: Template, given: dict[str, str], refused: set[str]
) -> None:
    # a Number is compared as text too
    known = {name: str(parameter["Default"]) for name, parameter in written["Parameters"].items()} | given
    evaluator = Evaluator(written, known, lambda name, _: pytest.fail(f"a rule cannot know {name}"))
    found = {
        name
        for name, rule in written["Rules"].items()
        if evaluator.value(rule.get("RuleCondition", True))
        for assertion in rule["Assertions"]
        if not evaluator.value(assertion["Assert"])
    }
    assert found == refused
    for name in found:
        for assertion in written["Rules"][name]["Assertions"]:
            assert any(parameter in assertion["AssertDescription"] for parameter in given), name


def test_a_deployment_without_keys_says_which_commands_open_it(written: Template) -> None:
    steps = {name: output for name, output in written["Outputs"].items() if name.startswith("Next")}
    assert len(steps) == 3
    assert {output["Condition"] for output in steps.values()} == {"IsClosed"}
    assert written["Conditions"]["IsClosed"] == {
        "Fn::And": [{"Fn::Equals": [{"Ref": "Jwks"}, ""]}, {"Fn::Equals": [{"Ref": "Issuer"}, ""]}]
    }


def test_enter_at_every_question_of_a_guided_deployment_deploys() -> None:
    told = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))["default"]["deploy"]["parameters"]
    # else the last question is "Deploy this changeset? [y/N]", and Enter is no
    assert told["confirm_changeset"] is False
    assert told["capabilities"] == "CAPABILITY_IAM"
    assert told["resolve_s3"] is True
