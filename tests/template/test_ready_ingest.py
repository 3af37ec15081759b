"""Callbacks led to a published version, for SnapStart and provisioned concurrency: the newest, and not into a gap."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cli.up.template import Template as Local
from tests.template.resources import listed, of_type, target
from tests.template.translation import ROOT, Template, read

# What Lambda does not keep in a version, what says who calls, and what has the digest in it.
NOT_OF_A_VERSION = {"ReservedConcurrentExecutions", "Events", "Description"}
# What the function names of the stack and keeps its name; the layer's the description tells.
LASTING = {"ConfigTable", "DataTable", "EventsQueue", "IngestRole", "IngestLogGroup", "ParleyLayer"}
# What gives those two another name.
REPLACING = {"LogGroupName", "Path", "RoleName"}
MAX_DESCRIPTION = 256
MAX_LAYER_VERSION = 999_999


@pytest.fixture(scope="module")
def written() -> Template:
    return read()


def configuration(template: Template) -> dict[str, Any]:
    """All that the template says of what a version of ingest would be, and of the names that it would have for good."""
    own = template["Resources"]["IngestFunction"]["Properties"]
    named = {
        (name, part): value
        for name in ("IngestRole", "IngestLogGroup")
        for part, value in template["Resources"][name]["Properties"].items()
        if part in REPLACING
    }
    return {" ".join(key): value for key, value in named.items()} | {
        key: value for key, value in {**template["Globals"]["Function"], **own}.items() if key not in NOT_OF_A_VERSION
    }


def names(template: Template, value: Any) -> Iterator[str]:
    """Every parameter and resource that a value depends on, also by a condition."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), str()]}:
            yield name
        case {"Condition": str(name)}:
            yield from names(template, template["Conditions"][name])
        case {"Fn::If": [str(name), *values]}:
            yield from names(template, template["Conditions"][name])
            yield from names(template, values)
        case {"Fn::Sub": said}:
            text, *parts = listed(said)
            own = parts[0] if parts else {}
            yield from set(re.findall(r"\$\{([\w:]+)", text)) - set(own)
            yield from names(template, list(own.values()))
        case dict():
            yield from names(template, list(value.values()))
        case list():
            for each in value:
                yield from names(template, each)


def description(template: Template) -> list[Any]:
    said: list[Any] = template["Resources"]["ReadyIngestVersion"]["Properties"]["Description"]["Fn::Sub"]
    return said


def test_a_change_of_the_functions_code_or_settings_publishes_a_version(written: Template) -> None:
    digest = hashlib.sha256(json.dumps(configuration(written), sort_keys=True).encode())
    for path in sorted([*ROOT.glob("functions/*.py"), *ROOT.glob("functions/ingest/**/*.py")]):
        digest.update(path.read_bytes())
    text, _ = description(written)
    is_now = digest.hexdigest()[:10]
    assert text.split()[0] == is_now, f"ReadyIngestVersion: let its description begin with {is_now}"


def test_a_change_of_a_parameter_or_of_the_layer_publishes_a_version(written: Template) -> None:
    told = set(names(written, {"Fn::Sub": description(written)}))
    needed = {name for name in names(written, configuration(written)) if not name.startswith("AWS::")}
    assert needed - LASTING <= set(written["Parameters"])
    assert needed - LASTING - told == set()
    assert "ParleyLayer" in told
    assert {"PublicUrl", "DomainName", "RetentionDays"} <= needed, "it looks for nothing"


def test_the_description_of_a_version_has_room_for_the_longest_values(written: Template) -> None:
    text, own = description(written)
    parameters = written["Parameters"]

    def longest(name: str) -> str:
        if name == "Layer":
            return str(MAX_LAYER_VERSION)
        if name == "Url":
            return "u" * max(int(parameters["PublicUrl"]["MaxLength"]), 8 + int(parameters["DomainName"]["MaxLength"]))
        declared = parameters[name]
        return max((str(each) for each in declared.get("AllowedValues", [declared.get("MaxValue")])), key=len)

    assert set(own) == {"Layer", "Url"}
    assert len(re.sub(r"\$\{(\w+)\}", lambda found: longest(found[1]), text)) <= MAX_DESCRIPTION


