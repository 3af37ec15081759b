"""docs/operations.md, "Restoring a table": its lines, typed against moto, leave the stack's table as it was."""

from __future__ import annotations

import re
import shlex
from typing import Any

import boto3
from moto import mock_aws

from cli.up.intrinsics import load
from tests.documents.blocks import ROOT, shell_lines, text_of

SECTION = text_of("docs/operations.md").partition("## Restoring a table\n")[2].partition("\n## ")[0]
TABLE = load((ROOT / "template.yaml").read_text("utf-8"))["Resources"]["DataTable"]["Properties"]
ITEM = {"pk": {"S": "p"}, "sk": {"S": "s"}, "ipk": {"S": "i"}, "isk": {"S": "j"}}


def value(text: str) -> Any:
    """An option's value, as the AWS CLI reads it: a text, or the shorthand of a structure."""
    if not re.fullmatch(r"\w+=\w+(,\w+=\w+)*", text):
        return text
    members = dict(each.split("=") for each in text.split(","))
    return {name: True if said == "true" else said for name, said in members.items()}


def typed(client: Any, line: str) -> Any:
    program, service, command, *words = shlex.split(line)
    assert (program, service) == ("aws", "dynamodb")
    given = {
        re.sub(r"(?:^|-)(\w)", lambda found: found[1].upper(), option.removeprefix("--")): value(text)
        for option, text in zip(words[::2], words[1::2], strict=True)
    }
    return getattr(client, command.replace("-", "_"))(**given)


@mock_aws
def test_the_lines_bring_items_index_expiry_and_recovery_back_under_the_tables_own_name() -> None:
    client = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t")
    index: Any = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in TABLE["GlobalSecondaryIndexes"]
    ]
    named = {name: TABLE[name] for name in ("BillingMode", "AttributeDefinitions", "KeySchema")}
    client.create_table(TableName="TABLE_NAME", GlobalSecondaryIndexes=index, **named)
    recovery = TABLE["PointInTimeRecoverySpecification"]
    client.update_continuous_backups(TableName="TABLE_NAME", PointInTimeRecoverySpecification=recovery)
    client.put_item(TableName="TABLE_NAME", Item=ITEM)

    lines = shell_lines(SECTION)
    assert len(lines) == 6
    arn = "BACKUP_ARN"
    for line in lines:
        answer = typed(client, line.replace("BACKUP_ARN", arn))
        arn = answer.get("BackupDetails", {}).get("BackupArn", arn)

    found = client.query(
        TableName="TABLE_NAME",
        IndexName=index[0]["IndexName"],
        KeyConditionExpression="ipk = :i",
        ExpressionAttributeValues={":i": {"S": "i"}},
    )
    assert found["Items"] == [ITEM]
    expiry = client.describe_time_to_live(TableName="TABLE_NAME")["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "ENABLED"
    assert expiry["AttributeName"] == TABLE["TimeToLiveSpecification"]["AttributeName"]
    backups = client.describe_continuous_backups(TableName="TABLE_NAME")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
