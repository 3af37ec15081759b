"""Every command of the AWS CLI in the documents, typed as it stands there, with what a stack has for its capitals.

The stack is moto's, the command line AWS's own (`make aws`).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.documents.blocks import ROOT
from tests.documents.commands import all_commands
from tests.e2e.deployed import account, client, deploy

AWS = ROOT / ".venv-aws" / "bin" / "aws"
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
# In the document's order, which is the order of a stack's life: looked at, stopped, restored, deleted.
LINES = sorted({line for _, line, _ in all_commands() if line.startswith("aws ")}, key=OPERATIONS.find)
# What alarms' descriptions end with.
LINES += re.findall(r": (aws [^|]*) \|", (ROOT / "docs/metrics.md").read_text("utf-8"))

pytestmark = [
    pytest.mark.timeout(300),
    # where nothing may be left out, its absence is a failure
    pytest.mark.skipif(
        not (AWS.exists() or os.environ.get("REQUIRED")), reason="no AWS CLI of its own: `make test` installs one"
    ),
]


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    with account() as found:
        yield found


@pytest.fixture(scope="module")
def made(variables: dict[str, str]) -> dict[str, str]:
    """The stack's physical ids by logical ones."""
    return deploy(variables)


class Terminal:
    """Types a document's lines, and remembers which."""

    def __init__(self, variables: dict[str, str], home: Path) -> None:
        # in words: for SQS this version of it heeds no variable
        self._aws = [str(AWS), "--endpoint-url", variables["AWS_ENDPOINT_URL"]]
        self._environment = {**variables, "HOME": str(home), "PATH": "/usr/bin:/bin", "AWS_PAGER": ""}
        self.typed: set[str] = set()

    def type(self, line: str, **capitals: str) -> Any:
        """What the command answers, read."""
        assert line in LINES, "no document says so"
        self.typed.add(line)
        for written, stands_for in capitals.items():
            assert written in line
            line = line.replace(written, stands_for)
        program, *words = shlex.split(line)
        assert program == "aws"
        ran = subprocess.run(
            [*self._aws, *words], env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0, (line, ran.stderr)
        return json.loads(ran.stdout) if ran.stdout.strip() else None


def starting(words: str) -> str:
    """The one line of the documents that starts so."""
    [found] = [line for line in LINES if line.startswith(f"aws {words}")]
    return found


def test_every_command_of_the_documents_does_what_is_said_of_it(
    variables: dict[str, str], made: dict[str, str], tmp_path: Path
) -> None:
    terminal = Terminal(variables, tmp_path)
    dynamodb = client("dynamodb", variables)

    # names
    described = terminal.type(starting("cloudformation describe-stack-resource"))["StackResourceDetail"]
    assert described["PhysicalResourceId"] == made["DispatcherFunction"]
    listed = terminal.type(starting("lambda list-event-source-mappings"), FUNCTION=made["DispatcherFunction"])
    mappings = {each["EventSourceArn"].rpartition(":")[2]: each for each in listed["EventSourceMappings"]}
    assert {name.split("-")[1] for name in mappings} == {"EventsQueue", "RetryQueue"}

    # kill switches, and back
    for each in mappings.values():
        answer = terminal.type(starting("lambda update-event-source-mapping"), UUID=each["UUID"])
        assert answer["State"] in ("Disabling", "Disabled")
    reserved = terminal.type(starting("lambda put-function-concurrency"), FUNCTION=made["IngestFunction"])
    assert reserved["ReservedConcurrentExecutions"] == 0
    terminal.type(starting("lambda delete-function-concurrency"), FUNCTION=made["IngestFunction"])
    left = client("lambda", variables).get_function_concurrency(FunctionName=made["IngestFunction"])
    assert "ReservedConcurrentExecutions" not in left
    rule = made["SweeperFunctionEveryMinute"]
    for switch, state in (("disable", "DISABLED"), ("enable", "ENABLED")):
        terminal.type(starting(f"events {switch}-rule"), RULE=rule)
        assert client("events", variables).describe_rule(Name=rule)["State"] == state

    # what is no retry's only holder
    sqs = client("sqs", variables)
    sqs.send_message(QueueUrl=made["RetryDeadLetterQueue"], MessageBody="{}")
    terminal.type(starting("sqs purge-queue"), **{"`RetryDeadLetterQueue`": made["RetryDeadLetterQueue"]})
    assert not sqs.receive_message(QueueUrl=made["RetryDeadLetterQueue"]).get("Messages")

    # an interface that stayed
    ec2 = client("ec2", variables)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    eni = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    terminal.type(starting("ec2 delete-network-interface"), ENI=eni)
    assert not ec2.describe_network_interfaces()["NetworkInterfaces"]

    # a table back from a point in time
    table = made["DataTable"]
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "p"}, "sk": {"S": "s"}})
    whole = dynamodb.describe_table(TableName=table)["Table"]
    terminal.type(starting("dynamodb restore-table-to-point-in-time"), TABLE_NAME=table)
    backup = terminal.type(starting("dynamodb create-backup"))["BackupDetails"]["BackupArn"]
    terminal.type(starting("dynamodb delete-table --table-name TABLE_NAME"), TABLE_NAME=table)
    terminal.type(starting("dynamodb restore-table-from-backup"), TABLE_NAME=table, BACKUP_ARN=backup)
    terminal.type(starting("dynamodb update-time-to-live"), TABLE_NAME=table)
    terminal.type(starting("dynamodb update-continuous-backups"), TABLE_NAME=table)
    again = terminal.type(starting("dynamodb describe-table"), TABLE_NAME=table)["Table"]
    assert again["TableStatus"] == "ACTIVE"
    assert {each["IndexName"] for each in again["GlobalSecondaryIndexes"]} == {
        each["IndexName"] for each in whole["GlobalSecondaryIndexes"]
    }
    assert dynamodb.scan(TableName=table)["Count"] == 1
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "expires_at"

    # the end
    terminal.type(starting("cloudformation delete-stack"))
    staying = {made[each] for each in ("ConfigTable", "DataTable")}
    assert staying | {"restored"} == set(dynamodb.list_tables()["TableNames"])
    assert set(sqs.list_queues()["QueueUrls"]) == {made["EventsQueue"], made["EventsDeadLetterQueue"]}
    for capitals, name in (("CONFIG_TABLE_NAME", "ConfigTable"), ("DATA_TABLE_NAME", "DataTable")):
        terminal.type(starting(f"dynamodb delete-table --table-name {capitals}"), **{capitals: made[name]})
    for capitals, name in (
        ("EVENTS_QUEUE_URL", "EventsQueue"),
        ("EVENTS_DEAD_LETTER_QUEUE_URL", "EventsDeadLetterQueue"),
    ):
        terminal.type(starting(f"sqs delete-queue --queue-url {capitals}"), **{capitals: made[name]})
    assert dynamodb.list_tables()["TableNames"] == ["restored"]
    assert not sqs.list_queues().get("QueueUrls")

    assert set(LINES) == terminal.typed, "a command that nobody typed"
