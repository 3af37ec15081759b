"""What a webhook's settings make of its callbacks: a receiver in another process, behind a running `parley up`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import jwt
import pytest
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests import proofs
from tests.e2e.bundle import Answer, Bundle, Seen

SOURCE_SECRET = "a secret of the watsonx source, long enough"
SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver's own!!").decode()
TEXT_SECRET = "秘密 of the receiver's own, thirty-two bytes or more"
LOGGED = b'{"event":{"name":"message_logged"},"payload":{"log_id":"%d"}}'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle(tmp_path_factory.mktemp("up")) as run:
        yield run


class Bot:
    """An assistant of a test's own, which no dispatcher knows yet, with a source on watsonx."""

    def __init__(self, bundle: Bundle, name: str) -> None:
        self.bundle = bundle
        self.name = name
        bundle.call("POST", "/v1/Assistants", form={"UniqueName": name})
        self.path = f"/v1/Assistants/{name}/Webhooks"
        form = {"UniqueName": "watsonx", "Platform": "watsonx", "Secret": SOURCE_SECRET}
        source = bundle.call("POST", f"/v1/Assistants/{name}/Sources", form=form)
        self._ingest = source["ingest_url"].removeprefix(bundle.api_url)

    def webhook(self, name: str, **fields: str) -> dict[str, Any]:
        url = f"{self.bundle.receiver_url}/{self.name}/{name}"
        form = {"UniqueName": name, "Events": "message_logged", "WebhookUrl": url, **fields}
        made: dict[str, Any] = self.bundle.call("POST", self.path, form=form)
        return made

    def update(self, name: str, **fields: str) -> dict[str, Any]:
        changed: dict[str, Any] = self.bundle.call("POST", f"{self.path}/{name}", form=fields)
        return changed

    def send_event(self) -> None:
        accepted = self.bundle.request("POST", self._ingest, LOGGED % 1, proofs.watsonx(SOURCE_SECRET))
        assert accepted.status == 200, accepted.body

    def callback(self, name: str) -> Seen:
        [call] = self.bundle.wait_for(f"/{self.name}/{name}", 1)
        return call


def verify(call: Seen, secret: str) -> None:
    StandardWebhook(secret).verify(call.body, dict(call.headers))


def refuse(call: Seen, secret: str) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(call, secret)


def claims(token: str, secret: str) -> Mapping[str, Any]:
    decoded: Mapping[str, Any] = jwt.decode(token, secret, algorithms=["HS256"])
    return decoded


def test_a_webhook_that_is_read_and_sent_back_whole_keeps_its_proof_and_headers(bundle: Bundle) -> None:
    bot = Bot(bundle, "sent-back")
    headers = {"X-Own": "eigen, 日本", "Authorization": "Bearer of-the-receiver"}
    for name, secret in (("form", SECRET), ("json", TEXT_SECRET)):
        bot.webhook(name, Secret=secret, Headers=json.dumps(headers), RetrySchedule="7 70")
        read = bundle.call("GET", f"{bot.path}/{name}")
        assert read["secret"] == "********"
        answer = send_back(bundle, f"{bot.path}/{name}", read, as_form=name == "form")
        assert answer.status == 200, answer.body
        assert answer.json() == read  # nor has it another version
    bot.send_event()
    for name, key in (("form", SECRET), ("json", "whsec_" + base64.b64encode(TEXT_SECRET.encode()).decode())):
        call = bot.callback(name)
        verify(call, key)
        assert call.headers["x-own"].encode("latin-1").decode() == headers["X-Own"]
        assert call.headers["authorization"] == headers["Authorization"]


def send_back(bundle: Bundle, path: str, read: dict[str, Any], *, as_form: bool) -> Answer:
    """Every key of the answer, in the request's words; a form has no null."""
    if not as_form:
        return bundle.request("POST", path, json.dumps(read).encode(), [bundle.token(), JSON])
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in read.items() if value}
    form = {"".join(word.capitalize() for word in key.split("_")): text for key, text in texts.items()}
    assert {"Secret", "Headers", "Enabled", "Sid", "Version"} <= set(form)
    bundle.call("POST", path, form=form)
    return bundle.request("GET", path, None, [bundle.token()])


JSON = ("Content-Type", "application/json")


def test_while_a_rotation_overlaps_both_secrets_sign(bundle: Bundle) -> None:
    bot = Bot(bundle, "rotated")
    for name in ("overlapping", "at-once", "given"):
        bot.webhook(name, Secret=SECRET)
    new = bot.update("overlapping", RotateSecret="true")
    assert new["previous_secret_expires_at"]
    at_once = bot.update("at-once", RotateSecret="true", OverlapSeconds="0")
    bot.update("given", Secret=TEXT_SECRET, OverlapSeconds="60")
    bot.send_event()

    overlapping = bot.callback("overlapping")
    assert len(overlapping.headers["webhook-signature"].split()) == 2
    verify(overlapping, SECRET)
    verify(overlapping, new["secret"])
    refuse(overlapping, at_once["secret"])
    assert claims(overlapping.headers["authorization"], new["secret"])  # a JWT is signed once, by the newest

    immediate = bot.callback("at-once")
    assert len(immediate.headers["webhook-signature"].split()) == 1
    verify(immediate, at_once["secret"])
    refuse(immediate, SECRET)

    given = bot.callback("given")
    verify(given, SECRET)
    verify(given, "whsec_" + base64.b64encode(TEXT_SECRET.encode()).decode())


def test_an_authorization_of_ones_own_replaces_the_jwt(bundle: Bundle) -> None:
    bot = Bot(bundle, "authorized")
    bot.webhook("jwt", Secret=SECRET)
    bot.webhook("own", Secret=SECRET, Headers='{"authorization":"Basic mine"}')
    bot.webhook("own-and-always", Secret=SECRET, Jwt="always", Headers='{"AUTHORIZATION":"Basic mine"}')
    bot.webhook("never", Secret=SECRET, Jwt="never")
    bot.send_event()

    signed = bot.callback("jwt")
    assert signed.headers["authorization"] == signed.headers["authentication"]
    assert claims(signed.headers["authorization"], SECRET)["iss"]
    for name in ("own", "own-and-always"):
        call = bot.callback(name)
        assert call.headers["authorization"] == "Basic mine"
        assert "authentication" not in call.headers
        verify(call, SECRET)
    bare = bot.callback("never")
    assert {"authorization", "authentication"} & set(bare.headers) == set()
    verify(bare, SECRET)
