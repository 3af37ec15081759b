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
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.up import http1, reference, responses
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
        local: Mapping[str, HttpResponse] | None = None,
    ) -> None:
        """Begin without decisions.

        Args:
            template: Has the routes.
            api: Its own name.
            invoke: A function's answer to an event.
            backlogs: The queue to look at before invoking a function.
            local: By path, what a GET of it is answered on this machine and not in AWS.
        """
        self._local = local or {}
        self._template = template
        self._api = api
        self._invoke = invoke
        self._backlogs = backlogs
        self._decisions = {
            name: Decisions(authorizer.cache_seconds) for name, authorizer in template.authorizers.items()
        }

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """The response to a request that is within the limits of the wire."""
        if request.method == "GET" and request.raw_path in self._local:
            return self._local[request.raw_path]
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


_REFUSALS = {
    http1.BadRequestError: responses.BAD_REQUEST,
    http1.HeadTooLargeError: responses.HEADERS_TOO_LARGE,
    http1.BodyTooLargeError: responses.TOO_LARGE,
}


async def serve(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: a request, its answer, the next request."""
    try:
        while await _serve_one(gateway, reader, writer):
            pass
    except (OSError, asyncio.IncompleteReadError):
        pass  # the client is gone
    except tuple(_REFUSALS) as error:
        await _send(writer, _REFUSALS[type(error)], body=True, closing=True)
        await http1.linger(reader, writer)
    finally:
        writer.close()


async def _serve_one(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether another request may follow."""
    head = await http1.read_head(reader, MAX_HEAD_BYTES)
    if head is None:
        return False
    request_id = _request_id()
    request = HttpRequest(
        method=head.method,
        raw_path=head.path,
        raw_query=head.query,
        headers=head.headers,
        body=await http1.read_body(reader, writer, head, MAX_BODY_BYTES),
        source_ip=str(writer.get_extra_info("peername")[0]),
        received_ms=int(time.time() * 1000),
        request_id=request_id,
        protocol=head.protocol,
    )
    try:
        response = await gateway.answer(request)
    except Exception as error:  # noqa: BLE001 (ours, whatever it is; its text may quote the request: invariant 4)
        say(f"{type(error).__name__} in the gateway\n{''.join(traceback.format_tb(error.__traceback__))}")
        response = responses.FAILED
    await _send(writer, response, body=head.method != "HEAD", closing=head.closing, request_id=request_id)
    return not head.closing


async def _send(
    writer: asyncio.StreamWriter, response: HttpResponse, *, body: bool, closing: bool, request_id: str | None = None
) -> None:
    headers = (*response.headers, ("apigw-requestid", request_id or _request_id()))
    writer.write(http1.encode(replace(response, headers=headers), body=body, closing=closing))
    with suppress(OSError):
        await writer.drain()


def _request_id() -> str:
    return base64.b64encode(os.urandom(11)).decode()


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


def _local(deployment: Deployment) -> dict[str, HttpResponse]:
    """What only this machine serves."""
    project = deployment.template.path.parent
    described = reference.document(project, deployment.parameters.get("PublicUrl", ""))
    return {reference.PATH: described} if described else {}


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
        _local(deployment),
    )
    await asyncio.start_server(
        lambda reader, writer: serve(gateway, reader, writer), sock=socket.socket(fileno=told["descriptor"])
    )
    parent.send({"ready": True})
    await asyncio.gather(*(pool.warm(parent.tell) for pool in pools.values()))
    await asyncio.Event().wait()


def main() -> None:
    """Serves on the listening socket that the supervisor hands over, until the supervisor is gone."""
    asyncio.run(_main(Parent.connect(sys.argv)))


if __name__ == "__main__":
    main()
