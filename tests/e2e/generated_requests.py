"""Requests that schemathesis makes up from the committed document, sent to handlers in this process.

They go through `parley up`'s own gateway (routes, authorizer, payload 2.0 in and out) to the functions' handlers over
tables in memory. `python -m tests.e2e.generated_requests CASES OPERATION…` prints a line of JSON for each operation:
what was answered how often, what was wrong with an answer, and the processor time that it took.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from requests.adapters import HTTPAdapter
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3 import HTTPResponse

from cli.openapi.values import SAMPLE_ACCOUNT, SAMPLE_ASSISTANT, SAMPLE_WEBHOOK, sample_sid
from cli.signing_keys import SigningKey
from cli.up.events import Api, HttpRequest
from cli.up.gateway import Gateway
from cli.up.template import Template
from functions.authorizer import app as authorizer
from functions.history import app as history
from functions.ingest import app as ingest
from functions.webhooks import app as webhooks
from parley import replays, results, retry
from parley.config_table import assistants, sources
from parley.config_table import webhooks as webhook_store
from parley.data_table import events, jobs
from parley.event import Event
from parley.http import Request
from parley.settings import AuthorizerSettings, HistorySettings, IngestSettings, WebhooksSettings
from parley.sids import EVENT, REPLAY, SOURCE, delivery_sid
from tests.functional.gateway import lambda_context
from tests.functional.memory import ScannedClient
from tests.functional.stack import ROOT, Stack, environment
from tests.simulation.table import Table

SEED = 20_403
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUERY, BODY = ParameterLocation.QUERY, ParameterLocation.BODY
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
# A version that is not the present one may be found out before what is wrong with the body.
SCHEMA.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}
TEMPLATE = Template(ROOT / "template.yaml", {})
NOW_MS = 1_790_000_000_000
THERE = {
    "AssistantSid": SAMPLE_ASSISTANT,
    "WebhookSid": SAMPLE_WEBHOOK,
    "Webhooks": SAMPLE_WEBHOOK,
    "Sources": sample_sid(SOURCE),
    "Events": sample_sid(EVENT),
    "Deliveries": delivery_sid(sample_sid(EVENT), SAMPLE_WEBHOOK),
    "Replays": sample_sid(REPLAY),
}


class World:
    """A deployment in this process, with the resources that the document's examples name."""

    def __init__(self, made: Stack, jwks: str) -> None:
        self.made = made
        environment = {
            "CONFIG_TABLE": made.config_table,
            "DATA_TABLE": made.data_table,
            "EVENTS_QUEUE_URL": made.events_queue_url,
            "RETRY_QUEUE_URL": made.retry_queue_url,
            "PUBLIC_URL": "",
            "RETENTION_DAYS": "30",
            "EVENT_SHARDS": "8",
            "ALLOW_HTTP_TARGETS": "true",
            "ALLOWED_PRIVATE_CIDRS": "",
            "MAX_WEBHOOKS_PER_ACCOUNT": "0",
            "INGEST_URL": "",
            "JWKS": jwks,
            "ISSUER": "",
            "AUDIENCE": "",
        }
        ingest_api = ingest.build(IngestSettings.from_environment(environment), made.dynamodb, made.sqs)
        webhooks_api = webhooks.build(WebhooksSettings.from_environment(environment), made.dynamodb)
        history_api = history.build(HistorySettings.from_environment(environment), made.dynamodb, made.sqs)
        self._functions: dict[str, Callable[[Any], Any]] = {
            "AuthorizerFunction": authorizer.build(AuthorizerSettings.from_environment(environment)),
            "IngestFunction": lambda event: ingest_api(Request.from_event(event)),
            "WebhooksFunction": lambda event: webhooks_api.handle(event, lambda_context()),
            "HistoryFunction": lambda event: history_api.handle(event, lambda_context()),
        }
        self.restore()
        self._keep_event()
        self._keep_replay()

    async def invoke(self, function: str, event: object) -> Any:
        return self._functions[function](event)

    def restore(self, deleted: str = "Assistants") -> None:
        """What a request has taken away comes back; an erased event never does."""
        client, table = self.made.dynamodb, self.made.config_table
        if deleted == "Events":
            return
        if assistants.load(client, table, SAMPLE_ACCOUNT, SAMPLE_ASSISTANT) is None:
            assistants.create(
                client,
                table,
                account_sid=SAMPLE_ACCOUNT,
                unique_name=f"bot {uuid.uuid4()}",
                now_ms=NOW_MS,
                sid=SAMPLE_ASSISTANT,
            )
        if webhook_store.find(client, table, SAMPLE_ASSISTANT, SAMPLE_WEBHOOK) is None:
            webhook_store.create(
                client,
                table,
                account_sid=SAMPLE_ACCOUNT,
                assistant_sid=SAMPLE_ASSISTANT,
                unique_name=f"hook {uuid.uuid4()}",
                events="*",
                url="https://example.com/",
                secret="s",
                now_ms=NOW_MS,
                sid=SAMPLE_WEBHOOK,
            )
        if sources.find(client, table, SAMPLE_ASSISTANT, sample_sid(SOURCE)) is None:
            sources.create(
                client,
                table,
                account_sid=SAMPLE_ACCOUNT,
                assistant_sid=SAMPLE_ASSISTANT,
                unique_name=f"source {uuid.uuid4()}",
                platform="watsonx",
                token="t",
                secret="s",
                now_ms=NOW_MS,
                sid=sample_sid(SOURCE),
            )

    def _keep_replay(self) -> None:
        replay = jobs.Replay(
            sid=sample_sid(REPLAY),
            webhook_sid=SAMPLE_WEBHOOK,
            assistant_sid=SAMPLE_ASSISTANT,
            account_sid=SAMPLE_ACCOUNT,
            mode=replays.FAILED,
            from_ms=None,
            to_ms=NOW_MS,
            type=None,
            platform=None,
            conversation_id=None,
            dry_run=False,
            rate=1,
            created_ms=NOW_MS,
            status=replays.COUNTING,
        )
        jobs.create(self.made.dynamodb, self.made.data_table, replay, due_ms=NOW_MS)

    def _keep_event(self) -> None:
        event = Event(
            sid=sample_sid(EVENT),
            account_sid=SAMPLE_ACCOUNT,
            assistant_sid=SAMPLE_ASSISTANT,
            source_sid=sample_sid(SOURCE),
            platform="messagehub",
            name="message_created",
            type="message.received",
            status="accepted",
            reason=None,
            conversation_id="12",
            occurred_ms=None,
            received_ms=int(time.time() * 1000),
            rid="r",
            method="POST",
            content_type="application/json",
            payload=b'{"event":"message_created"}',
        )
        delivered = results.pack([results.Result(SAMPLE_WEBHOOK, retry.DELIVERED, 1, 204, 41)])
        values = events.to_values(event, packed_results=delivered, chunks=0, shards=8, retention_days=30)
        events.put(self.made.dynamodb, self.made.data_table, values)


