"""The real functions in this process: their handlers as Lambda calls them, the template's tables and queues in a fake,
every AWS request through one session, so that it can be counted or answered from here.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import uuid
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from botocore.session import Session

from cli.up import resources, seed
from cli.up.deployment import Deployment, Engine
from parley import aws
from parley.config_table import webhooks
from tests.benchmarks.metering import Meter
from tests.functional.gateway import lambda_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
# What each function keeps between invocations.
_KEPT = {
    "IngestFunction": ("functions.ingest.app", "_handler"),
    "DispatcherFunction": ("functions.dispatcher.app", "_ports"),
    "HistoryFunction": ("functions.history.app", "_api"),
}
_FOR_EVER = 10**9
_PARAMETERS = {"AllowHttpTargets": "true", "AllowedPrivateCidrs": "127.0.0.0/8"}


@dataclass
class Bundle:
    """A stack with the demo's sources, and its functions.

    Attributes:
        session: Whose clients the functions use.
        dynamodb: A client of another session.
        meter: Counts the requests of that session.
    """

    deployment: Deployment
    session: Session
    dynamodb: DynamoDBClient
    sqs: SQSClient
    meter: Meter

    @property
    def config_table(self) -> str:
        """Its name."""
        return self.deployment.resources["ConfigTable"][""]

    @property
    def data_table(self) -> str:
        """Its name."""
        return self.deployment.resources["DataTable"][""]

    def subscribe(self, count: int, url: str, events: str = "*") -> None:
        """So many more webhooks at a receiver, of the demo's assistant."""
        for _ in range(count):
            sid = uuid.uuid4().hex
            webhooks.create(
                self.dynamodb,
                self.config_table,
                account_sid=seed.ACCOUNT_SID,
                assistant_sid=seed.ASSISTANT_SID,
                unique_name=f"benchmark {sid}",
                events=events,
                url=f"{url}/{sid}",
                secret=f"whsec_{sid}{sid[:11]}=",
                now_ms=1_700_000_000_000,
            )

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> Any:
        """One invocation."""
        return self.function(logical_id)(event)

    def function(self, logical_id: str) -> Callable[[Mapping[str, Any]], Any]:
        """A function's handler with its environment."""
        module = importlib.import_module(_KEPT[logical_id][0])
        kept = getattr(module, _KEPT[logical_id][1])
        with mock.patch.dict(os.environ, self._environment(logical_id)):
            self._freeze(logical_id)
            kept()
        context = lambda_context()
        return lambda event: module.lambda_handler(event, context)

    def _freeze(self, logical_id: str) -> None:
        """What a function kept is gone, its connections too."""
        module = importlib.import_module(_KEPT[logical_id][0])
        kept = getattr(module, _KEPT[logical_id][1])
        if logical_id == "DispatcherFunction" and kept.cache_info().currsize:
            calls = kept().poster
            calls._loop.run_until_complete(calls._poster.close())
            calls._loop.close()
        kept.cache_clear()

    def end(self) -> None:
        """No function keeps anything."""
        for logical_id in _KEPT:
            self._freeze(logical_id)

    def _environment(self, logical_id: str) -> dict[str, str]:
        declared = self.deployment.function_environment(self.deployment.template.functions[logical_id])
        return {**declared, **self.deployment.engine.environment}

    def batches(self) -> Iterator[dict[str, Any]]:
        """Messages of EventsQueue as Lambda hands them to the dispatcher, ten at once, until there are none."""
        url = self.deployment.resources["EventsQueue"][""]
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            yield {"Records": records([message["Body"] for message in messages])}
            self.sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)],
            )


def records(bodies: Sequence[str]) -> list[dict[str, Any]]:
    """Messages as a batch's records."""
    return [
        {"messageId": str(number), "body": text, "attributes": {"ApproximateReceiveCount": "1"}}
        for number, text in enumerate(bodies)
    ]


@contextmanager
def bundle(endpoint: str | None = None, *, metered: bool = True) -> Iterator[Bundle]:
    """A new one, in the engine at an endpoint, or in whatever stands in for AWS in this process."""
    engine = Engine(endpoint or "", endpoint or "", "us-east-1", "testing", "testing", own=False)
    quiet = {"POWERTOOLS_SERVICE_NAME": "dispatcher", "POWERTOOLS_METRICS_NAMESPACE": "Parley/parley"}
    with mock.patch.dict(os.environ, {**engine.environment, **quiet}), tempfile.TemporaryDirectory() as folder:
        own = boto3.Session()
        dynamodb, sqs = own.client("dynamodb"), own.client("sqs")
        template = Deployment(TEMPLATE, _PARAMETERS, {}, engine, Path(folder), 1.0).template
        made = resources.create(template, dynamodb, sqs, prefix=f"bench-{uuid.uuid4().hex[:6]}", time_scale=1)
        deployment = Deployment(TEMPLATE, _PARAMETERS, made, engine, Path(folder), 1.0)
        session = Session()
        meter = Meter(dynamodb, _projected(deployment))
        found = Bundle(deployment, session, dynamodb, sqs, meter)
        seed.seed(dynamodb, found.config_table)
        try:
            # from the start: a client copies its session's hooks when it is made
            with (
                mock.patch.object(aws, "session", return_value=session),
                meter.on(session) if metered else nullcontext(),
            ):
                yield found
        finally:
            found.end()


def _projected(deployment: Deployment) -> frozenset[str]:
    """What the template's index copies."""
    (table,) = (table for table in deployment.template.tables if table.logical_id == "DataTable")
    (index,) = table.schema["GlobalSecondaryIndexes"]
    return frozenset(index["Projection"]["NonKeyAttributes"])


@contextmanager
def never_stale() -> Iterator[None]:
    """Caches last and no receiver is slow, however busy this machine is: what is counted must not depend on it."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("functions.ingest.sources.FRESH_SECONDS", _FOR_EVER))
        stack.enter_context(mock.patch("functions.dispatcher.routes.FRESH_SECONDS", _FOR_EVER))
        stack.enter_context(mock.patch("functions.dispatcher.routes.SECRET_SECONDS", _FOR_EVER))
        stack.enter_context(mock.patch("functions.dispatcher.vitals.FRESH_MS", _FOR_EVER))
        stack.enter_context(mock.patch("functions.dispatcher.vitals.speeds_after", lambda speeds, _: speeds))
        yield


@contextmanager
def written() -> Iterator[Callable[[], str]]:
    """All that this process writes to its standard output, as Lambda's log would have it."""
    sys.stdout.flush()
    kept = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)

        def text() -> str:
            sys.stdout.flush()
            file.seek(0)
            return file.read().decode()

        try:
            yield text
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)
