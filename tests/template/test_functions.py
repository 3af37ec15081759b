"""What every function has: its runtime, its limits, its own log, and exactly the environment that its code reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from parley import settings
from tests.template.resources import FUNCTIONS, actions, of_type, target
from tests.template.translation import ROOT, Template

# Optional in the code and set by `parley up` alone: a deployment has no other time.
LOCAL_ONLY = {"TIME_SCALE"}


class Recording(Mapping[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def environment(template: Template, function: str) -> dict[str, str]:
    """A function's variables as a deployment with the default parameters sets them."""
    variables = template["Resources"][function]["Properties"]["Environment"]["Variables"]

    def value_of(value: Any) -> str:
        if isinstance(value, str):
            return value
        if "Fn::If" in value:  # every condition asks for a parameter that is empty by default
            return value_of(value["Fn::If"][2])
        if "Fn::Sub" in value:
            return str(value["Fn::Sub"])
        name = target(value)
        parameter = template["Parameters"].get(name)
        return name if parameter is None else str(parameter["Default"])

    return {name: value_of(value) for name, value in variables.items()}


def is_ours(name: str) -> bool:
    """Whether our settings read a variable, not Powertools or boto3."""
    return not name.startswith(("POWERTOOLS_", "AWS_ENDPOINT_URL_"))


def test_exactly_the_functions_of_the_design_are_declared(translated: Template) -> None:
    assert set(of_type(translated, "AWS::Lambda::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_runs_on_the_runtime_and_the_architecture_of_the_layer(translated: Template, function: str) -> None:
    properties = translated["Resources"][function]["Properties"]
    [(layer, layer_properties)] = of_type(translated, "AWS::Lambda::LayerVersion").items()
    assert properties["Runtime"] == "python3.13"
    assert layer_properties["CompatibleRuntimes"] == ["python3.13"]
    assert properties["Architectures"] == [{"Ref": "Architecture"}] == layer_properties["CompatibleArchitectures"]
    assert properties["Layers"] == [{"Ref": layer}]


def test_the_layer_is_built_for_the_architecture_of_the_parameter(written: Template) -> None:
    metadata = written["Resources"]["ParleyLayer"]["Metadata"]
    assert metadata["BuildArchitecture"] == {"Ref": "Architecture"}
    assert metadata["ContextPath"] == {"Fn::Sub": "layers/parley/${Architecture}"}
    parameter = written["Parameters"]["Architecture"]
    assert parameter["Default"] == "arm64"
    for architecture in parameter["AllowedValues"]:
        assert f"ARCHITECTURE := {architecture}\n" in (ROOT / "layers/parley" / architecture / "Makefile").read_text()


@pytest.mark.parametrize(
    ("function", "timeout_seconds"),
    [
        ("WebhooksFunction", 15),
        ("IngestFunction", 10),
        ("AuthorizerFunction", 5),
        ("DispatcherFunction", 20),
        ("SweeperFunction", 55),
        ("HistoryFunction", 15),
        ("ConsoleFunction", 5),
    ],
)
def test_says_its_time_and_memory(translated: Template, function: str, timeout_seconds: int) -> None:
    properties = translated["Resources"][function]["Properties"]
    assert properties["Timeout"] == timeout_seconds
    assert 256 <= properties["MemorySize"] <= 1769


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_json_to_a_group_of_its_own_that_forgets(translated: Template, function: str) -> None:
    logging = translated["Resources"][function]["Properties"]["LoggingConfig"]
    assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")
    group = target(logging["LogGroup"])
    assert group == function.replace("Function", "LogGroup")
    assert translated["Resources"][group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_template_declares_what_the_settings_read_and_nothing_else(translated: Template, function: str) -> None:
    declared = Recording(environment(translated, function))
    if function != "ConsoleFunction":  # which is told nothing
        reader = getattr(settings, function.replace("Function", "Settings"))
        reader.from_environment(declared)
    assert declared.read - LOCAL_ONLY == {name for name in declared if is_ours(name)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_endpoints_are_declared_empty_where_the_service_is_used(translated: Template, function: str) -> None:
    variables = environment(translated, function)
    calls = {action.split(":")[0] for action in actions(translated, function)}
    services = {"dynamodb": "AWS_ENDPOINT_URL_DYNAMODB", "sqs": "AWS_ENDPOINT_URL_SQS"}
    assert {name: value for name, value in variables.items() if name.startswith("AWS_ENDPOINT_URL")} == {
        variable: "" for service, variable in services.items() if service in calls
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_secret_stands_in_an_environment(translated: Template, function: str) -> None:
    for name in environment(translated, function):
        assert not any(word in name for word in ("SECRET", "PASSWORD", "PRIVATE_KEY", "TOKEN")), name
    assert not any(parameter.get("NoEcho") for parameter in translated["Parameters"].values())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_longest_parameters_fit_into_the_4_kb_of_an_environment(translated: Template, function: str) -> None:
    def longest(value: Any) -> int:
        match value:
            case str():
                return len(value)
            case {"Fn::If": [_, then, otherwise]}:
                return max(longest(then), longest(otherwise))
            case {"Ref": name} if name in translated["Parameters"]:
                return int(translated["Parameters"][name].get("MaxLength", 10))
            case _:
                return 300  # a name, a URL or an ARN that AWS makes; OWN_URLS is two of them

    variables = translated["Resources"][function]["Properties"]["Environment"]["Variables"]
    assert sum(len(name) + longest(value) for name, value in variables.items()) <= 4096


def test_only_the_dispatcher_may_call_itself_for_ever(translated: Template) -> None:
    loops = {name: found.get("RecursiveLoop") for name, found in of_type(translated, "AWS::Lambda::Function").items()}
    assert {name for name, loop in loops.items() if loop == "Allow"} == {"DispatcherFunction"}


def test_the_sweeper_runs_every_minute_and_is_not_repeated(translated: Template) -> None:
    [rule] = of_type(translated, "AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert target(rule["Targets"][0]["Arn"]) == "SweeperFunction"
    assert rule.get("State", "ENABLED") == "ENABLED"
    [invocation] = of_type(translated, "AWS::Lambda::EventInvokeConfig").values()
    assert (target(invocation["FunctionName"]), invocation["MaximumRetryAttempts"]) == ("SweeperFunction", 0)