class Queues:
    """Takes messages, which nobody receives."""

    def send_message(self, **_: object) -> dict[str, str]:
        return {"MessageId": "m"}

    def send_message_batch(self, **_: object) -> dict[str, list[object]]:
        return {"Failed": []}


def in_memory() -> Stack:
    """The tables of the engine's simulation: the other fake takes most of a run's time."""
    client: Any = ScannedClient({"config": Table(), "data": Table()})
    queues: Any = Queues()
    return Stack(client, queues, "config", "data", "https://queue/events", "https://queue/retries")


class InProcess(HTTPAdapter):
    """Where `requests` would open a socket: the gateway, in this process."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._gateway = gateway
        self._loop = loop

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        parts = urlsplit(str(request.url))
        headers = [(_text(name), _text(value)) for name, value in request.headers.items()]
        body = request.body or b""
        assert isinstance(body, str | bytes)
        answer = self._loop.run_until_complete(
            self._gateway.answer(
                HttpRequest(
                    method=str(request.method),
                    raw_path=parts.path,
                    raw_query=parts.query,
                    headers=[("Host", parts.netloc), *headers],
                    body=body.encode() if isinstance(body, str) else body,
                    source_ip="127.0.0.1",
                    received_ms=int(time.time() * 1000),
                    request_id="r",
                )
            )
        )
        raw = HTTPResponse(
            body=io.BytesIO(answer.body), headers=dict(answer.headers), status=answer.status, preload_content=False
        )
        return self.build_response(request, raw)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class Caller:
    """Sends cases, nine in ten with a token, ten in eleven to resources that are there."""

    def __init__(self, url: str, token: str, there: dict[str, str], restore: Callable[[str], None]) -> None:
        self.url = url
        self.authorization = f"Bearer {token}"
        self.there = there
        self.restore = restore
        self.session = requests.Session()
        self.statuses: Counter[int] = Counter()

    def place(self, operation: APIOperation[Any, Any, Any, Any]) -> dict[str, str]:
        """What stands in an operation's path, where it is there."""
        named = {**self.there, "Sid": self.there.get(fixed_segments(operation.path)[-1], "")}
        return {name: sid for name, sid in named.items() if f"{{{name}}}" in operation.path}

    def send(self, case: Case[Any]) -> None:
        # What breaks the document's rules in query or body is refused; a path or header that did is replaced here.
        components = case.meta.components if case.meta else {}
        negated = {location for location, component in components.items() if component.mode.is_negative}
        checks = [*CHECKS, negative_data_rejection] if negated & {QUERY, BODY} else CHECKS
        # By what was made up, so that a case which is tried again is the same; the token is another in each run.
        made_up = (case.path_parameters, case.query, case.headers.get("If-Match"), case.body)
        choice = crc32(repr(made_up).encode("utf-8", "replace"))
        if choice % 10:
            case.headers["Authorization"] = self.authorization
        elif case.headers.get("Authorization") == self.authorization:
            del case.headers["Authorization"]
        if choice % 11:
            case.path_parameters.update(self.place(case.operation))
        elif case.path_parameters:
            case.path_parameters["AssistantSid"] = "nobody"
        response = case.call(base_url=self.url, session=self.session)
        self.statuses[response.status_code] += 1
        case.validate_response(response, checks=checks)
        if case.method == "DELETE" and response.status_code < 300:
            self.restore(fixed_segments(case.path)[-1])

    def send_all(self, operation: APIOperation[Any, Any, Any, Any], count: int) -> None:
        """So many cases of an operation, a third of them as the document does not allow."""
        fixed: dict[str, Any] = {}
        if operation.body or len(operation.query) > 1:
            # There is enough to vary: path and token need not be made up only to be replaced.
            fixed = {
                "path_parameters": self.place(operation),
                "headers": {"Authorization": self.authorization},
            }
        refused = count // 3
        for mode, cases in ((GenerationMode.POSITIVE, count - refused), (GenerationMode.NEGATIVE, refused)):

            @seed(SEED)
            @settings(
                max_examples=cases,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode, **fixed))
            def each(case: Case[Any]) -> None:
                self.send(case)

            each()


