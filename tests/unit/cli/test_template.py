from __future__ import annotations

from pathlib import Path

import pytest

from cli.up.deployment import Deployment, Engine
from cli.up.intrinsics import TemplateError
from cli.up.template import Reference, Template, rate_seconds

PROJECT = Path(__file__).resolve().parents[3]
ENGINE = Engine("http://127.0.0.1:1", "http://127.0.0.1:1", "eu-west-1", "local", "local", own=True)
RESOURCES = {
    "Things": {"": "toy-Things", "Arn": "arn:things"},
    "Work": {"": "http://127.0.0.1:1/1/toy-Work", "Arn": "arn:work", "QueueName": "toy-Work"},
}


def deployment(toy: Template, tmp_path: Path, **parameters: str) -> Deployment:
    return Deployment(toy.path, parameters, RESOURCES, ENGINE, tmp_path, 1.0)


def test_functions_take_globals_and_their_own_settings(toy: Template) -> None:
    echo, worker = toy.functions["Echo"], toy.functions["Worker"]

    assert (echo.handler, echo.timeout_seconds, echo.memory_mb) == ("toy.app.echo", 3.0, 256)
    assert (worker.timeout_seconds, worker.memory_mb) == (2.0, 128)


def test_routes_carry_their_authorizer_or_none(toy: Template) -> None:
    assert {route.key: route.authorizer and route.authorizer.name for route in toy.routes} == {
        "POST /open/{name}": None,
        "GET /closed/{name}": "Gate",
        "$default": None,
    }
    assert toy.authorizers["Gate"].identity_headers == ("authorization",)
    assert toy.authorizers["Gate"].cache_seconds == 60
    assert toy.authorizers["Gate"].function == "Guard"


DEFINED = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Gate
        Authorizers:
          Gate: {FunctionArn: !GetAtt Echo.Arn, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: true}
      DefinitionBody:
        paths:
          /open: {get: {SECURITY x-amazon-apigateway-integration: {uri: !Sub "functions/${TARGET}/invocations"}}}
  Echo: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Echo}}
  Work: {Type: AWS::SQS::Queue, Properties: {}}
