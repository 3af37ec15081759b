"""Every sample event by `sam local`, in containers, and the API by `sam local start-api`: `make sam-local`.

Its documented commands are run as they are, but for what this machine's runtime needs (see `Sam.command`); most events
go by `start-lambda`, whose containers stay, because each `sam local invoke` builds the layer's image anew.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from cli.up.seed import ASSISTANT_NAME
from tests.sam_local.sam import CONTAINER_HOST, START_SECONDS, Bundle, Sam, bundle
from tests.sample_events import Case, Receiver, case, cases, in_order, like, readable, receiver, webhook_form

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

BUILD = os.environ.get("SAM_LOCAL_BUILD", "")
if not BUILD:
    pytest.skip("`make sam-local` runs these, where a container runtime answers", allow_module_level=True)
pytestmark = pytest.mark.timeout(3 * START_SECONDS)

# One of each function by `sam local invoke`, the others by `start-lambda`.
BY_COMMAND = {
    "authorizer/bearer",
    "webhooks/list_sources",
    "ingest/messagehub_message_created",
    "dispatcher/messagehub_message_created",
    "sweeper/tick",
    "history/fetch_event",
    "console/page",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=START_SECONDS)
    try:
        connection.request(method, parts.path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class Deployed:
    """The functions in containers; what ingest queues goes to a queue that no dispatcher listens to."""

    sam: Sam
    lambda_url: str
    variables_file: Path
    sqs: SQSClient
    queue_url: str
    receiver: Receiver
    done: set[str] = field(default_factory=set)

    def run(self, sample: Case) -> dict[str, Any]:
        happened = {"answer": self._invoke(sample)}
        if sample.function == "ingest":
            happened["queued"] = self._queued()
        if sample.function == "dispatcher":
            happened["callbacks"] = self.receiver.take()
        return happened

    def _invoke(self, sample: Case) -> Any:
        if str(sample) in BY_COMMAND:
            return self.sam.invoke(sample.logical_id, sample.path, self.variables_file)
        path = f"{self.lambda_url}/2015-03-31/functions/{sample.logical_id}/invocations"
        return send("POST", path, sample.path.read_bytes()).json

    def _queued(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [readable(message["Body"]) for message in messages]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sam")


@pytest.fixture(scope="module")
def up(folder: Path) -> Iterator[Bundle]:
    with bundle(folder) as running:
        yield running


@pytest.fixture(scope="module")
def sam(folder: Path) -> Sam:
    return Sam(Path(BUILD).resolve(), folder)


@pytest.fixture(scope="module")
def deployed(folder: Path, up: Bundle, sam: Sam) -> Iterator[Deployed]:
    variables = up.variables
    engine = variables["IngestFunction"]["AWS_ENDPOINT_URL_SQS"].replace(CONTAINER_HOST, "127.0.0.1")
    sqs = boto3.client(
        "sqs", endpoint_url=engine, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    queue_url = sqs.create_queue(QueueName="sample-events")["QueueUrl"]
    variables["IngestFunction"]["EVENTS_QUEUE_URL"] = queue_url.replace("127.0.0.1", CONTAINER_HOST)
    variables_file = folder / "variables.json"
    variables_file.write_text(json.dumps(variables))
    with receiver("0.0.0.0") as listening:  # noqa: S104 — containers come from outside
        form = urlencode(webhook_form(f"http://{CONTAINER_HOST}:{listening.port}/hook")).encode()
        url = f"{up.ready['api_url']}/v1/Assistants/{ASSISTANT_NAME}/Webhooks"
        created = send("POST", url, form, {**FORM, "Authorization": f"Bearer {up.ready['token']}"})
        assert created.status == 201, created.body
        with sam.serve("start-lambda", variables_file) as lambda_url:
            yield Deployed(sam, lambda_url, variables_file, sqs, queue_url, listening)


@pytest.mark.parametrize("sample", cases(), ids=str)
def test_what_happens_in_a_container_is_what_the_sample_expects(sample: Case, deployed: Deployed) -> None:
    happened = in_order(sample, deployed.run, deployed.done)
    assert happened == like(sample.expected, happened)


def test_each_function_is_invoked_by_the_documented_command() -> None:
    assert {case(name).function for name in BY_COMMAND} == {sample.function for sample in cases()}
    assert len({case(name).function for name in BY_COMMAND}) == len(BY_COMMAND)


@pytest.fixture(scope="module")
def api_url(up: Bundle, sam: Sam) -> Iterator[str]:
    with sam.serve("start-api", up.variables_file) as url:
        yield url


@pytest.fixture
def bearer(up: Bundle) -> dict[str, str]:
    return {"Authorization": f"Bearer {up.ready['token']}"}


def test_start_api_lets_in_who_has_a_token_and_nobody_else(api_url: str, up: Bundle, bearer: dict[str, str]) -> None:
    url = f"{api_url}/v1/Assistants"
    basic = base64.b64encode(f"{up.ready['account_sid']}:{up.ready['token']}".encode()).decode()
    others = base64.b64encode(f"AC{'0' * 32}:{up.ready['token']}".encode()).decode()
    given = {"bearer": bearer["Authorization"], "basic": f"Basic {basic}"}
    refused = {"wrong": "Bearer wrong", "cut": bearer["Authorization"][:-4], "another's": f"Basic {others}"}

    assert send("GET", url).status == 401
    statuses = {name: send("GET", url, headers={"Authorization": value}).status for name, value in refused.items()}
    assert statuses == dict.fromkeys(refused, 403)
    answers = {name: send("GET", url, headers={"Authorization": value}) for name, value in given.items()}
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(given, 200)
    assert ASSISTANT_NAME in {each["unique_name"] for each in answers["basic"].json["assistants"]}


def test_the_sample_tokens_open_nothing_but_sam_local(up: Bundle) -> None:
    sample = {"Authorization": case("authorizer/bearer").event["identitySource"][0]}
    assert send("GET", f"{up.ready['api_url']}/v1/Assistants", headers=sample).status == 403


def test_start_api_answers_unknown_paths_and_wrong_methods_in_our_words(api_url: str) -> None:
    assert send("GET", f"{api_url}/v2/Assistants").json["code"] == 20404
    assert send("PUT", f"{api_url}/v1/Assistants").json["code"] == 20004


def test_an_event_goes_through_start_api_to_a_receiver(api_url: str, bearer: dict[str, str]) -> None:
    def create(path: str, **form: str) -> Any:
        answer = send("POST", f"{api_url}/v1/Assistants{path}", urlencode(form).encode(), {**FORM, **bearer})
        assert answer.status == 201, answer.body
        return answer.json

    body = '{"event":"message_created","id":1,"content":"日本","conversation":{"id":7}}'.encode()
    with receiver() as listening:
        create("", UniqueName="by start-api")
        source = create("/by%20start-api/Sources", UniqueName="hub", Platform="messagehub")
        # from here on it is the run's own dispatcher, on this machine
        create("/by%20start-api/Webhooks", **webhook_form(f"http://127.0.0.1:{listening.port}/hook"))
        accepted = send("POST", source["ingest_url"], body, {"Content-Type": "application/json"})
        assert (accepted.status, accepted.body) == (200, b"")

        deadline = time.monotonic() + 15
        while not listening.calls:
            assert time.monotonic() < deadline, "the callback did not come in time"
            time.sleep(0.05)
        [callback] = listening.take()
    assert callback["body"].encode() == body


def test_twilios_client_drives_start_api_and_follows_its_pages(api_url: str, up: Bundle) -> None:
    client = Client(up.ready["account_sid"], up.ready["token"], http_client=TwilioHttpClient(pool_connections=False))
    client.autopilot.base_url = api_url
    api = client.autopilot.v1
    assistant = api.assistants.create(unique_name="日本 by start-api")
    webhooks = api.assistants("日本 by start-api").webhooks
    made = [webhooks.create(f"hook {number}", "*", "https://example.com/") for number in range(3)]

    first = webhooks.page(page_size=2)
    assert first.next_page_url.startswith(f"{api_url}/v1/Assistants/{assistant.sid}/Webhooks?PageSize=2&Page=1&")
    assert {each.sid for each in webhooks.stream(page_size=2)} == {each.sid for each in made}
    assert webhooks("hook 0").fetch().url == f"{api_url}/v1/Assistants/{assistant.sid}/Webhooks/{made[0].sid}"
    assert webhooks("hook 0").update(events="onDialogueEnd").events == "onDialogueEnd"
    with pytest.raises(TwilioRestException, match="'hook 1'") as refused:
        webhooks.create("hook 1", "*", "https://example.com/")
    assert (refused.value.status, refused.value.code) == (409, 20409)
    assert [each.delete() for each in made] == [True, True, True]
    assert assistant.delete() is True


def test_start_api_lists_events(api_url: str, deployed: Deployed, bearer: dict[str, str]) -> None:
    needed = case("history/fetch_event").after
    for name in needed:
        if name not in deployed.done:
            in_order(case(name), deployed.run, deployed.done)
    listed = send("GET", f"{api_url}/v1/Assistants/{ASSISTANT_NAME}/Events", headers=bearer)
    assert "message_created" in {event["event"] for event in listed.json["events"]}
