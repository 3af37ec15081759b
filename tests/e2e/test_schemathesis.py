"""What schemathesis makes up from the committed OpenAPI document: two thirds as the document allows, one third not.

No answer is a 5xx, of a status that is not documented, or of another form than the documented one; nothing that breaks
the document's rules is accepted. Three hundred requests of each operation go to handlers in processes of this machine,
one for each processor (`generated_requests`): through those of `parley up` they would take longer than a CI run has.
A few of each go through a running `parley up`. The seed is fixed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from parley.sids import delivery_sid
from tests.e2e.bundle import Bundle
from tests.e2e.generated_requests import DOCUMENT, OPERATIONS, Caller
from tests.functional.stack import ROOT

CASES = 300
# Of all processes together. On processors of their own they take less than 90 s; those that others use too are slower,
# in processor time as well (95 was seen), and say nothing of the tests.
MOST_CPU_SECONDS = 130.0
CASES_OVER_A_SOCKET = 10
SECONDS = 600.0
MESSAGE = {"id": 1, "content": "a", "message_type": "incoming", "conversation": {"id": 7}}

pytestmark = pytest.mark.timeout(SECONDS)


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """What each operation's requests were answered with."""
    shares = [labels for first in range(os.cpu_count() or 1) if (labels := list(OPERATIONS)[first :: os.cpu_count()])]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.generated_requests", str(CASES), *labels],
            cwd=ROOT,
            env={**os.environ, "POWERTOOLS_LOG_LEVEL": "CRITICAL", "PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for labels in shares
    ]
    try:
        printed = [process.communicate(timeout=SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    lines = [json.loads(line) for text in printed for line in text.splitlines()]
    return {line["operation"]: line for line in lines}


@pytest.mark.parametrize("label", OPERATIONS)
def test_three_hundred_requests_of_each_operation_are_answered_as_documented(
    label: str, answered: dict[str, Any]
) -> None:
    statuses = {int(status): count for status, count in answered[label]["statuses"].items()}
    assert not answered[label]["wrong"]
    assert sum(statuses.values()) >= CASES
    assert min(statuses) < 300, f"none was granted: {statuses}"
    assert {401, 403} & set(statuses), statuses


def test_they_take_no_more_time_than_a_ci_run_has(answered: dict[str, Any]) -> None:
    seconds = {label: line["cpu_seconds"] for label, line in answered.items()}
    assert set(seconds) == set(OPERATIONS)
    assert sum(seconds.values()) <= MOST_CPU_SECONDS, seconds


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    bundle = Bundle(tmp_path_factory.mktemp("schemathesis"))
    there: dict[str, str] = {}

    def made(path: str, **form: str) -> str:
        return str(bundle.call("POST", path, form=form)["sid"])

    def renew(_deleted: str = "") -> None:
        assistant = made("/v1/Assistants", UniqueName=str(uuid.uuid4()))
        inside = f"/v1/Assistants/{assistant}"
        webhook = made(f"{inside}/Webhooks", UniqueName="a", Events="*", WebhookUrl=f"{bundle.receiver_url}/hook")
        there["AssistantSid"], there["WebhookSid"], there["Webhooks"] = assistant, webhook, webhook
        there["Sources"] = made(f"{inside}/Sources", UniqueName="a", Platform="watsonx")
        there["Events"] = made(f"{inside}/Events", Event="message_created", Payload=json.dumps(MESSAGE))
        there["Deliveries"] = delivery_sid(there["Events"], webhook)
        there["Replays"] = made(f"{inside}/Webhooks/{webhook}/Replays", Mode="all", Rate="1")

    try:
        renew()
        yield Caller(bundle.ready["api_url"], bundle.ready["token"], there, renew)
    finally:
        bundle.end()


@pytest.mark.parametrize("label", OPERATIONS)
def test_a_running_bundle_answers_as_documented(label: str, running: Caller) -> None:
    before = running.statuses.total()
    running.send_all(OPERATIONS[label], CASES_OVER_A_SOCKET)
    assert running.statuses.total() >= before + CASES_OVER_A_SOCKET


WITH_EXAMPLES = [
    (label, media_type)
    for label, operation in OPERATIONS.items()
    for media_type in operation.definition.raw.get("requestBody", {}).get("content", {})
]


def test_a_running_bundle_serves_the_document(running: Caller) -> None:
    served = running.session.get(f"{running.url}/openapi.json", timeout=20).json()
    assert served["servers"] == [{"url": running.url}]
    assert list(served["paths"]) == list(DOCUMENT["paths"])


@pytest.mark.parametrize(("label", "media_type"), WITH_EXAMPLES)
def test_a_running_bundle_accepts_the_documented_example_of_a_body(
    label: str, media_type: str, running: Caller
) -> None:
    operation = OPERATIONS[label]
    case = operation.Case(
        path_parameters=running.place(operation),
        headers={"Authorization": running.authorization},
        body=operation.definition.raw["requestBody"]["content"][media_type]["example"],
        media_type=media_type,
    )
    response = case.call(base_url=running.url, session=running.session)
    # The other form of the same example may have taken the name already, or ended the replay.
    assert response.status_code < 300 or response.status_code == 409, response.content
