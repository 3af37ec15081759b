"""Every sample event against its handler, in this process: what `make sam-local` does again in containers."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from cli.up import resources, seed
from cli.up.deployment import Deployment, Engine
from cli.up.files import sam_local_variables
from cli.up.partiql import teach_moto
from cli.up.template import Template
from parley.config_table import webhooks
from tests.functional.gateway import lambda_context
from tests.functional.stack import ROOT
from tests.sample_events import WEBHOOK_NAME, WEBHOOK_SECRET, Case, Receiver, cases, in_order, like, readable, receiver

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

PARAMETERS = {"AllowHttpTargets": "true", "AllowedPrivateCidrs": "127.0.0.0/8"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Deployed:
    """The seeded deployment, with the variables that `sam local` would give to the functions."""

    variables: dict[str, dict[str, str]]
    sqs: SQSClient
    receiver: Receiver
    done: set[str] = field(default_factory=set)

    def run(self, sample: Case) -> dict[str, Any]:
        with mock.patch.dict(os.environ, self.variables[sample.logical_id]):
            module = cold(f"functions.{sample.function}.app")
            answer = module.lambda_handler(sample.event, lambda_context())
        happened = {"answer": json.loads(json.dumps(answer))}
        if sample.function == "ingest":
            happened["queued"] = self._queued()
        if sample.function == "dispatcher":
            happened["callbacks"] = self.receiver.take()
            calls = module._ports().poster
            calls._loop.run_until_complete(calls._poster.close())
            calls._loop.close()
        return happened

    def _queued(self) -> list[dict[str, Any]]:
        url = self.variables["IngestFunction"]["EVENTS_QUEUE_URL"]
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [readable(message["Body"]) for message in messages]


def cold(name: str) -> ModuleType:
    """The module as after a cold start: it holds no client and no setting of another environment."""
    module = importlib.import_module(name)
    for member in vars(module).values():
        if hasattr(member, "cache_clear"):
            member.cache_clear()
    return module


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    teach_moto()
    with mock.patch.dict(os.environ, CREDENTIALS), mock_aws(), receiver() as listening:
        dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
        template = Template(ROOT / "template.yaml", PARAMETERS)
        made = resources.create(template, dynamodb, sqs, prefix="sample", time_scale=1)
        engine = Engine("", "", "us-east-1", "testing", "testing", own=False)
        deployment = Deployment(template.path, PARAMETERS, made, engine, tmp_path_factory.mktemp("logs"), 1.0)
        table = made["ConfigTable"][""]
        seed.seed(dynamodb, table)
        webhooks.create(
            dynamodb,
            table,
            account_sid=seed.ACCOUNT_SID,
            assistant_sid=seed.ASSISTANT_SID,
            unique_name=WEBHOOK_NAME,
            events="*",
            url=f"http://127.0.0.1:{listening.port}/hook",
            secret=WEBHOOK_SECRET,
            now_ms=1_700_000_000_000,
        )
        yield Deployed(sam_local_variables(deployment, engine_address=None), sqs, listening)


@pytest.mark.parametrize("sample", cases(), ids=str)
def test_what_happens_is_what_the_sample_expects(sample: Case, deployed: Deployed) -> None:
    happened = in_order(sample, deployed.run, deployed.done)
    assert happened == like(sample.expected, happened)


def test_every_payload_of_the_seeds_has_an_event_for_ingest() -> None:
    payloads = {path.relative_to(ROOT / "events").as_posix() for path in (ROOT / "events/payloads").rglob("*.*")}
    queued = [message["payload"] for sample in cases() for message in sample.expected.get("queued", [])]
    assert payloads <= {payload.get("$file") for payload in queued if isinstance(payload, dict)}


def test_every_event_has_its_expectation_and_every_expectation_its_event() -> None:
    names = {path.name for path in (ROOT / "events").glob("*/*.json") if path.parent.name != "payloads"}
    expectations = {name for name in names if name.endswith(".expected.json")}
    assert {name.replace(".expected.json", ".json") for name in expectations} == names - expectations


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"$match": "[0-9]"}}, {"a": "10"}),
        ({"a": {"$match": ".*"}}, {}),
        ([{"$match": "."}], []),
        ({"$json": {"a": 1}}, '{"a": 2}'),
        ({"$form": {"a": "1"}}, "a=1&b="),
        ({"$json": {}}, None),
        (None, {"errorMessage": "it failed"}),
    ],
)
def test_a_difference_is_one(expected: object, actual: object) -> None:
    assert like(expected, actual) != actual
