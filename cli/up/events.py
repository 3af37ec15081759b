"""The events that AWS hands a Lambda function, one builder per kind.

Sources, each compared key by key with its sample in tests/unit/cli: the developer guides' "AWS Lambda proxy
integrations for HTTP APIs" and "AWS Lambda authorizers for HTTP APIs" (payload format 2.0), "Using Lambda with Amazon
SQS", and EventBridge's "Scheduled Event".
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from cli.up.routing import Match, decoded_path
from cli.up.template import ACCOUNT_ID

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came over the wire.

    Attributes:
        raw_path: Undecoded, without the query.
        headers: Every header in the order sent, names as sent.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str
    received_ms: int
    request_id: str
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class Api:
    """What the gateway knows of itself."""

    api_id: str
    domain_name: str
    region: str
    account_id: str = ACCOUNT_ID


def is_text(content_type: str | None) -> bool:
    """Whether an HTTP API hands a body of this type over as text; all others, forms included, travel as base64."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def proxy_event(
    request: HttpRequest, match: Match, api: Api, authorizer_context: Mapping[str, object] | None
) -> dict[str, Any]:
    """Payload format 2.0 for a function behind a route."""
    event = {"version": "2.0", **_request(request, match, api)}
    if authorizer_context is not None:
        event["requestContext"]["authorizer"] = {"lambda": dict(authorizer_context)}
    encoded = False
    if request.body:
        encoded = not is_text(dict(_joined(request.headers)).get("content-type"))
        # The gateway puts a text body into a JSON string: bytes that are no UTF-8 do not survive it.
        text = base64.b64encode(request.body).decode() if encoded else request.body.decode("utf-8", "replace")
        event["body"] = text
    event["isBase64Encoded"] = encoded
    return event


def authorizer_event(request: HttpRequest, match: Match, api: Api, identity_source: Sequence[str]) -> dict[str, Any]:
    """Payload format 2.0 for a Lambda authorizer."""
    arn = f"arn:aws:execute-api:{api.region}:{api.account_id}:{api.api_id}/$default/{request.method}"
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{arn}{decoded_path(request.raw_path)}",
        "identitySource": list(identity_source),
        **_request(request, match, api),
    }


def _request(request: HttpRequest, match: Match, api: Api) -> dict[str, Any]:
    """What both kinds of payload 2.0 say of a request; keys without a value are absent, as in AWS."""
    path = decoded_path(request.raw_path)
    headers = _joined(request.headers)
    cookies = [
        cookie
        for name, value in request.headers
        if name.lower() == "cookie"
        for cookie in (part.strip() for part in value.split(";"))
        if cookie
    ]
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.raw_query, keep_blank_values=True, errors="replace"):
        query[name] = f"{query[name]},{value}" if name in query else value
    event: dict[str, Any] = {
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": api.account_id,
            "apiId": api.api_id,
            "domainName": api.domain_name,
            "domainPrefix": api.domain_name.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request.request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.received_ms / 1000)),
            "timeEpoch": request.received_ms,
        },
    }
    optional = {"cookies": cookies, "queryStringParameters": query, "pathParameters": match.path_parameters}
    return event | {key: value for key, value in optional.items() if value}


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers as payload 2.0 has them: lower case, repeated ones joined with commas, cookies apart."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key != "cookie":
            joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def sqs_event(messages: Sequence[Mapping[str, Any]], queue_arn: str, region: str) -> dict[str, Any]:
    """A batch from an SQS queue.

    Args:
        messages: As ReceiveMessage answers them, with all system attributes.
        queue_arn: The queue's ARN.
        region: The queue's region.
    """
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": dict(message.get("Attributes", {})),
                "messageAttributes": {
                    name: _message_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message.get("MD5OfBody")
                or hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": region,
            }
            for message in messages
        ]
    }


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute


def scheduled_event(rule: str, region: str, at_seconds: float) -> dict[str, Any]:
    """EventBridge's event for a rule with a schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_seconds)),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT_ID}:rule/{rule}"],
        "detail": {},
    }
