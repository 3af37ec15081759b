"""Queues, their dead letters and the mappings that empty them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.template.resources import of_type, target

if TYPE_CHECKING:
    from tests.template.translation import Template

DAY = 86_400
NO_VALUE = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("queue", "dead_letters", "receives"),
    [("EventsQueue", "EventsDeadLetterQueue", 100), ("RetryQueue", "RetryDeadLetterQueue", 3)],
)
def test_a_queue_gives_up_to_its_dead_letter_queue(
    translated: Template, queue: str, dead_letters: str, receives: int
) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    redrive = queues[queue]["RedrivePolicy"]
    assert (target(redrive["deadLetterTargetArn"]), redrive["maxReceiveCount"]) == (dead_letters, receives)
    assert queues[dead_letters]["MessageRetentionPeriod"] == 14 * DAY > queues[queue]["MessageRetentionPeriod"]


def test_events_are_kept_for_seven_days(translated: Template) -> None:
    assert of_type(translated, "AWS::SQS::Queue")["EventsQueue"]["MessageRetentionPeriod"] == 7 * DAY


def test_every_queue_is_encrypted_and_has_no_fixed_name(translated: Template) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    assert len(queues) == 4
    for name, queue in queues.items():
        assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasKey", NO_VALUE, True]}, name
        assert queue["KmsMasterKeyId"] == {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, NO_VALUE]}, name
        assert "QueueName" not in queue, name


def test_each_queue_is_mapped_once_to_the_dispatcher(translated: Template) -> None:
    mappings = of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    assert sorted(target(mapping["EventSourceArn"]) for mapping in mappings) == ["EventsQueue", "RetryQueue"]
    assert {target(mapping["FunctionName"]) for mapping in mappings} == {"DispatcherFunction"}


def test_every_mapping_reports_single_failures_and_leaves_concurrency_to_ingest(translated: Template) -> None:
    limits = {}
    for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (10, 0)
        parameter = translated["Parameters"][target(mapping["ScalingConfig"]["MaximumConcurrency"])]
        # Lambda takes 2 to 1,000.
        assert (parameter["MinValue"], parameter["MaxValue"]) == (2, 1000)
        limits[target(mapping["EventSourceArn"])] = parameter["Default"]
    assert limits == {"EventsQueue": 50, "RetryQueue": 20}


def test_visibility_is_six_times_the_timeout_of_the_function(translated: Template) -> None:
    for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values():
        queue = translated["Resources"][target(mapping["EventSourceArn"])]["Properties"]
        function = translated["Resources"][target(mapping["FunctionName"])]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_accepted_events_outlive_the_stack(translated: Template) -> None:
    for name in ("EventsQueue", "EventsDeadLetterQueue"):
        resource = translated["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_an_alarm_watches_each_dead_letter_queue_and_says_what_to_do(translated: Template) -> None:
    watched = set()
    for name, alarm in of_type(translated, "AWS::CloudWatch::Alarm").items():
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible":
            [dimension] = alarm["Dimensions"]
            assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
            assert re.search("aws sqs|parley redrive", alarm["AlarmDescription"]["Fn::Sub"]), name
            watched.add(target(dimension["Value"]))
    assert watched == {"EventsDeadLetterQueue", "RetryDeadLetterQueue"}
