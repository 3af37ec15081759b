"""A stack as CloudFormation, SQS and CloudWatch have it, with the queues and parameters of the template itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.doctor import queues
from cli.doctor.findings import OK, PROBLEM, UNCHECKED, Finding
from cli.redrive import places
from cli.up.command import PROJECT
from cli.up.template import Template

STACK = "parley"


class Functions:
    """Lambda, of which moto has no account settings."""

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 80, "UnreservedConcurrentExecutions": 80}}


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    template = Template(PROJECT / "template.yaml", {})
    template.check_declared(most := {"EventsConcurrency": 50, "RetriesConcurrency": 20})
    with mock_aws():
        cloudformation: Any = boto3.client("cloudformation")
        body = {
            "Parameters": {name: {"Type": "Number", "Default": value} for name, value in most.items()},
            "Resources": {queue.logical_id: {"Type": "AWS::SQS::Queue"} for queue in template.queues},
        }
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(body))
        pages = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        yield {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in pages}


def found() -> dict[str, Finding]:
    session = places.session(region=None, profile=None)
    return {each.check: each for each in queues.of_stack(places.of_stack(session, STACK), session, STACK)}


def test_its_queues_dead_letters_and_ages_are_found(urls: dict[str, str]) -> None:
    sqs = boto3.client("sqs")
    for body in "abc":
        sqs.send_message(QueueUrl=urls["EventsDeadLetterQueue"], MessageBody=body)
    sqs.send_message(QueueUrl=urls["EventsQueue"], MessageBody="a", DelaySeconds=600)
    datum = {
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": urls["EventsQueue"].rpartition("/")[2]}],
        "Value": 400.0,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
    }
    cloudwatch: Any = boto3.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[datum])
    said = {check: (finding.status, finding.said) for check, finding in found().items() if check != "concurrency"}
    assert said == {
        "queue EventsQueue": (PROBLEM, "1 waiting, the oldest 400 s old"),
        "queue EventsDeadLetterQueue": (PROBLEM, "3 dead letters"),
        "queue RetryQueue": (OK, "0 waiting"),
        "queue RetryDeadLetterQueue": (OK, "empty"),
    }


@pytest.mark.usefixtures("urls")
def test_the_templates_parameters_say_what_the_dispatcher_may_take() -> None:
    finding = queues.concurrency(Functions(), boto3.client("cloudformation"), STACK)
    assert finding.said.startswith("80 at once in this account and region, of which the dispatcher may take 70")
    assert finding.status == PROBLEM


def test_without_cloudwatch_the_depth_is_known_all_the_same(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("sqs").send_message(QueueUrl=urls["EventsQueue"], MessageBody="a")

    def refused(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetMetricStatistics")

    monkeypatch.setattr(queues, "oldest_seconds", refused)
    said = found()
    assert said["queue EventsQueue"].said == "1 waiting"
    assert said["age of EventsQueue"].status == UNCHECKED
    assert "cloudwatch:GetMetricStatistics" in str(said["age of EventsQueue"].advice)


@pytest.mark.usefixtures("urls")
def test_who_asks_aws_gives_up_in_time() -> None:
    config: Any = places.session(region="eu-west-1", profile=None).client("sqs").meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (5, 20, 2)
