"""Every example of the seeds, and every callback of ../shared/fixtures where that folder exists, through a running
`parley up`: in with its platform's proof, recognised, out to a receiver in another process in both formats.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from cloudevents.v1.http import from_http
from standardwebhooks import Webhook as StandardWebhook
from twilio.request_validator import RequestValidator

from parley.vocabulary import PLATFORM_TYPES, UNRECOGNISED_TYPE
from tests import proofs
from tests.e2e.bundle import Bundle, Seen
from tests.functional.stack import ROOT

PAYLOADS = ROOT / "events" / "payloads"
FIXTURES = ROOT.parent / "shared" / "fixtures"
SECRET = "purple unicorn " * 3
PLATFORMS = ("autopilot", "watsonx", "messagehub", "tropo")
SOURCE_SECRETS = {
    "autopilot": "an auth token",
    "watsonx": "a secret of the watsonx source, long enough",
    "messagehub": "a hub secret",
    "tropo": "user:pass",
}
ASSISTANT = "/v1/Assistants/platforms-bot"


def callbacks_of_fixtures() -> list[tuple[str, Path]]:
    """Those of the stored payloads that are callbacks: not resources of Twilio's API, not a bare log record."""
    folders = {"chatwoot": "messagehub", "tropo": "tropo", "watson": "watsonx"}
    found = [
        (platform, path) for folder, platform in folders.items() for path in sorted((FIXTURES / folder).glob("*.json"))
    ]
    return [entry for entry in found if entry[1].name != "v1_log_record_0.json"]


EXAMPLES = [(folder.name, path) for folder in sorted(PAYLOADS.iterdir()) for path in sorted(folder.iterdir())]


