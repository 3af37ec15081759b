"""What AWS is asked, in the requests that botocore takes and with the answers that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from cli.doctor import queues
from cli.doctor.findings import OK, PROBLEM, UNCHECKED
from cli.redrive.places import DeadLetters, Place

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parley-EventsQueue-abc"
DEAD_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parley-EventsDeadLetterQueue-abc"
STACK = "parley"


@contextmanager
def stubbed(service: str) -> Iterator[tuple[Any, Stubber]]:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    client = boto3.client(service, **keys)  # type: ignore[call-overload] # any service
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def attributes(stub: Stubber, url: str, visible: int, delayed: int, held: int) -> None:
    numbers = {
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "ApproximateNumberOfMessagesNotVisible": str(held),
    }
    stub.add_response(
        "get_queue_attributes", {"Attributes": numbers}, {"QueueUrl": url, "AttributeNames": list(numbers)}
    )


def ages(stub: Stubber, *seconds: float) -> None:
    asked = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": "parley-EventsQueue-abc"}],
        "StartTime": ANY,
        "EndTime": ANY,
        "Period": 60,
        "Statistics": ["Maximum"],
    }
    points = [{"Timestamp": NOW.replace(minute=minute), "Maximum": age} for minute, age in enumerate(seconds)]
    stub.add_response("get_metric_statistics", {"Datapoints": points[::-1]}, asked)


def account(stub: Stubber, limit: int) -> None:
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}
    stub.add_response("get_account_settings", {"AccountLimit": limits}, {})


def stack(stub: Stubber) -> None:
    values = {"EventsConcurrency": "50", "RetriesConcurrency": "20", "PublicUrl": ""}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    described = {"StackName": STACK, "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE", "Parameters": parameters}
    stub.add_response("describe_stacks", {"Stacks": [described]}, {"StackName": STACK})


class Session:
    def __init__(self, **clients: Any) -> None:
        self._clients = clients

    def client(self, name: str) -> Any:
        return self._clients[name]


def place(sqs: Any) -> Place:
    return Place(sqs, (DeadLetters("EventsDeadLetterQueue", DEAD_URL, "arn", URL),), has_move_tasks=True)


def test_a_stack_is_asked_for_depths_ages_dead_letters_and_concurrency():
    with (
        stubbed("sqs") as (sqs, of_sqs),
        stubbed("cloudwatch") as (cloudwatch, of_cloudwatch),
        stubbed("lambda") as (functions, of_functions),
        stubbed("cloudformation") as (cloudformation, of_cloudformation),
    ):
        attributes(of_sqs, URL, 2, 1, 4)
        ages(of_cloudwatch, 10.0, 400.0)
        attributes(of_sqs, DEAD_URL, 0, 0, 0)
        account(of_functions, 10)
        stack(of_cloudformation)
        session: Any = Session(cloudwatch=cloudwatch, **{"lambda": functions}, cloudformation=cloudformation)
        found = list(queues.of_stack(place(sqs), session, STACK))
    assert [(each.check, each.status) for each in found] == [
        ("queue EventsQueue", PROBLEM),
        ("queue EventsDeadLetterQueue", OK),
        ("concurrency", PROBLEM),
    ]
    assert found[0].said == "3 waiting, 4 under way, the oldest 400 s old"


def test_what_aws_refuses_to_say_is_not_checked_and_the_rest_is():
    with (
        stubbed("sqs") as (sqs, of_sqs),
        stubbed("cloudwatch") as (cloudwatch, of_cloudwatch),
        stubbed("lambda") as (functions, of_functions),
    ):
        of_sqs.add_client_error("get_queue_attributes", "AccessDenied", "no")
        attributes(of_sqs, DEAD_URL, 1, 0, 0)
        of_functions.add_client_error("get_account_settings", "AccessDeniedException", "no")
        session: Any = Session(cloudwatch=cloudwatch, **{"lambda": functions}, cloudformation=None)
        found = list(queues.of_stack(place(sqs), session, STACK))
        assert of_cloudwatch is not None
    assert [each.status for each in found] == [UNCHECKED, PROBLEM, UNCHECKED]
    assert "AccessDenied" in found[0].said


@pytest.mark.parametrize(("seconds", "oldest"), [((), None), ((7.0,), 7.0), ((900.0, 0.0), 0.0)])
def test_the_age_is_the_latest_that_is_known(seconds, oldest):
    with stubbed("cloudwatch") as (cloudwatch, stub):
        ages(stub, *seconds)
        assert queues.oldest_seconds(cloudwatch, "parley-EventsQueue-abc", NOW) == oldest
