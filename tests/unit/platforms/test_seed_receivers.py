"""What each platform's document makes a receiver expect is what it is sent, for every example of that document."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from parley.platforms import platform
from parley.signing import callback as signing
from parley.webhook import WebhookSecrets
from tests import seed_receivers
from tests.seed_receivers import Call
from tests.unit.platforms.examples import FORM, PAYLOADS, WEBHOOK_SID, event, webhook

SECRET = "a receiver's secret, of 32 bytes or more"
DELIVERY = "DL" + "0123456789abcdef" * 2


def called(name: str, body: bytes, *, method: str = "POST", **more: int) -> Call:
    """As it arrives, `skew_seconds` ahead of the receiver's clock."""
    chosen, hook = platform(name), webhook(method=method)
    content_type = FORM if name == "autopilot" else "application/json"
    callback = chosen.native(event(name, body, content_type=content_type), hook)
    headers = signing.sign(
        callback,
        hook,
        WebhookSecrets((SECRET,), {}),
        chosen,
        delivery_sid=DELIVERY,
        now_seconds=int(time.time()) + more.get("skew_seconds", 0),
    )
    return Call(
        method=callback.method,
        url=callback.url,
        headers={key.lower(): value for key, value in headers.items()},
        body=callback.body,
    )


@pytest.mark.parametrize("file", sorted((PAYLOADS / "autopilot").iterdir()), ids=lambda path: path.stem)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_autopilots(file: Path, method: str):
    sent = dict(parse_qsl(file.read_text(), keep_blank_values=True))
    said = seed_receivers.autopilot(called("autopilot", file.read_bytes(), method=method), SECRET)
    assert said["Event"] == file.stem
    assert said["WebhookSid"] == WEBHOOK_SID
    structured = {"Memory", "Fields", "WebhookSid"}
    assert {name: said[name] for name in set(said) - structured} == {
        name: value for name, value in sent.items() if name not in structured
    }
    assert said.get("Memory", {"name": "Johanna"}) == {"name": "Johanna"}


@pytest.mark.parametrize("skew_seconds", [0, 60, -60])
def test_watsonxs(skew_seconds: int):
    message, call = (
        seed_receivers.watsonx(
            called("watsonx", (PAYLOADS / "watsonx" / f"{name}.json").read_bytes(), skew_seconds=skew_seconds), SECRET
        )
        for name in ("message_logged", "cdr_logged")
    )
    assert message["request"]["input"]["text"] == "I'm hungry"
    assert message["response"]["output"]["generic"]
    assert call == {
        "number": "+18005550123",
        "caller": "sip:+18885550456@pstn.twilio.com",
        "end_reason": "assistant_hangup",
        "warnings": ["CWSMR0033W", "CWSMR0070W"],
        "turns": ["start", "dtmf", "hangup"],
    }


@pytest.mark.parametrize("file", sorted((PAYLOADS / "messagehub").iterdir()), ids=lambda path: path.stem)
def test_messagehubs(file: Path):
    sent = json.loads(file.read_bytes())
    said = seed_receivers.messagehub(called("messagehub", file.read_bytes()), SECRET)
    known = {
        "conversation": sent.get("conversation", sent).get("id"),
        "message": sent.get("id"),
        "content": sent.get("content"),
        "status": sent.get("status"),
        "contact": sent.get("contact", {}).get("id"),
    }
    assert said
    assert all(said[name] == value for name, value in known.items() if name in said)
    assert None not in said.values()


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("actions_object", {"account_number": "12345"}),
        ("actions_array", {"account_number": "12345", "pin": "9876"}),
    ],
)
def test_tropos(name: str, answers: dict[str, str]):
    said = seed_receivers.tropo(called("tropo", (PAYLOADS / "tropo" / f"{name}.json").read_bytes()), SECRET)
    assert said["answers"] == answers
    assert (said["sequence"], said["required"]) == (0, True)


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("inbound_ask", "f4140488a0036e725e112f4c74c12345"),
        ("outbound_call_and_ask", "be9610c12d60ae8c99f0fbf554212345"),
        ("outbound_call_and_ask_cpa", "863ec8a756fe3b10dac6b6d1f6712345"),
    ],
)
def test_tropos_with_the_backslashes_of_the_wire(name: str, session: str):
    printed = (PAYLOADS / "tropo" / f"{name}.json").read_bytes()
    lines = (line.strip() for line in printed.replace(b"\\" * 4, b"\\").splitlines())
    said = seed_receivers.tropo(called("tropo", b" ".join(lines)), SECRET)
    assert (said["session"], said["state"], said["sequence"]) == (session, "ANSWERED", 1)
    assert said["answers"]["color"] == "blue"


def test_a_receiver_refuses_another_secrets_callback():
    call = called("messagehub", b'{"event":"message_created"}')
    with pytest.raises(Exception, match="No matching signature"):
        seed_receivers.messagehub(call, "another secret")