def test_the_function_has_the_versions_description_or_lambda_would_publish_nothing(written: Template) -> None:
    """Another description of a version alone is an error: "A version for this Lambda function exists"."""
    function = written["Resources"]["IngestFunction"]["Properties"]["Description"]["Fn::If"]
    assert function[:2] == ["HasReadyIngest", {"Fn::Sub": description(written)}]


def test_the_url_in_the_description_is_the_functions(written: Template) -> None:
    """Another one for the same setting would be another description of an unchanged function."""
    variables = written["Resources"]["IngestFunction"]["Properties"]["Environment"]["Variables"]
    assert description(written)[1]["Url"] == variables["PUBLIC_URL"]


def test_the_alias_leads_to_the_version_and_that_has_what_was_asked_for(translated: Template) -> None:
    alias, version = (translated["Resources"][name] for name in ("ReadyIngest", "ReadyIngestVersion"))
    assert alias["Condition"] == version["Condition"] == "HasReadyIngest"
    assert target(alias["Properties"]["FunctionVersion"]) == "ReadyIngestVersion"
    # with it, an alias cannot be moved without the weights that it does not go with
    assert "ProvisionedConcurrencyConfig" not in alias["Properties"]
    asked = {"ProvisionedConcurrentExecutions": {"Ref": "IngestProvisionedConcurrency"}}
    provision = ["HasIngestProvision", asked, {"Ref": "AWS::NoValue"}]
    assert version["Properties"]["ProvisionedConcurrencyConfig"] == {"Fn::If": provision}
    function = translated["Resources"]["IngestFunction"]["Properties"]
    snapshot = ["HasIngestSnapStart", {"ApplyOn": "PublishedVersions"}, {"Ref": "AWS::NoValue"}]
    assert function["SnapStart"] == {"Fn::If": snapshot}


def test_another_number_of_environments_is_another_version(written: Template) -> None:
    """CloudFormation can change it on none that there is."""
    assert "IngestProvisionedConcurrency" in set(names(written, {"Fn::Sub": description(written)}))


def test_api_gateway_may_call_the_version_before_a_route_leads_to_it(translated: Template) -> None:
    permission = translated["Resources"]["ReadyIngestPermission"]
    assert permission["Condition"] == "HasReadyIngest"
    assert target(permission["Properties"]["FunctionName"]) == "ReadyIngest"
    assert permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
    assert permission["Properties"]["SourceArn"]["Fn::Sub"].endswith(":${AWS::AccountId}:*/*/*/ingest/*")
    # a reference in the metadata counts as one, and unlike DependsOn may be left out by a condition
    assert {"Fn::If": ["HasReadyIngest", {"Ref": "ReadyIngestPermission"}, ""]} in translated["Resources"]["HttpApi"][
        "Metadata"
    ].values()


def test_nothing_of_it_is_there_until_somebody_asks(written: Template) -> None:
    conditions = written["Conditions"]
    assert conditions["HasReadyIngest"] == {
        "Fn::Or": [{"Condition": "HasIngestSnapStart"}, {"Condition": "HasIngestProvision"}]
    }
    assert conditions["HasIngestSnapStart"] == {"Fn::Equals": [{"Ref": "IngestSnapStart"}, "true"]}
    assert conditions["HasIngestProvision"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "IngestProvisionedConcurrency"}, "0"]}]
    }
    assert written["Parameters"]["IngestSnapStart"]["Default"] == "false"
    assert written["Parameters"]["IngestProvisionedConcurrency"]["Default"] == 0


def test_a_version_is_only_made_where_something_would_use_it(translated: Template) -> None:
    assert set(of_type(translated, "AWS::Lambda::Version")) == {"ReadyIngestVersion"}
    assert set(of_type(translated, "AWS::Lambda::Alias")) == {"ReadyIngest"}


@pytest.mark.parametrize("values", [{}, {"IngestSnapStart": "true"}, {"IngestProvisionedConcurrency": "3"}])
def test_parley_up_calls_the_function_either_way(values: dict[str, str]) -> None:
    routes = Local(ROOT / "template.yaml", values).routes
    callbacks = [route for route in routes if route.path.startswith("/ingest/")]
    assert [(route.method, route.function, route.authorizer) for route in callbacks] == [
        ("POST", "IngestFunction", None),
        ("GET", "IngestFunction", None),
    ]
