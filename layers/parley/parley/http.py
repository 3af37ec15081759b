"""An HTTP request as API Gateway's payload format 2.0 hands it over, and a response as it takes it back.

Source of the format: the developer guide's "AWS Lambda proxy integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_INGEST = "/ingest/"


@dataclass(frozen=True, slots=True)
class Request:
    """One inbound request.

    Attributes:
        path: Decoded by the gateway, with the stage.
        raw_query: As it was sent; the gateway's own parsing joins repeated names with commas.
        headers: Names in lower case, repeated ones joined with commas by the gateway.
        body: The raw bytes, decoded by the gateway's flag and never by content type.
        received_ms: When the function got it, by its own clock.
        domain_name: The gateway's own name for itself; not the caller's `Host`.
        authorizer: What the Lambda authorizer said of the caller; empty on open routes.
    """

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    domain_name: str
    stage: str
    host: str
    received_ms: int
    route_key: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        """Read payload format 2.0."""
        context = event["requestContext"]
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        body = event.get("body") or ""
        return cls(
            method=context["http"]["method"].upper(),
            path=event["rawPath"],
            raw_query=event.get("rawQueryString") or "",
            headers=headers,
            # surrogateescape: `sam local` may put undecodable bytes into the text that way
            body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogateescape"),
            domain_name=context["domainName"],
            stage=context["stage"],
            host=headers.get("host", context["domainName"]),
            # not the event's timeEpoch: `sam local start-api` gives seconds there, frozen when it started
            received_ms=time.time_ns() // 1_000_000,
            route_key=event["routeKey"],
            path_parameters=event.get("pathParameters") or {},
            authorizer=(context.get("authorizer") or {}).get("lambda") or {},
        )

    @property
    def _stage_prefix(self) -> str:
        return "" if self.stage == "$default" else f"/{self.stage}"

    def signed_urls(self, configured: str) -> tuple[str, ...]:
        """The URLs that the platform may have called, which some proofs cover: all of them this deployment's own.

        The caller's `Host` is not proof of anything, so it is never used; a function's environment cannot name the API
        that calls it (a circular dependency in CloudFormation), so the gateway's own domain name is. With `PublicUrl`
        that comes first, and the route alone stands behind it: the developer guide leaves an API mapping's path out of
        `rawPath`, some have seen it there. The gateway's own address stays: a platform that was given it before there
        was a `PublicUrl` goes on calling it, and its calls must not be lost.

        Args:
            configured: The `PublicUrl` parameter, or empty.
        """
        path = self.path.removeprefix(self._stage_prefix) if self._stage_prefix else self.path
        own = f"https://{self.domain_name}{self._stage_prefix}{path}"
        if not configured:
            return (own,)
        return configured.rstrip("/") + self.path[max(0, self.path.rfind(_INGEST)) :], own


def response(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """A response in payload format 2.0; a body that is not UTF-8 travels as base64."""
    try:
        return {"statusCode": status, "headers": dict(headers), "body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        encoded = base64.b64encode(body).decode("ascii")
        return {"statusCode": status, "headers": dict(headers), "body": encoded, "isBase64Encoded": True}


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A JSON response in payload format 2.0."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return response(status, {"content-type": "application/json", **(headers or {})}, content)