"""


@pytest.mark.parametrize(
    ("security", "authorizer"),
    [("", "Gate"), ("security: [{Gate: []}],", "Gate"), ("security: [{NONE: []}],", None), ("security: [],", None)],
)
@pytest.mark.parametrize("called", ["Echo.Arn", "Live"])
def test_routes_of_the_apis_own_definition_are_read_too(
    tmp_path: Path, security: str, authorizer: str | None, called: str
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(DEFINED.replace("SECURITY", security).replace("TARGET", called))
    [route] = Template(path, {}).routes
    assert (route.key, route.function) == ("GET /open", "Echo")
    assert (route.authorizer and route.authorizer.name) == authorizer


@pytest.mark.parametrize(
    ("security", "called", "problem"),
    [
        ("security: [{Nobody: []}],", "Echo.Arn", "no authorizer 'Nobody'"),
        ("", "Work", "calls no function of this template"),
    ],
)
def test_a_definition_that_leads_nowhere_is_refused(tmp_path: Path, security: str, called: str, problem: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(DEFINED.replace("SECURITY", security).replace("TARGET", called))
    with pytest.raises(TemplateError, match=problem):
        Template(path, {})


def test_mappings_schedules_tables_and_queues_are_read(toy: Template) -> None:
    [mapping], [schedule], [table] = toy.mappings, toy.schedules, toy.tables
    queues = {queue.logical_id: queue for queue in toy.queues}

    assert (mapping.function, mapping.queue, mapping.batch_size) == ("Worker", "Work", 10)
    assert mapping.report_failures
    assert mapping.maximum_concurrency == 2
    assert (schedule.function, schedule.every_seconds) == ("Worker", 60.0)
    assert table.ttl_attribute == "gone_at"
    assert table.schema["GlobalSecondaryIndexes"][0]["IndexName"] == "BySk"
    assert queues["Work"].redrive == ("Dead", 2)
    assert queues["Work"].attributes == {"MessageRetentionPeriod": "3600"}
    assert queues["Work"].visibility_seconds == 60


def test_environment_is_evaluated_with_what_is_deployed(toy: Template, tmp_path: Path) -> None:
    run = deployment(toy, tmp_path, PublicUrl="http://127.0.0.1:3000", NotDeclared="x")

    assert run.function_environment(run.template.functions["Echo"]) == {
        "SHARED": "yes",
        "GREETING": "hello",
        "TABLE": "toy-Things",
        "TABLE_ARN": "arn:things",
        "WORK_URL": "http://127.0.0.1:1/1/toy-Work",
        "WHERE": "eu-west-1/toy-Work/${literal}",
        "URL": "http://127.0.0.1:3000",
        "FIRST": "a",
        "ALL": "10.0.0.0/8,fd00::/8",
        "AWS_ENDPOINT_URL_SQS": "",
    }


def test_worker_environment_is_lambdas_and_nothing_of_the_hosts(
    toy: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "x")
    run = deployment(toy, tmp_path)
    environment = run.worker_environment(run.template.functions["Echo"])

    assert "HOST_SECRET" not in environment
    assert environment["AWS_ENDPOINT_URL_SQS"] == "http://127.0.0.1:1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "Echo"
    assert environment["AWS_REGION"] == "eu-west-1"


def test_an_environment_over_lambdas_limit_is_refused(toy: Template, tmp_path: Path) -> None:
    run = deployment(toy, tmp_path, PublicUrl="x" * 4096)

    with pytest.raises(TemplateError, match="4096"):
        run.function_environment(run.template.functions["Echo"])


def test_the_resources_that_an_environment_names_are_known(toy: Template) -> None:
    assert toy.refers_to(toy.functions["Echo"]) == {"Things", "Work"}


def test_deployment_survives_json(toy: Template, tmp_path: Path) -> None:
    run = deployment(toy, tmp_path, PublicUrl="u")
    assert Deployment.from_json(run.to_json()) == run


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200)]
)
def test_rates_are_understood(expression: str, seconds: float) -> None:
    assert rate_seconds(expression) == seconds


@pytest.mark.parametrize("expression", ["cron(0 12 * * ? *)", "1 minute", "rate(x minutes)", "rate(1 fortnight)"])
def test_other_schedules_are_refused(expression: str) -> None:
    with pytest.raises(TemplateError, match="not emulated"):
        rate_seconds(expression)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a list", "mapping"),
        ("a: [", "not YAML"),
        ("Parameters: {P: {Type: String}}", "no default"),
        ("Resources: {Q: {Type: 'AWS::SQS::Queue', Condition: Nope}}", "no condition"),
        (
            "Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: !Base64 x}}}",
            "Fn::Base64 is not understood",
        ),
    ],
)
def test_a_template_that_cannot_be_run_is_refused_with_the_reason(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)

    with pytest.raises(TemplateError, match=problem):
        Template(path, {})


def test_a_template_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot read"):
        Template(tmp_path / "none.yaml", {})


def test_the_bundles_own_template_is_understood() -> None:
    template = Template(PROJECT / "template.yaml", {})

    assert {route.function for route in template.routes} <= set(template.functions)
    assert all(route.authorizer for route in template.routes if route.path.startswith("/v1/"))
    assert not any(route.authorizer for route in template.routes if not route.path.startswith("/v1/"))
    assert all(mapping.maximum_concurrency and mapping.report_failures for mapping in template.mappings)
    for function in template.functions.values():
        assert template.environment(function, lambda *reference: f"<{Reference(*reference)}>")


def test_only_a_function_that_says_so_may_lead_to_itself(toy: Template) -> None:
    project = Template(PROJECT / "template.yaml", {}).functions

    assert [name for name, function in project.items() if function.may_loop] == ["DispatcherFunction"]
    assert not any(function.may_loop for function in toy.functions.values())


def test_an_api_has_an_id_that_is_no_address_and_nothing_else(toy: Template, tmp_path: Path) -> None:
    [api] = toy.apis
    run = deployment(toy, tmp_path)

    assert run.attribute(api, None) == "local"
    with pytest.raises(TemplateError, match=api):
        run.attribute(api, "ApiEndpoint")
