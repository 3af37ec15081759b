"""Handlers of the toy bundle: what they do is chosen by the path or the message."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import boto3


def guard(event: dict[str, Any], _context: object) -> dict[str, Any]:
    [token] = event["identitySource"]
    return {"isAuthorized": token == "let me in", "context": {"account": "AC1", "asked": time.time()}}


def echo(event: dict[str, Any], context: Any) -> dict[str, Any]:
    match event.get("pathParameters", {}).get("name"):
        case "raise":
            raise ValueError("as asked")
        case "sleep":
            time.sleep(10)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "queue":
            boto3.client("sqs").send_message(QueueUrl=os.environ["WORK_URL"], MessageBody=event["body"])
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "cookies": ["a=1", "b=2"],
        "body": json.dumps(
            {
                "event": event,
                "environment": {name: os.environ.get(name) for name in ("URL", "SHARED", "TIME_SCALE", "LEFT_OUT")},
                "pid": os.getpid(),
                "remaining_ms": context.get_remaining_time_in_millis(),
                "arn": context.invoked_function_arn,
            }
        ),
    }


def work(event: dict[str, Any], _context: object) -> dict[str, Any]:
    client = boto3.client("dynamodb")
    failures = []
    for record in event.get("Records", []):
        receives = record["attributes"]["ApproximateReceiveCount"]
        key = f"{record['body']}/{receives}"
        client.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": key}, "sk": {"S": record["messageId"]}})
        if record["body"] == "die once" and receives == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        if record["body"].startswith("lap "):
            lap = f"lap {int(record['body'].removeprefix('lap ')) + 1}"
            boto3.client("sqs").send_message_batch(
                QueueUrl=os.environ["WORK_URL"], Entries=[{"Id": "1", "MessageBody": lap}]
            )
        if record["body"] == "fail":
            failures.append({"itemIdentifier": record["messageId"]})
    if "source" in event:
        client.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": event["source"]}, "sk": {"S": event["time"]}})
    return {"batchItemFailures": failures}
