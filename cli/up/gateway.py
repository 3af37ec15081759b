"""The HTTP API on this machine: limits, routes, authorizer, payload 2.0 in, responses out.

The limits are API Gateway's and Lambda's: 10,240 bytes of request line and headers (431), 10 MB of body (413), 6 MB of
event (413; what AWS answers there could not be tried), 30 s (503).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from cli.up import responses
from cli.up.authorizer import Decision, Decisions, MalformedAnswerError, identity_source
from cli.up.channel import Parent
from cli.up.deployment import Deployment
from cli.up.events import Api, HttpRequest, authorizer_event, proxy_event
from cli.up.pool import MAX_EVENT_BYTES, InvocationError, Pool
from cli.up.pump import say
from cli.up.resources import sqs_client
from cli.up.responses import HttpResponse
from cli.up.routing import Match, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs.client import SQSClient

    from cli.up.channel import Json
    from cli.up.template import Authorizer, Template

MAX_HEAD_BYTES = 10_240
MAX_BODY_BYTES = 10 * 1024 * 1024
INTEGRATION_SECONDS = 30.0
WORKERS = 4
"""Environments of each function behind a route."""

_PARSER_BYTES = 1024 * 1024
"""What the parser lets through, so that we and not it refuse a head over the limit."""

HELD_BACK_OVER = 500
"""Messages in a queue of moto's over which its producers are refused: its time per message grows with the backlog."""

_BACKLOG_SECONDS = 0.25
_COUNTS = ("", "NotVisible", "Delayed")


class Backlog:
    """Whether a queue has so many messages that its producers must wait; asked of the engine now and then."""

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        """Asks nothing yet."""
        self._sqs = sqs
        self._queue_url = queue_url
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._asked = 0.0
        self._messages = 0

    async def too_long(self) -> bool:
        """Whether the last reading, at most a quarter of a second old, was over the limit."""
        if time.monotonic() - self._asked > _BACKLOG_SECONDS:
            self._asked = time.monotonic()
            self._messages = await asyncio.get_running_loop().run_in_executor(self._threads, self._count)
        return self._messages > HELD_BACK_OVER

    def _count(self) -> int:
        names: list[Any] = [f"ApproximateNumberOfMessages{kind}" for kind in _COUNTS]
        try:
            answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)
        except (BotoCoreError, ClientError) as error:
            say(f"backlog: {error}")
            return 0
        return sum(int(answer["Attributes"][name]) for name in names)


class Gateway:
    """Answers requests as the template's HTTP API would."""

    def __init__(
        self,
        template: Template,
        api: Api,
        invoke: Callable[[str, object], Awaitable[Json]],
        backlogs: Mapping[str, Backlog],
    ) -> None:
        """Takes the routes, its own name, how to invoke a function, and the queue to look at before invoking one."""
        self._template = template
        self._api = api
        self._invoke = invoke
        self._backlogs = backlogs
        self._decisions = {
            name: Decisions(authorizer.cache_seconds) for name, authorizer in template.authorizers.items()
        }

    async def answer(self, request: HttpRequest, head_bytes: int) -> HttpResponse:
        """The response to a request whose line and headers had `head_bytes`."""
        if head_bytes > MAX_HEAD_BYTES:
            return responses.HEADERS_TOO_LARGE
        if len(request.body) > MAX_BODY_BYTES:
            return responses.TOO_LARGE
        match = choose(self._template.routes, request.method, request.raw_path)
        return responses.NOT_FOUND if match is None else await self._take(request, match)

    async def _take(self, request: HttpRequest, match: Match) -> HttpResponse:
        """The response of the route that the request takes."""
        context: Mapping[str, object] | None = None
        if authorizer := match.route.authorizer:
            decided = await self._authorize(authorizer, request, match)
            if isinstance(decided, HttpResponse):
                return decided
            context = decided.context
        backlog = self._backlogs.get(match.route.function)
        if backlog and await backlog.too_long():
            return responses.UNAVAILABLE
        event = proxy_event(request, match, self._api, context)
        if len(json.dumps(event)) > MAX_EVENT_BYTES:
            return responses.TOO_LARGE
        return await self._integrate(match.route.function, event)

    async def _authorize(self, authorizer: Authorizer, request: HttpRequest, match: Match) -> Decision | HttpResponse:
        identity = identity_source(authorizer, request.headers)
        if identity is None:
            return responses.UNAUTHORIZED
        event = authorizer_event(request, match, self._api, identity)
        try:
            decision = await self._decisions[authorizer.name].decide(
                identity, lambda: self._invoke(authorizer.function, event)
            )
        except (InvocationError, MalformedAnswerError) as error:
            say(f"{authorizer.function}: {type(error).__name__}: {error}")
            return responses.FAILED
        return decision if decision.allowed else responses.FORBIDDEN

    async def _integrate(self, function: str, event: object) -> HttpResponse:
        invocation = asyncio.ensure_future(self._invoke(function, event))
        try:
            # shielded: the gateway gives up waiting, the function runs on to its own timeout
            return responses.from_function(await asyncio.wait_for(asyncio.shield(invocation), INTEGRATION_SECONDS))
        except TimeoutError:
            invocation.add_done_callback(lambda done: done.cancelled() or done.exception())
            return responses.UNAVAILABLE
        except InvocationError as error:
            say(f"{function}: {error}")
            return responses.FAILED


