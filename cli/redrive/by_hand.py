"""Moving by receiving, sending and deleting, on engines that have no message move tasks.

Each message is sent before it is deleted, so that nothing is lost wherever this process ends; it may then be in both
queues, which is harmless: an event that is known is not sent again, and a retry is claimed by its number.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cli.redrive.moves import CANCELLED, COMPLETED, Moved, Report, count

if TYPE_CHECKING:
    from threading import Event

    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from cli.redrive.places import DeadLetters

HELD_SECONDS = 30
"""For which a received message is not shown again: how long one that a killed redrive held stays out of reach."""

_AT_ONCE = 10
_DATA_TYPES = ("DataType", "StringValue", "BinaryValue")


def move(sqs: SQSClient, queue: DeadLetters, *, rate: int | None, stop: Event, report: Report) -> Moved:
    """Move as many as lie there now: one that fails anew while this runs is not moved in circles.

    Args:
        sqs: A client.
        queue: Whose messages.
        rate: A second, at most; None: as fast as it goes.
        stop: Set by Ctrl-C; the message that is on its way then is moved whole.
        report: Told of each message.

    Raises:
        ClientError: The engine refuses; what was moved is moved.
        BotoCoreError: It cannot be reached.
    """
    total, moved = count(sqs, queue).visible, 0
    report(moved, total)
    while moved < total:
        messages = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=min(_AT_ONCE, total - moved),
            VisibilityTimeout=HELD_SECONDS,
            MessageSystemAttributeNames=["MessageGroupId"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            break
        for position, message in enumerate(messages):
            if stop.is_set():
                _let_go(sqs, queue, messages[position:])
                return Moved(moved, CANCELLED)
            sqs.send_message(QueueUrl=queue.source_url, MessageBody=message["Body"], **_attributes(message))
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
            report(moved, total)
            if rate is not None:
                time.sleep(1 / rate)
    return Moved(moved, COMPLETED)


def _attributes(message: MessageTypeDef) -> dict[str, Any]:
    """The group, which makes the queue fair, and the message's own attributes."""
    given: dict[str, Any] = {}
    if group := message.get("Attributes", {}).get("MessageGroupId"):
        given["MessageGroupId"] = group
    if own := message.get("MessageAttributes"):
        given["MessageAttributes"] = {
            name: {part: value for part, value in attribute.items() if part in _DATA_TYPES}
            for name, attribute in own.items()
        }
    return given


def _let_go(sqs: SQSClient, queue: DeadLetters, messages: list[MessageTypeDef]) -> None:
    """Shows them again at once, to whoever comes next."""
    for message in messages:
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
