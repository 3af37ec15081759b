from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.up.clock import delete_expired
from cli.up.resources import create, delete, scaled_seconds

if TYPE_CHECKING:
    from cli.up.template import Template


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1"), boto3.client("sqs", region_name="us-east-1")


def test_tables_and_queues_are_the_templates(toy: Template, clients: Any) -> None:
    dynamodb, sqs = clients
    made = create(toy, dynamodb, sqs, prefix="parley-local", time_scale=1)

    table = dynamodb.describe_table(TableName=made["Things"][""])["Table"]
    queue = sqs.get_queue_attributes(QueueUrl=made["Work"][""], AttributeNames=["All"])["Attributes"]
    assert made["Things"][""] == "parley-local-Things"
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["BySk"]
    assert (queue["VisibilityTimeout"], queue["MessageRetentionPeriod"]) == ("60", "3600")
    assert made["Dead"]["Arn"] in queue["RedrivePolicy"]
    assert made["Work"]["QueueName"] == "parley-local-Work"


def refuse(client: Any, operation: str, code: str) -> None:
    """Makes a client's engine answer one operation as engines do that do not know it."""
    answer: Any = {"Error": {"Code": code, "Message": ""}}

    def refused(**_: object) -> None:
        raise ClientError(answer, operation)

    client.meta.events.register(f"before-call.{client.meta.service_model.service_name}.{operation}", refused)


def test_a_table_asks_nothing_of_its_engine_that_dynalite_does_not_know(toy: Template, clients: Any) -> None:
    # dynalite 4.0.0 answers so; what has expired is deleted by the clock
    dynamodb, sqs = clients
    refuse(dynamodb, "UpdateTimeToLive", "UnknownOperationException")

    assert "Things" in create(toy, dynamodb, sqs, prefix="parley-local", time_scale=1)


def test_what_cannot_be_made_whole_leaves_nothing_in_an_engine(toy: Template, clients: Any) -> None:
    # sqslite 2.1.1 answers 415 to SQS's JSON protocol, when the tables stand already in another engine
    dynamodb, sqs = clients
    refuse(sqs, "CreateQueue", "415")

    with pytest.raises(ClientError, match="415"):
        create(toy, dynamodb, sqs, prefix="parley-local", time_scale=1)
    assert dynamodb.list_tables()["TableNames"] == []


def test_what_is_gone_hinders_no_deletion_of_the_rest(toy: Template, clients: Any) -> None:
    dynamodb, sqs = clients
    made = create(toy, dynamodb, sqs, prefix="parley-local", time_scale=1)
    dynamodb.delete_table(TableName=made["Things"][""])
    sqs.delete_queue(QueueUrl=made["Work"][""])

    delete(toy, dynamodb, sqs, made)
    assert dynamodb.list_tables()["TableNames"] == []
    assert "QueueUrls" not in sqs.list_queues()


def test_visibility_is_divided_by_the_time_scale(toy: Template, clients: Any) -> None:
    _, sqs = clients
    made = create(toy, *clients, prefix="parley-local", time_scale=7)

    queue = sqs.get_queue_attributes(QueueUrl=made["Work"][""], AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert queue["VisibilityTimeout"] == "9"


@pytest.mark.parametrize(("seconds", "scale", "scaled"), [(120, 1, 120), (120, 60, 2), (120, 50, 3), (1, 1000, 1)])
def test_scaled_seconds_are_whole_and_never_none(seconds: float, scale: float, scaled: int) -> None:
    assert scaled_seconds(seconds, scale) == scaled


def test_redrive_is_the_engines_and_keeps_the_message_id_as_sqs_does(toy: Template, clients: Any) -> None:
    _, sqs = clients
    made = create(toy, *clients, prefix="parley-local", time_scale=1)
    work, dead = made["Work"][""], made["Dead"][""]
    sent = sqs.send_message(QueueUrl=work, MessageBody="x")["MessageId"]

    received = [sqs.receive_message(QueueUrl=work, VisibilityTimeout=0).get("Messages", []) for _ in range(3)]
    [moved] = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert [len(messages) for messages in received] == [1, 1, 0]
    assert moved["MessageId"] == sent


def test_expired_items_are_deleted_and_no_others(toy: Template, clients: Any) -> None:
    dynamodb, _ = clients
    name = create(toy, *clients, prefix="parley-local", time_scale=1)["Things"][""]
    for key, gone_at in [("old", "999"), ("now", "1000"), ("new", "1001"), ("always", None)]:
        item = {"pk": {"S": key}, "sk": {"S": "x"}} | ({"gone_at": {"N": gone_at}} if gone_at else {})
        dynamodb.put_item(TableName=name, Item=item)

    assert delete_expired(dynamodb, toy.tables[0], name, 1000) == 1
    assert {item["pk"]["S"] for item in dynamodb.scan(TableName=name)["Items"]} == {"now", "new", "always"}
