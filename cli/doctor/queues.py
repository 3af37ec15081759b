"""What SQS, CloudWatch, Lambda and CloudFormation are asked: queues, dead letters, concurrency.

With a stack's name these are AWS's; for the run of `parley up` in this folder its engine has the queues alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli import moments
from cli.doctor import findings
from cli.doctor.findings import PROBLEM, UNCHECKED, Finding, Queue
from cli.redrive import places

if TYPE_CHECKING:
    from datetime import datetime

    import boto3
    from mypy_boto3_sqs.client import SQSClient

    from cli.redrive.places import Place

_PERIOD_SECONDS = 60
_LOOK_BACK = timedelta(minutes=10)
_MAPPINGS = ("EventsConcurrency", "RetriesConcurrency")
_LOCAL_AGE = "`parley up` keeps no metrics: how old the oldest message is, and concurrency"


def of_run(place: Place) -> Iterator[Finding]:
    """The queues of a run on this machine."""
    yield from _queues(place, lambda _: None)
    yield Finding("ages, concurrency", UNCHECKED, _LOCAL_AGE)


def of_stack(place: Place, session: boto3.Session, stack: str) -> Iterator[Finding]:
    """The queues of a stack, and the account's room for its functions."""
    cloudwatch: Any = session.client("cloudwatch")
    yield from _queues(place, lambda name: oldest_seconds(cloudwatch, name, moments.now()))
    try:
        yield concurrency(session.client("lambda"), session.client("cloudformation"), stack)
    except places.UNREACHABLE as error:
        yield Finding(
            "concurrency", UNCHECKED, str(error), "it needs lambda:GetAccountSettings, cloudformation:DescribeStacks"
        )


def unchecked(reason: str) -> Finding:
    """That none of this could be asked."""
    advice = "give --stack-name, with AWS credentials; for a run of `parley up`, be in its folder"
    return Finding("queues, dead letters, concurrency", UNCHECKED, reason, advice)


def unasked(reason: str) -> Finding:
    """That AWS was not to be asked."""
    advice = (
        "AWS's own settings, or --region and --profile, say where and as whom (`aws sts get-caller-identity` shows it);"
        " needed are cloudformation:ListStackResources and sqs:GetQueueAttributes"
    )
    return Finding("queues, dead letters, concurrency", UNCHECKED, reason, advice)


def broken(stack: str, error: Exception) -> Finding:
    """That there is no such stack."""
    return Finding(
        f"stack {stack}", PROBLEM, str(error), "is it the right name, region (--region) and profile (--profile)?"
    )


def _queues(place: Place, oldest: Callable[[str], float | None]) -> Iterator[Finding]:
    for dead in place.queues:
        source = dead.name.replace("DeadLetterQueue", "Queue")
        for name, url, is_dead in ((source, dead.source_url, False), (dead.name, dead.url, True)):
            try:
                waiting, held = depth(place.sqs, url)
            except places.UNREACHABLE as error:
                yield Finding(f"queue {name}", UNCHECKED, str(error), "it needs sqs:GetQueueAttributes")
                continue
            age = None
            try:
                age = None if is_dead else oldest(url.rpartition("/")[2])
            except places.UNREACHABLE as error:
                yield Finding(f"age of {name}", UNCHECKED, str(error), "it needs cloudwatch:GetMetricStatistics")
            yield findings.queue(Queue(name, waiting, held, age, is_dead))


def depth(sqs: SQSClient, url: str) -> tuple[int, int]:
    """Messages that wait, and messages that somebody holds."""
    answer = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )
    found = answer["Attributes"]
    waiting = int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesDelayed"])
    return waiting, int(found["ApproximateNumberOfMessagesNotVisible"])


def oldest_seconds(cloudwatch: Any, queue_name: str, now: datetime) -> float | None:  # noqa: ANN401 — its types are not installed
    """The age of the oldest message, as CloudWatch has it last; None where it has nothing of late: an idle queue."""
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue_name}],
        StartTime=now - _LOOK_BACK,
        EndTime=now,
        Period=_PERIOD_SECONDS,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else None


def concurrency(functions: Any, cloudformation: Any, stack: str) -> Finding:  # noqa: ANN401 — as above
    """The account's limit against what the stack's mappings may take."""
    limits = functions.get_account_settings()["AccountLimit"]
    [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    return findings.concurrency(
        limits["ConcurrentExecutions"],
        limits["UnreservedConcurrentExecutions"],
        sum(int(parameters.get(name, 0)) for name in _MAPPINGS),
    )
