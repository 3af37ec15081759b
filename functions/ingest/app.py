"""The ingest function: wiring only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.ingest.accept import accept
from functions.ingest.function_url import is_by_function_url, routed
from functions.ingest.sources import Sources
from parley import aws, telemetry
from parley.aws import UNAVAILABLE
from parley.config_table import secrets
from parley.errors import (
    MethodNotAllowedError,
    ParleyError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    body_of,
)
from parley.http import Request, json_response, response
from parley.messages import EventMessage
from parley.queues import events
from parley.settings import IngestSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from parley.event import Event

logger = telemetry.logger()

Handler = Callable[[Request], dict[str, Any]]
EMIT = "POST /v1/Assistants/{AssistantSid}/Events"
_METRICS = {TooLargeError: "TooLarge", UnavailableError: "NotKept"}


def build(settings: IngestSettings, dynamodb: DynamoDBClient, sqs: SQSClient) -> Handler:
    """The function, given its settings and clients."""
    sources = Sources(
        load=lambda sid: secrets.load_source(dynamodb, settings.config_table, sid, now_seconds=time.time()),
        now_seconds=time.monotonic,
    )

    def queue(event: Event) -> None:
        events.send(sqs, settings.events_queue_url, EventMessage(event))

    def emitted(request: Request) -> dict[str, Any]:
        # Bots' events alone need the models: a platform's call does not wait for their import (design 7).
        from functions.ingest.emit import Ports, emit  # noqa: PLC0415 — see above
        from parley.config_table import assistants  # noqa: PLC0415 — see above
        from parley.data_table.emitted import remember  # noqa: PLC0415 — see above

        ports = Ports(
            resolve=lambda account, name: assistants.resolve(dynamodb, settings.config_table, account, name),
            queue=queue,
            remember=lambda sid, received_ms: remember(
                dynamodb,
                settings.data_table,
                event_sid=sid,
                received_ms=received_ms,
                retention_days=settings.retention_days,
            ),
            public_url=settings.public_url,
        )
        done = emit(request, ports)
        _tell("emitted", request, done.event)
        return json_response(done.status, done.body)

    def handle(request: Request) -> dict[str, Any]:
        public_url = settings.public_url
        if is_by_function_url(request):
            # its callers signed its own address, whatever stands before the API
            request, public_url = routed(request), ""
        try:
            if request.route_key == EMIT:
                return emitted(request)
            accepted = accept(request, sources=sources, queue=queue, public_url=public_url)
        except ParleyError as error:
            return _refusal(request, error)
        except UNAVAILABLE as error:
            logger.exception("unavailable", extra={"error": type(error).__name__})
            return _refusal(request, UnavailableError("The event could not be kept just now; send it again"))
        _tell("accepted", request, accepted.event)
        return response(*accepted.answer)

    return handle


def _tell(what: str, request: Request, event: Event) -> None:
    telemetry.tell(what, event=event.sid, type=event.type, bytes=len(event.payload), ms=_spent_ms(request))


def _spent_ms(request: Request) -> int:
    return time.time_ns() // 1_000_000 - request.received_ms


def _refusal(request: Request, error: ParleyError) -> dict[str, Any]:
    """Its answer, a metric and a line; of a call that is not genuine, nothing that it says is kept."""
    metric = _METRICS.get(type(error), "Refused")
    telemetry.tell(
        "refused",
        {metric: 1},
        status=error.status,
        error=type(error).__name__,
        route=request.route_key,
        # too large is found out after the proof: then the source is a real one, and somebody has to look after it
        source=request.path_parameters.get("source") if metric == "TooLarge" else None,
        ms=_spent_ms(request),
    )
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, UnauthorizedError):
        # Tropo's credentials stand in the URL: a client may send them only when asked (RFC 7617)
        headers["www-authenticate"] = 'Basic realm="parley"'
    return json_response(error.status, body_of(error), headers)


@cache
def _handler() -> Handler:
    return build(IngestSettings.from_environment(os.environ), aws.dynamodb(), aws.sqs())


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 — Lambda's signature
    """Payload format 2.0 in, what the platform expects out."""
    telemetry.begin(event["requestContext"]["requestId"])
    return _handler()(Request.from_event(event))
