"""Moving by SQS itself: a message move task, which goes on in AWS whatever becomes of this process.

`StartMessageMoveTask` without a destination moves each message to the queue that it came from; one task runs for a
queue at a time. A task that runs already is followed, not refused: its starter may have lost the connection.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.redrive.moves import CANCELLED, COMPLETED, FAILED, Moved, Report

if TYPE_CHECKING:
    from threading import Event

    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

    from cli.redrive.places import DeadLetters

_RUNNING = "RUNNING"
_ENDED = {"COMPLETED": COMPLETED, "CANCELLED": CANCELLED, "FAILED": FAILED}


def move(
    sqs: SQSClient, queue: DeadLetters, *, rate: int | None, stop: Event, report: Report, poll_seconds: float = 1.0
) -> Moved:
    """Move all, until it is done or `stop` is set; then the task is cancelled, and what is moved stays moved.

    Args:
        sqs: A client.
        queue: Whose messages.
        rate: A second, 1 to 500; None lets SQS choose.
        stop: Set by Ctrl-C.
        report: Told of each look at the task.
        poll_seconds: Between two looks.

    Raises:
        ClientError: AWS refuses.
        BotoCoreError: It cannot be reached; the task goes on.
    """
    before = _latest(sqs, queue)
    if before is None or before.get("Status") != _RUNNING:
        if rate is None:
            sqs.start_message_move_task(SourceArn=queue.arn)
        else:
            sqs.start_message_move_task(SourceArn=queue.arn, MaxNumberOfMessagesPerSecond=rate)
        ended_before = before and before.get("StartedTimestamp")
    else:
        ended_before = None
    cancelling = False
    while True:
        task = _latest(sqs, queue)
        # right after the start the list may still end with the task before
        if task is not None and task.get("StartedTimestamp") != ended_before:
            moved = task.get("ApproximateNumberOfMessagesMoved", 0)
            report(moved, task.get("ApproximateNumberOfMessagesToMove") or moved)
            status = _ENDED.get(task.get("Status", ""))
            if status is not None:
                return Moved(moved, status, task.get("FailureReason"))
            if stop.is_set() and not cancelling and task.get("TaskHandle"):
                cancelling = _cancel(sqs, task["TaskHandle"])
        if not cancelling:
            stop.wait(poll_seconds)
        else:
            time.sleep(poll_seconds)  # the event is set: waiting for it would be no wait


def _latest(sqs: SQSClient, queue: DeadLetters) -> ListMessageMoveTasksResultEntryTypeDef | None:
    results = sqs.list_message_move_tasks(SourceArn=queue.arn, MaxResults=1).get("Results", [])
    return results[0] if results else None


def _cancel(sqs: SQSClient, handle: str) -> bool:
    """Whether the task is told to stop; one that has just ended cannot be, and its end is read next."""
    try:
        sqs.cancel_message_move_task(TaskHandle=handle)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFoundException", "UnsupportedOperation"):
            raise
    return True
