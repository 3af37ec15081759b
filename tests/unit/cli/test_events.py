"""Each kind of event key by key against the sample in AWS's documentation."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cli.up.events import Api, HttpRequest, authorizer_event, is_text, proxy_event, scheduled_event, sqs_event
from cli.up.routing import Match
from cli.up.template import Route

API = Api(api_id="api-id", domain_name="id.execute-api.us-east-1.amazonaws.com", region="us-east-1")
DEFAULT = Match(Route("ANY", "$default", "F", None), {"parameter1": "value1"})
REQUEST = HttpRequest(
    method="POST",
    raw_path="/my/path",
    raw_query="parameter1=value1&parameter1=value2&parameter2=value",
    headers=[
        ("Header1", "value1"),
        ("Header2", "value1"),
        ("header2", "value2"),
        ("Cookie", "cookie1; cookie2"),
        ("User-Agent", "agent"),
        ("Content-Type", "text/plain"),
    ],
    body=b"Hello from Lambda",
    source_ip="192.0.2.1",
    received_ms=1_584_039_838_390,
    request_id="JKJaXmPLvHcESHA=",
)

# "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0. Left out of it here: client
# certificates (mutual TLS), the JWT authorizer's claims (ours is a Lambda authorizer: `authorizer.lambda`) and stage
# variables, none of which the template has. Its time and timeEpoch contradict each other; the epoch's time stands here.
PROXY_SAMPLE: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/my/path",
    "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
    "cookies": ["cookie1", "cookie2"],
    "headers": {
        "header1": "value1",
        "header2": "value1,value2",
        "user-agent": "agent",
        "content-type": "text/plain",
    },
    "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "api-id",
        "authorizer": {"lambda": {"key": "value"}},
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": "POST",
            "path": "/my/path",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "agent",
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": "$default",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1_584_039_838_390,
    },
    "body": "Hello from Lambda",
    "pathParameters": {"parameter1": "value1"},
    "isBase64Encoded": False,
}


def test_a_proxy_event_is_the_documented_one() -> None:
    assert proxy_event(REQUEST, DEFAULT, API, {"key": "value"}) == PROXY_SAMPLE


def test_an_authorizer_event_is_the_documented_one() -> None:
    # "Control access to HTTP APIs with AWS Lambda authorizers", payload format 2.0, without the same keys as above.
    shared = {key: PROXY_SAMPLE[key] for key in PROXY_SAMPLE if key not in ("body", "isBase64Encoded")}
    context = {key: value for key, value in PROXY_SAMPLE["requestContext"].items() if key != "authorizer"}

    assert authorizer_event(REQUEST, DEFAULT, API, ["user1", "123"]) == {
        **shared,
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:api-id/$default/POST/my/path",
        "identitySource": ["user1", "123"],
        "requestContext": context,
    }


def test_an_sqs_event_is_the_documented_one() -> None:
    # "Using Lambda with Amazon SQS", the standard queue's example message event.
    received = {
        "MessageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "ReceiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "Body": "Test message.",
        "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "MessageAttributes": {"myAttribute": {"DataType": "String", "StringValue": "myValue"}},
    }
    assert sqs_event([received], "arn:aws:sqs:us-east-2:123456789012:my-queue", "us-east-2") == {
        "Records": [
            {
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": "Test message.",
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                },
                "messageAttributes": {
                    "myAttribute": {
                        "stringValue": "myValue",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    }
                },
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                "awsRegion": "us-east-2",
            }
        ]
    }


def test_binary_message_attributes_travel_as_base64_and_fair_queues_group_ids_as_attributes() -> None:
    received = {
        "MessageId": "1",
        "ReceiptHandle": "r",
        "Body": "b",
        "MD5OfBody": "92eb5ffee6ae2fec3ad71c777531578f",
        "Attributes": {"MessageGroupId": "g"},
        "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
    }
    [record] = sqs_event([received], "arn", "r")["Records"]

    assert record["messageAttributes"]["a"]["binaryValue"] == "AP8="
    assert record["attributes"] == {"MessageGroupId": "g"}


def test_a_scheduled_event_is_the_documented_one() -> None:
    # "Using Lambda with EventBridge Scheduler and rules": the rule's example event.
    event = scheduled_event("my-scheduled-rule", "us-east-1", 1_444_323_186)
    identifier = event.pop("id")

    assert len(identifier) == len("53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2015-10-08T16:53:06Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
        "detail": {},
    }


def request(**changes: Any) -> HttpRequest:
    fields: dict[str, Any] = {
        "method": "GET",
        "raw_path": "/",
        "raw_query": "",
        "headers": [],
        "body": b"",
        "source_ip": "127.0.0.1",
        "received_ms": 0,
        "request_id": "i",
    }
    return HttpRequest(**{**fields, **changes})


def event_of(**changes: Any) -> dict[str, Any]:
    return proxy_event(request(**changes), Match(DEFAULT.route, {}), API, None)


def test_what_a_request_does_not_have_has_no_key() -> None:
    event = event_of()

    assert set(event) == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "isBase64Encoded",
    }
    assert "authorizer" not in event["requestContext"]
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/html; charset=utf-8",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/xml",
        "application/javascript",
    ],
)
def test_these_bodies_travel_as_text(content_type: str) -> None:
    event = event_of(headers=[("Content-Type", content_type)], body="{日}".encode())

    assert (event["body"], event["isBase64Encoded"]) == ("{日}", False)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "application/cloudevents+json", "multipart/form-data; boundary=x", "", None],
)
def test_all_others_travel_as_base64(content_type: str | None) -> None:
    headers = [] if content_type is None else [("content-type", content_type)]
    event = event_of(headers=headers, body=b"a=\xff")

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"a=\xff"
    assert not is_text(content_type)


def test_a_json_body_that_is_not_utf8_is_damaged_by_the_gateway() -> None:
    assert event_of(headers=[("content-type", "application/json")], body=b'"\xe9"')["body"] == '"\ufffd"'


def test_the_query_is_kept_as_sent_and_joined_when_parsed() -> None:
    event = event_of(raw_query="a=1%2C2&a=%E6%97%A5&b=&c")

    assert event["rawQueryString"] == "a=1%2C2&a=%E6%97%A5&b=&c"
    assert event["queryStringParameters"] == {"a": "1,2,日", "b": "", "c": ""}


def test_the_path_is_decoded_in_both_places() -> None:
    event = event_of(raw_path="/a%20b")

    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/a b"


def test_an_event_for_a_route_carries_its_key() -> None:
    match = Match(Route("GET", "/pets/{id}", "F", None), {"id": "1"})
    event = proxy_event(request(), match, API, None)

    assert event["routeKey"] == event["requestContext"]["routeKey"] == "GET /pets/{id}"