class Platforms:
    """An assistant with a source per platform, whose events all go to one receiver, as they came and as CloudEvents."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        bundle.call("POST", "/v1/Assistants", form={"UniqueName": "platforms-bot"})
        self.webhook = bundle.call(
            "POST",
            f"{ASSISTANT}/Webhooks",
            form={
                "UniqueName": "all",
                "Events": "*",
                "WebhookUrl": f"{bundle.receiver_url}/all?kept=%C3%A9",
                "Secret": SECRET,
            },
        )
        bundle.call(
            "POST",
            f"{ASSISTANT}/Webhooks",
            form={
                "UniqueName": "common",
                "Events": "*",
                "WebhookUrl": f"{bundle.receiver_url}/common",
                "Secret": SECRET,
                "Format": "cloudevents",
            },
        )
        self.urls = {}
        for platform in PLATFORMS:
            form = {"UniqueName": platform, "Platform": platform, "Secret": SOURCE_SECRETS[platform]}
            if platform == "tropo":
                form["Options"] = '{"repair_backslashes":true}'
            self.urls[platform] = bundle.call("POST", f"{ASSISTANT}/Sources", form=form)["ingest_url"]

    def proof(self, platform: str, body: bytes) -> proofs.Headers:
        secret = SOURCE_SECRETS[platform]
        match platform:
            case "autopilot":
                return proofs.autopilot(secret, self.urls[platform], body)
            case "watsonx":
                return proofs.watsonx(secret)
            case "messagehub":
                return proofs.messagehub(secret, body)
            case _:
                return proofs.tropo(secret)

    def through(self, platform: str, body: bytes) -> tuple[Seen, Seen]:
        """Post it as its platform does; what the receiver gets for it, natively and as a CloudEvent."""
        before = {path: len(self.bundle.seen(path)) for path in ("/all", "/common")}
        path = self.urls[platform].removeprefix(self.bundle.api_url)
        answer = self.bundle.request("POST", path, body, self.proof(platform, body))
        assert answer.status == 200, answer.body
        native, common = (self.bundle.wait_for(path, count + 1)[-1] for path, count in before.items())
        return native, common


@pytest.fixture(scope="module")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platforms]:
    with Bundle(tmp_path_factory.mktemp("up")) as bundle:
        yield Platforms(bundle)


def verify(call: Seen, platform: str, url: str) -> None:
    """As a receiver does, with the libraries that receivers have."""
    key = "whsec_" + base64.b64encode(SECRET.encode()).decode()
    # it verifies, then parses: a form, and the printed samples of Tropo, are no JSON
    with suppress(json.JSONDecodeError):
        StandardWebhook(key).verify(call.body, dict(call.headers))
    if platform == "watsonx":
        for name in ("authorization", "authentication"):
            claims = jwt.decode(call.headers[name], SECRET, algorithms=["HS256"])
            assert claims["iss"]
    if platform == "autopilot":
        parameters = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        assert RequestValidator(SECRET).validate(url, parameters, call.headers["x-twilio-signature"])
    if platform == "messagehub":
        at = int(call.headers["x-chatwoot-timestamp"])
        assert (
            dict(proofs.messagehub(SECRET, call.body, at=at))["X-Chatwoot-Signature"]
            == (call.headers["x-chatwoot-signature"])
        )


def verify_common(call: Seen, platform: str) -> None:
    """As the CloudEvents SDK reads it, with a type that says what happened."""
    StandardWebhook("whsec_" + base64.b64encode(SECRET.encode()).decode()).verify(call.body, dict(call.headers))
    read = from_http(dict(call.headers), call.body)
    assert read["platform"] == platform
    assert read["type"].removeprefix("dev.parley.") in set(PLATFORM_TYPES) - {UNRECOGNISED_TYPE}
    assert read.data["original"]


@pytest.mark.parametrize(("platform", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", value))
def test_every_example_of_the_seeds_arrives_unchanged_and_verifies(platforms: Platforms, platform: str, path: Path):
    body = path.read_bytes()
    call, common = platforms.through(platform, body)
    verify_common(common, platform)
    assert call.method == "POST"
    assert call.query == "kept=%C3%A9"
    if platform == "autopilot":
        sent, came = dict(parse_qsl(body.decode())), dict(parse_qsl(call.body.decode()))
        assert came == {**sent, "WebhookSid": platforms.webhook["sid"]}
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    else:
        assert call.body == body
        assert call.headers["content-type"] == "application/json"
    verify(call, platform, platforms.webhook["webhook_url"])


@pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="../shared/fixtures is not there: recorded examples that are not ours to hand on"
)
@pytest.mark.parametrize(("platform", "path"), callbacks_of_fixtures(), ids=lambda value: getattr(value, "stem", value))
def test_every_stored_callback_arrives_unchanged(platforms: Platforms, platform: str, path: Path):
    body = path.read_bytes()
    call, common = platforms.through(platform, body)
    verify_common(common, platform)
    assert call.body == body
    verify(call, platform, platforms.webhook["webhook_url"])


def test_events_and_their_results_can_be_listed_and_fetched(platforms: Platforms):
    body = b'{"event":"message_created","id":77,"message_type":"incoming","content":"hi","conversation":{"id":5}}'
    platforms.through("messagehub", body)
    bundle = platforms.bundle
    listed = bundle.call("GET", f"{ASSISTANT}/Events?PageSize=1000")["events"]
    event = next(each for each in listed if each["size_bytes"] == len(body))
    fetched = bundle.call("GET", event["url"].removeprefix(bundle.api_url))
    assert fetched["payload"] == body.decode()
    results = {row["webhook_sid"]: row["status"] for row in fetched["results"]}
    assert (len(results), results[platforms.webhook["sid"]]) == (2, "delivered")


# --- bad input: each a clear answer with the right status, never a 500


MALFORMED = {
    "unknown route": ("GET", "/nowhere", None, [], 404),
    "unknown route under v1": ("GET", "/v1/Nothing", None, [], 404),
    "wrong method": ("PUT", "/v1/Assistants", b"", [], 405),
    "wrong method on ingest": ("DELETE", "/ingest/tropo/SR1/t", b"", [], 405),
    "missing field": ("POST", f"{ASSISTANT}/Webhooks", b"UniqueName=x", ["form"], 400),
    "malformed JSON": ("POST", "/v1/Assistants", b'{"UniqueName":', ["json"], 400),
    "form named JSON": ("POST", "/v1/Assistants", b"UniqueName=x", ["json"], 400),
    "JSON named form": ("POST", "/v1/Assistants", b'{"UniqueName":"x"}', ["form"], 400),
    "bytes that are no UTF-8": ("POST", "/v1/Assistants", b"UniqueName=\xff\xfe", ["form"], 400),
    "bytes that are no UTF-8, encoded": ("POST", "/v1/Assistants", b"UniqueName=%FF", ["form"], 400),
    "oversized body": ("POST", "/v1/Assistants", b"UniqueName=" + b"x" * 70_000, ["form"], 413),
    "no such assistant": ("GET", "/v1/Assistants/nobody/Webhooks", None, [], 404),
}
TYPES = {"form": "application/x-www-form-urlencoded", "json": "application/json"}


@pytest.mark.parametrize("case", MALFORMED)
def test_bad_input_has_a_clear_answer(platforms: Platforms, case: str):
    method, path, body, kind, status = MALFORMED[case]
    headers = [platforms.bundle.token(), *(("Content-Type", TYPES[each]) for each in kind)]
    answer = platforms.bundle.request(method, path, body, headers)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    said = answer.json()
    assert set(said) == {"code", "message", "more_info", "status"}
    assert said["status"] == status
    if status == 405:
        assert answer.headers["allow"]
    if case == "missing field":
        assert "Events" in said["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [([], 401), ([("Authorization", "Bearer nonsense")], 403), ([("Authorization", "nonsense")], 403)],
)
def test_the_gateway_answers_a_missing_or_bad_token_in_its_own_form(platforms: Platforms, headers, status):
    answer = platforms.bundle.request("GET", "/v1/Assistants", None, headers)
    assert answer.status == status
    assert set(answer.json()) == {"message"}


def test_a_body_over_ten_megabytes_is_the_gateways_413(platforms: Platforms):
    path = platforms.urls["messagehub"].removeprefix(platforms.bundle.api_url)
    answer = platforms.bundle.request("POST", path, b"x" * (10 * 1024 * 1024 + 1), [])
    assert answer.status == 413
    assert set(answer.json()) == {"message"}


# --- own bots, and equal bodies


def test_an_own_bots_event_arrives_and_a_repeat_of_its_key_does_not(platforms: Platforms):
    form = {"Event": "onDialogueTurn", "UserIdentifier": "日本", "CurrentInput": "hi", "AssistantResponse": "yes?"}
    headers = [platforms.bundle.token(), ("Content-Type", TYPES["form"]), ("Idempotency-Key", "once")]
    before = len(platforms.bundle.seen("/all"))
    answers = [
        platforms.bundle.request("POST", f"{ASSISTANT}/Events", urlencode(form).encode(), headers) for _ in range(3)
    ]
    assert [answer.status for answer in answers] == [201, 200, 200]
    assert len({answer.json()["sid"] for answer in answers}) == 1
    call = platforms.bundle.wait_for("/all", before + 1)[-1]
    verify(call, "autopilot", platforms.webhook["webhook_url"])
    arrived = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
    assert {name: arrived[name] for name in form} == form
    assert arrived["Fields"] == "[]"
    other = {**form, "CurrentInput": "the next"}
    platforms.bundle.call("POST", f"{ASSISTANT}/Events", form=other)
    assert b"the+next" in platforms.bundle.wait_for("/all", before + 2)[-1].body
    assert len(platforms.bundle.seen("/all")) == before + 2


def test_a_bots_mistake_is_named_and_leaves_nothing(platforms: Platforms):
    headers = [platforms.bundle.token(), ("Content-Type", TYPES["json"])]
    answer = platforms.bundle.request("POST", f"{ASSISTANT}/Events", b'{"Event":"onDialogueStart"}', headers)
    assert answer.status == 400
    said = answer.json()
    assert (said["code"], said["message"]) == (
        20001,
        "UserIdentifier: it is missing; DialogueEntryPoint: it is missing",
    )


def test_typing_on_off_on_with_equal_bodies_arrives_thrice(platforms: Platforms):
    bodies = [
        json.dumps({"event": f"conversation_typing_{state}", "conversation": {"id": 3}, "user": {"id": 1}}).encode()
        for state in ("on", "off", "on")
    ]
    assert [platforms.through("messagehub", body)[0].body for body in bodies] == bodies