def fixed_segments(path: str) -> list[str]:
    """A path without its variables."""
    return [segment for segment in path.split("/") if not segment.startswith("{")]


def in_process(label: str, count: int) -> tuple[Counter[int], str]:
    """The answers to so many cases of an operation, and what was wrong with one of them."""
    key, loop = SigningKey.generate(), asyncio.new_event_loop()
    with environment():
        world = World(in_memory(), json.dumps({"keys": [key.jwk()]}))
        gateway = Gateway(TEMPLATE, Api("parley", "parley.localhost", "us-east-1"), world.invoke, {})
        token = key.token(SAMPLE_ACCOUNT, lifetime_seconds=3600)
        caller = Caller("http://parley.localhost", token, THERE, world.restore)
        caller.session.mount("http://", InProcess(gateway, loop))
        wrong = ""
        try:
            caller.send_all(OPERATIONS[label], count)
        except FailureGroup as failure:
            wrong = "\n\n".join(str(each) for each in failure.exceptions)
    loop.close()
    return caller.statuses, wrong


def main() -> None:
    """A line for each operation."""
    count, labels = int(sys.argv[1]), sys.argv[2:]
    measured = 0.0  # from the process's beginning, so that the first one's share has the imports
    for label in labels:
        with redirect_stdout(io.StringIO()):  # the functions' own logs
            statuses, wrong = in_process(label, count)
        seconds, measured = time.process_time() - measured, time.process_time()
        line = {"operation": label, "statuses": statuses, "wrong": wrong, "cpu_seconds": seconds}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
