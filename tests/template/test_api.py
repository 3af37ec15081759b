"""The HTTP API: who guards which route, what its log says of a call, and how much it lets in."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from tests.template.resources import listed, of_type, target

if TYPE_CHECKING:
    from tests.template.translation import Template

OPEN = {
    "GET /ingest/{platform}/{source}/{token}",
    "POST /ingest/{platform}/{source}/{token}",
    "GET /schemas/v1/{name}",
    "GET /console",
    "GET /console/{asset}",
    "$default",
}


@pytest.fixture(scope="session")
def routes(translated: Template) -> dict[str, dict[str, Any]]:
    """Each route's operation by its route key."""
    paths = translated["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    return {
        path if path == "$default" else f"{method.upper()} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


@pytest.fixture(scope="session")
def stage(translated: Template) -> dict[str, Any]:
    [properties] = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    return properties


def function_of(operation: dict[str, Any]) -> str:
    match operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]:
        case [str(text), {"Function": {"Fn::If": ["HasReadyIngest", {"Ref": "ReadyIngest"}, function]}}]:
            assert "/functions/${Function}/invocations" in text
            return target(function)
        case str(text) if found := re.search(r"\$\{(\w+)\.Arn\}", text):
            return found[1]
    raise AssertionError(operation)


def test_exactly_ingest_schemas_the_console_and_the_default_route_are_without_authorizer(
    routes: dict[str, dict[str, Any]],
) -> None:
    guarded = {key for key, operation in routes.items() if operation["security"] == [{"Tokens": []}]}
    assert set(routes) - guarded == OPEN
    assert guarded, "no management route"
    assert all(" /v1/" in key for key in guarded)


def test_each_route_leads_to_its_function(routes: dict[str, dict[str, Any]]) -> None:
    for key, operation in routes.items():
        if "/ingest/" in key or key == "POST /v1/Assistants/{AssistantSid}/Events":
            expected = "IngestFunction"
        elif any(part in key for part in ("/Events", "/Deliveries", "/Replays", "/Test", "/schemas/")):
            expected = "HistoryFunction"
        elif "/console" in key:
            expected = "ConsoleFunction"
        else:
            expected = "WebhooksFunction"
        assert function_of(operation) == expected, key
        assert operation["x-amazon-apigateway-integration"]["payloadFormatVersion"] == "2.0"


def test_api_gateway_may_call_every_function_that_a_route_names(
    translated: Template, routes: dict[str, dict[str, Any]]
) -> None:
    allowed: dict[str, list[str]] = {}
    for permission in of_type(translated, "AWS::Lambda::Permission").values():
        if permission["Principal"] == "apigateway.amazonaws.com":
            [source, *_] = listed(permission["SourceArn"]["Fn::Sub"])
            source = re.sub(r".*\$\{(__ApiId__|HttpApi)\}", "", source).replace("${__Stage__}", "*")
            allowed.setdefault(target(permission["FunctionName"]), []).append(source)
    for key, operation in routes.items():
        method, _, path = key.partition(" ")
        wanted = f"/*/{method}{path}"
        # AWS's asterisk takes slashes too
        assert any(fnmatchcase(wanted, pattern) for pattern in allowed[function_of(operation)]), key
    assert allowed["AuthorizerFunction"] == ["/authorizers/*"]


def test_the_authorizer_answers_simply_and_is_remembered_for_a_minute_by_the_token(translated: Template) -> None:
    schemes = translated["Resources"]["HttpApi"]["Properties"]["Body"]["components"]["securitySchemes"]
    authorizer = schemes["Tokens"]["x-amazon-apigateway-authorizer"]
    assert authorizer["enableSimpleResponses"] is True
    assert authorizer["authorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["identitySource"] == ["$request.header.Authorization"]
    assert authorizer["authorizerResultTtlInSeconds"] == 60


def test_the_access_log_is_json_without_path_address_or_token(stage: dict[str, Any], translated: Template) -> None:
    settings = stage["AccessLogSettings"]
    group = translated["Resources"][target(settings["DestinationArn"])]
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    variables = set(re.findall(r"\$context\.([\w.]+)", settings["Format"]))
    assert {"requestId", "routeKey", "status", "responseLatency", "authorizer.error"} <= variables
    assert not {name for name in variables if re.search("path|ip$|identity|header|query|claim", name, re.IGNORECASE)}
    line = re.sub(r"\$context\.requestTimeEpoch", "1795200000000", settings["Format"])
    line = line.replace("$context.routeKey", "POST /ingest/{platform}/{source}/{token}")
    line = line.replace("$context.requestId", "JKJaXmPLvHcESHA=").replace("$context.status", "200")
    line = re.sub(r"\$context\.(responseLatency|responseLength)", "23", line)
    line = re.sub(r"\$context\.[\w.]+", "-", line)
    assert json.loads(line)["status"] == "200"
    # Design section 7: the price of an event has room for 200 bytes of this line.
    assert len(line) <= 200


def test_calls_are_throttled_and_ingest_least(stage: dict[str, Any], routes: dict[str, dict[str, Any]]) -> None:
    default = stage["DefaultRouteSettings"]
    assert default["ThrottlingRateLimit"] > 0
    assert default["ThrottlingBurstLimit"] > 0
    assert set(stage["RouteSettings"]) == {key for key in routes if "/ingest/" in key}
    for own in stage["RouteSettings"].values():
        assert own["ThrottlingRateLimit"] > default["ThrottlingRateLimit"]
        assert own["ThrottlingBurstLimit"] > default["ThrottlingBurstLimit"]


def test_the_stage_adds_nothing_to_a_path(stage: dict[str, Any]) -> None:
    assert stage["StageName"] == "$default"