async def serve(gateway: Gateway, request: web.BaseRequest) -> web.StreamResponse:
    """One request of aiohttp's as the gateway sees it, and its answer back."""
    request_id = base64.b64encode(os.urandom(11)).decode()
    raw_path, _, raw_query = request.raw_path.partition("?")
    headers = [
        (name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in request.raw_headers
    ]
    # "GET /path HTTP/1.1\r\n" and "name: value\r\n" as they came
    head_bytes = len(f"{request.method} {request.raw_path} HTTP/1.1\r\n") + sum(
        len(name) + len(value) + 4 for name, value in request.raw_headers
    )
    body = b""
    if head_bytes <= MAX_HEAD_BYTES:
        body = await _read_body(request)
    answer = await gateway.answer(
        HttpRequest(
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            headers=headers,
            body=body,
            source_ip=request.remote or "127.0.0.1",
            received_ms=int(time.time() * 1000),
            request_id=request_id,
        ),
        head_bytes,
    )
    response = web.Response(status=answer.status, body=answer.body)
    for name, value in answer.headers:
        if name != "content-length":  # what the body has is what is sent
            response.headers.add(name, value)
    response.headers["Apigw-Requestid"] = request_id
    response.headers["Server"] = "parley-up"
    if len(body) > MAX_BODY_BYTES or answer.status == responses.HEADERS_TOO_LARGE.status:
        response.force_close()  # the rest of the body is not read
    return response


async def _read_body(request: web.BaseRequest) -> bytes:
    """The body, or its first bytes over the limit."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return bytes(MAX_BODY_BYTES + 1)  # refused by its length; nobody reads it
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            break
    return b"".join(chunks)


def _backlogs(deployment: Deployment) -> dict[str, Backlog]:
    """The queue behind each function that answers requests and sends to the queue of a mapping."""
    template = deployment.template
    mapped = {source.queue for source in template.mappings}
    sqs = sqs_client(deployment.engine)
    found = {}
    for logical_id in sorted({route.function for route in template.routes}):
        for queue in sorted(template.refers_to(template.functions[logical_id]) & mapped):
            found[logical_id] = Backlog(sqs, deployment.resources[queue][""])
    return found


async def _main(parent: Parent) -> None:
    told = parent.receive()
    deployment = Deployment.from_json(told["deployment"])
    template = deployment.template
    names = {route.function for route in template.routes} | {one.function for one in template.authorizers.values()}
    pools = {name: Pool(deployment, template.functions[name], size=WORKERS) for name in sorted(names)}
    gateway = Gateway(
        template,
        Api(api_id="parley", domain_name="parley.localhost", region=deployment.engine.region),
        lambda name, event: pools[name].invoke(event),
        _backlogs(deployment) if deployment.engine.own else {},
    )
    server = web.Server(
        lambda request: serve(gateway, request),
        auto_decompress=False,
        access_log=None,
        max_line_size=_PARSER_BYTES,
        max_field_size=_PARSER_BYTES,
        max_headers=_PARSER_BYTES,
    )
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=told["descriptor"])).start()
    parent.send({"ready": True})
    await asyncio.gather(*(pool.warm(parent.tell) for pool in pools.values()))
    await asyncio.Event().wait()


def main() -> None:
    """Serves on the listening socket that the supervisor hands over, until the supervisor is gone."""
    asyncio.run(_main(Parent.connect(sys.argv)))


if __name__ == "__main__":
    main()
