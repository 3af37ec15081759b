"""What each function is started with: the built artifact, the template's variables, a first event with real work."""

from __future__ import annotations

import json
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from cli.up import seed
from parley.messages import EventMessage, decode, encode
from tests.benchmarks import payloads
from tests.benchmarks.bundle import ROOT, Bundle, bundle, records, written
from tests.benchmarks.environment import Code, Start, is_lambdas, runtime_packages, start
from tests.benchmarks.sink import sink
from tests.functional.gateway import http_event
from tests.load.engine import ministack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.up.template import Function
    from parley.event import Event

_CALLER = {"account": seed.ACCOUNT_SID, "scopes": "read write", "expires": "4102444800", "token_id": "bench"}
_SAMPLE = ROOT / "events" / "authorizer" / "bearer.json"
# In the order of the design's budgets; the clients that each makes are the floor's too.
CLIENTS = {
    "authorizer": ("dynamodb", "sqs"),
    "ingest": ("dynamodb", "sqs"),
    "webhooks": ("dynamodb",),
    "history": ("dynamodb", "sqs"),
    "dispatcher": ("dynamodb", "sqs"),
    "sweeper": ("dynamodb", "sqs"),
}
_FLOOR = """import os
import boto3
clients = [boto3.client(name) for name in os.environ["CLIENTS"].split(",")]
def lambda_handler(event, context):
    return {}
"""


def code_of(build: Path, folder: Path, function: Function) -> Code:
    """A function as it is in Lambda, or where this machine has not Lambda's Python, as near as can be."""
    runtime = runtime_packages(folder)
    if is_lambdas():
        layer = build / "ParleyLayer" / "python"
        return Code(build / function.logical_id, (layer, runtime), function.handler)
    # the layer's wheels are of another Python: the sources, with what is installed here
    installed = Path(aiohttp.__file__).parents[1]
    return Code(ROOT, (ROOT, ROOT / "layers" / "parley", runtime, installed), function.handler)


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts functions cold.

    Attributes:
        build: What `sam build` made.
        folder: Where the runtime's packages and the floor lie.
    """

    build: Path
    folder: Path
    found: Bundle
    sample: Event

    def function(self, name: str, *options: str, event: Mapping[str, Any] | None = None) -> Start:
        """One cold start of a function, its first invocation included."""
        function = self.found.deployment.template.functions[f"{name.title()}Function"]
        environ = self.found.deployment.worker_environment(function)
        if name == "authorizer":
            environ |= {"JWKS": json.dumps({"keys": [seed.SAMPLE_KEY]})}
        code = code_of(self.build, self.folder, function)
        return start(code, event or self.event(name), environ, *options)

    def floor(self, name: str) -> Start:
        """One cold start of a bare handler that imports the SDK and makes the same clients."""
        task = self.folder / "floor"
        task.mkdir(exist_ok=True)
        (task / "floor.py").write_text(_FLOOR)
        environ = {**self.found.deployment.engine.environment, "CLIENTS": ",".join(CLIENTS[name])}
        code = Code(task, (runtime_packages(self.folder),), "floor.lambda_handler")
        return start(code, {}, environ)

    def event(self, name: str) -> Mapping[str, Any]:
        """An event that a function does its ordinary work for."""
        match name:
            case "authorizer":
                event: Mapping[str, Any] = json.loads(_SAMPLE.read_text(encoding="utf-8"))
                return event
            case "ingest":
                return payloads.call("messagehub")
            case "webhooks":
                return http_event("GET", "/v1/Assistants", authorizer=_CALLER)
            case "history":
                return http_event("GET", "/v1/Assistants/demo-bot/Events", authorizer=_CALLER)
            case "dispatcher":
                return self.batch(1)
            case _:
                return {"source": "aws.scheduler"}

    def batch(self, events: int) -> Mapping[str, Any]:
        """So many new events for the dispatcher."""
        fresh = (
            replace(self.sample, sid=self.sample.sid[:14] + secrets.token_hex(10), rid=secrets.token_hex(16))
            for _ in range(events)
        )
        return {"Records": records([encode(EventMessage(event)) for event in fresh])}


@contextmanager
def starter(build: Path, folder: Path, *, webhooks: int) -> Iterator[Starter]:
    """With an engine, a receiver and so many webhooks."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ministack(Path(scratch)) as endpoint,
        bundle(endpoint, metered=False) as found,
        sink() as url,
    ):
        found.subscribe(webhooks, url)
        with written():
            found.invoke("IngestFunction", payloads.call("messagehub"))
            (taken,) = found.batches()
        message = decode(taken["Records"][0]["body"])
        assert isinstance(message, EventMessage)
        yield Starter(build, folder, found, message.event)
