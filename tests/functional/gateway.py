"""Requests as API Gateway hands them over, made by `parley up`'s own gateway and the template's routes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from cli.up.events import Api, HttpRequest, proxy_event
from cli.up.routing import choose
from cli.up.template import Template
from tests.functional.stack import ROOT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

DOMAIN = "abc123.execute-api.eu-west-1.amazonaws.com"
_API = Api("abc123", DOMAIN, "eu-west-1")
_TEMPLATE = Template(ROOT / "template.yaml", {})


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    authorizer: Mapping[str, object] | None = None,
    received_ms: int | None = None,
) -> dict[str, Any]:
    """Payload format 2.0, by the route that the template has for it."""
    match = choose(_TEMPLATE.routes, method, path)
    assert match is not None
    request = HttpRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        headers=[("Host", DOMAIN), *headers],
        body=body,
        source_ip="192.0.2.1",
        received_ms=received_ms or time.time_ns() // 1_000_000,
        request_id=uuid.uuid4().hex,
    )
    return proxy_event(request, match, _API, authorizer)


def lambda_context(remaining_ms: int = 15_000) -> LambdaContext:
    """What Lambda hands over beside the event."""
    context = SimpleNamespace(
        function_name="test",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:test",
        aws_request_id=uuid.uuid4().hex,
        get_remaining_time_in_millis=lambda: remaining_ms,
    )
    return cast("LambdaContext", context)
