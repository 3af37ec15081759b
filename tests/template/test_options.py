"""What a parameter that is empty by default adds: a domain, a function URL, a VPC, a key; and that it adds no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.template.resources import FUNCTIONS, actions, listed, of_type, target

if TYPE_CHECKING:
    from tests.template.translation import Template

NO_VALUE = {"Ref": "AWS::NoValue"}
# Of AWS's managed policy AWSLambdaVPCAccessExecutionRole, without its logs.
NETWORK = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
# Which parameter a resource comes with; all others are always there.
OPTIONAL = {
    "HasAlarmEmail": {"AlarmTopic"},
    "HasDomain": {"ApiDomain", "ApiDomainMapping"},
    "HasHostedZone": {"ApiAddress"},
    "HasIngestFunctionUrl": {"IngestFunctionUrl", "IngestFunctionUrlPermission", "IngestInvokePermission"},
    "HasKey": {"TableKeyPolicy", "QueueKeyPolicy"},
    "HasReadyIngest": {"ReadyIngestVersion", "ReadyIngest", "ReadyIngestPermission"},
}


def test_a_parameter_that_is_left_empty_adds_nothing(translated: Template) -> None:
    found: dict[str, set[str]] = {}
    for name, resource in translated["Resources"].items():
        if "Condition" in resource:
            found.setdefault(resource["Condition"], set()).add(name)
    assert found == OPTIONAL


def test_a_domain_leads_to_the_apis_only_stage(translated: Template) -> None:
    resources = translated["Resources"]
    mapping = resources["ApiDomainMapping"]["Properties"]
    assert resources[target(mapping["Stage"])]["Type"] == "AWS::ApiGatewayV2::Stage"
    assert "ApiMappingKey" not in mapping, "rawPath would begin with it, or not: PublicUrl is for such domains"
    [record] = resources["ApiAddress"]["Properties"]["RecordSets"]
    assert target(record["AliasTarget"]["DNSName"]) == "ApiDomain" == target(mapping["DomainName"])


def test_functions_know_the_deployments_own_address(translated: Template) -> None:
    own = {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, ""]}
    variables = [
        found["Environment"]["Variables"]["PUBLIC_URL"]
        for found in of_type(translated, "AWS::Lambda::Function").values()
        if "PUBLIC_URL" in found["Environment"]["Variables"]
    ]
    assert len(variables) == 4
    assert all(value == {"Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, own]} for value in variables)


def test_the_function_url_is_ingests_alone_and_anybody_may_call_it_but_nothing_else(translated: Template) -> None:
    [url] = of_type(translated, "AWS::Lambda::Url").values()
    assert (target(url["TargetFunctionArn"]), url["AuthType"]) == ("IngestFunction", "NONE")
    public = [found for found in of_type(translated, "AWS::Lambda::Permission").values() if found["Principal"] == "*"]
    assert {target(found["FunctionName"]) for found in public} == {"IngestFunction"}
    # without its condition each would open the function to every AWS account's own calls
    assert {
        found["Action"]: found.get("FunctionUrlAuthType") or found.get("InvokedViaFunctionUrl") for found in public
    } == {"lambda:InvokeFunctionUrl": "NONE", "lambda:InvokeFunction": True}


def test_callbacks_know_every_host_of_our_own(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    url = {"Fn::If": ["HasIngestFunctionUrl", {"Fn::GetAtt": ["IngestFunctionUrl", "FunctionUrl"]}, ""]}
    assert functions["WebhooksFunction"]["Environment"]["Variables"]["INGEST_URL"] == url
    text, values = functions["DispatcherFunction"]["Environment"]["Variables"]["OWN_URLS"]["Fn::Sub"]
    assert text.split() == ["https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}", "${Ingest}"]
    assert values == {"Ingest": url}


def test_the_dispatcher_alone_goes_into_a_vpc_and_its_code_may_not_use_what_that_takes(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    assert {name for name in functions if "VpcConfig" in functions[name]} == {"DispatcherFunction"}
    inside = {
        "SubnetIds": {"Fn::Split": [",", {"Ref": "SubnetIds"}]},
        "SecurityGroupIds": {"Fn::Split": [",", {"Ref": "SecurityGroupIds"}]},
    }
    assert functions["DispatcherFunction"]["VpcConfig"] == {"Fn::If": ["IsInVpc", inside, NO_VALUE]}
    policies = translated["Resources"]["DispatcherRole"]["Properties"]["Policies"]
    [condition, policy, otherwise] = policies[-1]["Fn::If"]
    assert (condition, otherwise) == ("IsInVpc", NO_VALUE)
    allowed, denied = policy["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Action"] == denied["Action"]
    assert set(allowed["Action"]) == NETWORK
    assert set(denied["Condition"]["ArnLike"]) == {"lambda:SourceFunctionArn"}


@pytest.mark.parametrize(
    ("policy", "service", "granted"),
    [
        ("TableKeyPolicy", "dynamodb", {"kms:Decrypt"}),
        ("QueueKeyPolicy", "sqs", {"kms:Decrypt", "kms:GenerateDataKey"}),
    ],
)
def test_a_key_may_be_used_by_those_that_use_the_service_and_only_through_it(
    translated: Template, policy: str, service: str, granted: set[str]
) -> None:
    properties: dict[str, Any] = translated["Resources"][policy]["Properties"]
    users = {
        target(translated["Resources"][function]["Properties"]["Role"])
        for function in FUNCTIONS
        if any(action.startswith(f"{service}:") for action in actions(translated, function))
    }
    assert {target(role) for role in properties["Roles"]} == users
    [statement] = properties["PolicyDocument"]["Statement"]
    assert set(listed(statement["Action"])) == granted
    assert statement["Resource"] == {"Ref": "KmsKeyArn"}
    via = {"Fn::Sub": f"{service}.${{AWS::Region}}.*"}
    assert statement["Condition"] == {"StringLike": {"kms:ViaService": via}}


def test_only_the_table_of_events_is_warmed_and_its_index_with_it(translated: Template) -> None:
    values = {
        "ReadUnitsPerSecond": {"Ref": "WarmReadsPerSecond"},
        "WriteUnitsPerSecond": {"Ref": "WarmWritesPerSecond"},
    }
    warmth = {"Fn::If": ["HasWarmth", values, NO_VALUE]}
    tables = of_type(translated, "AWS::DynamoDB::Table")
    assert "WarmThroughput" not in tables["ConfigTable"]
    assert tables["DataTable"]["WarmThroughput"] == warmth
    assert [index["WarmThroughput"] for index in tables["DataTable"]["GlobalSecondaryIndexes"]] == [warmth]


def test_nothing_is_reserved_until_somebody_asks(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    reserved = {
        name: found["ReservedConcurrentExecutions"]
        for name, found in functions.items()
        if "ReservedConcurrentExecutions" in found
    }
    assert reserved == {
        "IngestFunction": {"Fn::If": ["HasIngestReserve", {"Ref": "IngestReservedConcurrency"}, NO_VALUE]}
    }
    assert translated["Parameters"]["IngestReservedConcurrency"]["Default"] == 0


def test_tracing_is_off(translated: Template) -> None:
    # X-Ray: 5 dollars per million traces, more than an event costs in all.
    for name, found in of_type(translated, "AWS::Lambda::Function").items():
        assert found.get("TracingConfig", {"Mode": "PassThrough"}) == {"Mode": "PassThrough"}, name
