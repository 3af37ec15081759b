"""Alarms and the dashboard: what they read is written, each alarm says what to do, each function has one."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from cli.doctor import findings as doctor
from parley import telemetry
from tests.template.resources import FUNCTIONS, of_type, target

if TYPE_CHECKING:
    from tests.template.translation import Template

OURS = {"Fn::Sub": "Parley/${AWS::StackName}"}
WRITTEN = {(metric.name, metric.service) for metric in telemetry.METRICS}
# Namespace, metric and dimension, as the services' own guides list them.
PUBLISHED = {
    ("AWS/ApiGateway", "Count", "ApiId"),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName"),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName"),
    ("AWS/DynamoDB", "WriteThrottleEvents", "TableName"),
    ("AWS/Lambda", "ConcurrentExecutions", "FunctionName"),
    ("AWS/Lambda", "Duration", "FunctionName"),
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/Lambda", "Invocations", "FunctionName"),
    ("AWS/Lambda", "Throttles", "FunctionName"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
}
# Design and issue: what must not go unnoticed.
WATCHED = {
    "EventsAgeAlarm",
    "EventsDeadLetterAlarm",
    "RetryDeadLetterAlarm",
    "TooLargeAlarm",
    "NotKeptAlarm",
    "IngestThrottledAlarm",
    "IngestRateAlarm",
    "WebhooksPausedAlarm",
    "SweepLagAlarm",
    "AuthorizationDeniedAlarm",
    *(f"{function.removesuffix('Function')}ErrorsAlarm" for function in FUNCTIONS),
}


@pytest.fixture(scope="session")
def alarms(translated: Template) -> dict[str, dict[str, Any]]:
    return of_type(translated, "AWS::CloudWatch::Alarm")


@pytest.fixture(scope="session")
def body(translated: Template) -> dict[str, Any]:
    [dashboard] = of_type(translated, "AWS::CloudWatch::Dashboard").values()
    parsed: dict[str, Any] = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    return parsed


def text_of(alarm: dict[str, Any]) -> str:
    described = alarm["AlarmDescription"]
    return str(described if isinstance(described, str) else described["Fn::Sub"])


def test_exactly_what_must_not_go_unnoticed_has_an_alarm(alarms: dict[str, dict[str, Any]]) -> None:
    assert set(alarms) == WATCHED


def test_each_alarm_says_what_to_do_and_tells_whoever_is_named(alarms: dict[str, dict[str, Any]]) -> None:
    addresses = [
        {"Fn::If": ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]},
        {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]},
    ]
    for name, alarm in alarms.items():
        text = text_of(alarm)
        assert len(text) <= 800, f"{name}: CloudWatch takes 1,024 after substitution"
        assert re.search(r"\b(Read|Look|Ask|Find)\b", text), f"{name} says what is wrong and not what to do"
        assert alarm["AlarmActions"] == alarm["OKActions"] == addresses, name


def test_an_alarm_on_a_metric_of_ours_reads_one_that_is_written(alarms: dict[str, dict[str, Any]]) -> None:
    read = set()
    for alarm in alarms.values():
        if alarm.get("Namespace") == OURS and alarm["MetricName"] != "OverRate":  # counted in the access log: below
            [dimension] = alarm["Dimensions"]
            assert dimension["Name"] == "service"
            read.add((alarm["MetricName"], dimension["Value"]))
    assert read
    assert read <= WRITTEN


def test_what_the_gateway_refuses_of_ingest_is_counted_in_its_access_log(
    translated: Template, alarms: dict[str, dict[str, Any]]
) -> None:
    """A platform sends once: what is over a rate never reaches the function, and AWS has no metric of it."""
    [counted] = of_type(translated, "AWS::Logs::MetricFilter").values()
    [stage] = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    assert target(stage["AccessLogSettings"]["DestinationArn"]) == target(counted["LogGroupName"])
    line = stage["AccessLogSettings"]["Format"]
    for member, variable in (("status", "status"), ("route", "routeKey")):
        assert f'"{member}":"$context.{variable}"' in line, "a text, as the pattern compares"
    assert counted["FilterPattern"] == '{ ($.status = "429") && ($.route = "*/ingest/*") }'
    assert all(fnmatchcase(route, "*/ingest/*") for route in stage["RouteSettings"])
    [made] = counted["MetricTransformations"]
    alarm = alarms["IngestRateAlarm"]
    assert (made["MetricNamespace"], made["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    assert "Dimensions" not in alarm, "one with dimensions would be another metric"
    assert alarm["Threshold"] == 0


def test_an_alarm_or_a_widget_on_a_metric_of_aws_reads_one_that_is_published(
    alarms: dict[str, dict[str, Any]], body: dict[str, Any]
) -> None:
    read = set()
    for alarm in alarms.values():
        single = [alarm] if "MetricName" in alarm else []
        for metric in [*single, *(each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ())[1:])]:
            if metric["Namespace"] != OURS:
                [dimension] = metric["Dimensions"]
                read.add((metric["Namespace"], metric["MetricName"], dimension["Name"]))
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    read |= {tuple(metric[:3]) for metric in metrics if not metric[0].startswith("Parley/")}
    assert read == PUBLISHED


def test_silence_alarms_where_the_sweeper_should_speak_and_nowhere_else(alarms: dict[str, dict[str, Any]]) -> None:
    assert {name for name, alarm in alarms.items() if alarm["TreatMissingData"] != "notBreaching"} == {"SweepLagAlarm"}


def test_an_event_that_fails_twice_is_seen_before_sqs_stops_counting_its_age(
    alarms: dict[str, dict[str, Any]], translated: Template
) -> None:
    alarm = alarms["EventsAgeAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("ApproximateAgeOfOldestMessage", "Maximum")
    assert target(alarm["Dimensions"][0]["Value"]) == "EventsQueue"
    visibility = of_type(translated, "AWS::SQS::Queue")["EventsQueue"]["VisibilityTimeout"]
    # SQS leaves a message out of the age from its third receive on. One crash of a dispatcher costs one visibility.
    third_receive_seconds = 2 * visibility
    assert visibility < alarm["Threshold"]
    lasts = alarm["Period"] * alarm["EvaluationPeriods"]
    assert alarm["Threshold"] + lasts <= third_receive_seconds
    assert doctor.OLDEST_SECONDS["EventsQueue"] == alarm["Threshold"]


def test_a_call_that_lambda_refuses_for_want_of_concurrency_is_seen(alarms: dict[str, dict[str, Any]]) -> None:
    # neither an invocation nor an error, and a platform's only attempt
    alarm = alarms["IngestThrottledAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Throttles", "Sum")
    [dimension] = alarm["Dimensions"]
    assert (dimension["Name"], target(dimension["Value"])) == ("FunctionName", "IngestFunction")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_functions_errors_are_a_rate_of_its_own_invocations(
    alarms: dict[str, dict[str, Any]], function: str
) -> None:
    alarm = alarms[f"{function.removesuffix('Function')}ErrorsAlarm"]
    rate, *inputs = alarm["Metrics"]
    assert rate["Expression"] == "100 * errors / invocations"
    named = {found["Id"]: found["MetricStat"]["Metric"] for found in inputs}
    assert {key: metric["MetricName"] for key, metric in named.items()} == {
        "errors": "Errors",
        "invocations": "Invocations",
    }
    assert {target(metric["Dimensions"][0]["Value"]) for metric in named.values()} == {function}
    assert f"${{{function.replace('Function', 'LogGroup')}}}" in text_of(alarm)


def test_the_dashboard_shows_every_alarm_and_only_metrics_that_are_written(
    body: dict[str, Any], alarms: dict[str, dict[str, Any]]
) -> None:
    [shown] = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert set(shown) == {f"${{{name}.Arn}}" for name in alarms}
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    ours = [metric[1:4] for metric in metrics if metric[0].startswith("Parley/")]
    assert {(name, dimension[1]) for name, *dimension in ours if dimension[0] == "service"} == WRITTEN, (
        "one that is missing is worth nobody's money"
    )
    assert [name for name, *dimension in ours if dimension[0] != "service"] == ["OverRate"]
    # CloudWatch's free dashboards hold 50 metrics
    assert len(metrics) <= 50


def test_the_dashboard_leaves_no_gap_and_no_overlap(body: dict[str, Any]) -> None:
    cells = [
        (column, row)
        for widget in body["widgets"]
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {column for column, _ in cells} == set(range(24))
    assert len(cells) == 24 * (max(row for _, row in cells) + 1)
