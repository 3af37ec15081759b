"""Events as the dispatcher gets them: every payload of this project, the shared fixtures where they are, and variants.

`python -m tests.unit.cloudevents.samples` writes what becomes of each into golden.json, to be read before it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from parley.cloudevents import envelope
from parley.platforms import PLATFORM_NAMES, platform
from tests.unit.platforms import examples

if TYPE_CHECKING:
    from parley.event import Event
    from parley.webhook import Webhook

GOLDEN = Path(__file__).with_name("golden.json")
API = "https://parley.example.com"
FIXTURES = {
    "messagehub": "chatwoot/*.json",
    "tropo": "tropo/*.json",
    "watsonx": "watson/DERIVED_*.json",
}

PERSON = {"id": 14, "name": "Johanna", "email": None, "phone_number": "+17736774656", "identifier": "crm-9"}
AGENT = {"id": 7, "name": "John", "email": "john@example.com", "type": "user"}
CONVERSATION = {
    "id": 10,
    "inbox_id": 3,
    "channel": "Channel::Whatsapp",
    "status": "open",
    "created_at": 1627063308,
    "timestamp": 1627063999,
    "contact_inbox": {"source_id": "s", "pubsub_token": "hush"},
    "messages": [{"id": 1, "content": "NOT THIS", "account_id": 1, "sender": {"id": 99, "name": "Nobody"}}],
    "meta": {"sender": {**PERSON, "pubsub_token": "hush", "type": "contact"}, "assignee": AGENT},
}
ACCOUNT = {"id": 1, "name": "Acme Inc"}
CHANGED = [
    {"status": {"previous_value": "open", "current_value": "snoozed"}},
    {"pubsub_token": {"current_value": "hush"}},
]


def hub(name: str, /, **members: object) -> bytes:
    return json.dumps({"event": name, **members}).encode()


def message(name: str, message_type: object, **members: object) -> bytes:
    common = {"id": 118, "content": "the text", "content_type": "text", "created_at": "2021-07-23T18:02:48.000Z"}
    nested = {"conversation": CONVERSATION, "account": ACCOUNT, "inbox": {"id": 3, "name": "WhatsApp"}}
    return hub(name, message_type=message_type, **{**common, **nested, **members})


def result(**members: object) -> bytes:
    return json.dumps({"result": {"sessionId": "s1", "callId": "c1", "sequence": 2, **members}}).encode()


BOT = {"id": 3, "name": "Helper", "type": "agent_bot"}
FILES = [{"id": 1, "file_type": "image", "data_url": "https://files.example.com/1.png"}, {"id": 2}]
VARIANTS: dict[str, tuple[str, bytes]] = {
    "conversation_resolved": ("messagehub", hub("conversation_resolved", **{**CONVERSATION, "status": "resolved"})),
    "conversation_status_changed to snoozed": (
        "messagehub",
        hub("conversation_status_changed", **CONVERSATION, account=ACCOUNT, changed_attributes=CHANGED),
    ),
    "message_created incoming, no meta": (
        "messagehub",
        message("message_created", 0, sender=PERSON, conversation={"id": 10}, content=None, attachments=FILES),
    ),
    "message_created outgoing by a bot": ("messagehub", message("message_created", "outgoing", sender=BOT)),
    "message_created outgoing by Captain": (
        "messagehub",
        message("message_created", "outgoing", sender={"id": 4, "name": "Cap", "type": "captain_assistant"}),
    ),
    "message_created template": ("messagehub", message("message_created", "template", sender=None)),
    "message_created private": ("messagehub", message("message_created", "outgoing", sender=AGENT, private=True)),
    "message_updated private": ("messagehub", message("message_updated", "outgoing", sender=AGENT, private=True)),
    "message_updated incoming": ("messagehub", message("message_updated", "incoming", sender=PERSON)),
    "message_created activity": ("messagehub", message("message_created", "activity")),
    "contact_created": ("messagehub", hub("contact_created", **PERSON, account=ACCOUNT)),
    "contact_updated": ("messagehub", hub("contact_updated", **PERSON, account=ACCOUNT, changed_attributes=CHANGED)),
    "inbox_updated": ("messagehub", hub("inbox_updated", id=3, name="WhatsApp", changed_attributes=None)),
    "typing by the person": (
        "messagehub",
        hub("conversation_typing_on", user=PERSON, conversation=CONVERSATION, is_private=False),
    ),
    "typing by the agent": (
        "messagehub",
        hub("conversation_typing_off", user={**AGENT, "id": 8}, conversation=CONVERSATION, is_private=True),
    ),
    "automation rule": ("messagehub", hub("automation_event.message_created", **CONVERSATION)),
    "macro": ("messagehub", hub("macro.executed", **CONVERSATION)),
    "unknown name": ("messagehub", hub("agent_added", id=10)),
    "no JSON": ("messagehub", b"<html>"),
    "result disconnected": ("tropo", result(state="DISCONNECTED", sessionDuration="36", error=None)),
    "result failed, as of 2010": ("tropo", result(callState="FAILED", calledID="42")),
    "transfer in the result": ("tropo", result(state="ANSWERED", duration=149, connectedDuration=145)),
    "recording": ("tropo", result(actions={"name": "voice", "disposition": "TIMEOUT", "url": "https://files/1.wav"})),
    "session by text": (
        "tropo",
        json.dumps(
            {
                "session": {
                    "id": "s1",
                    "timestamp": "2017-06-08T03:40:19.283Z",
                    "initialText": "I'm hungry",
                    "from": {"id": "17736774656", "e164Id": "+17736774656", "channel": "TEXT", "network": "SMS"},
                }
            }
        ).encode(),
    ),
    "pre-message webhook": ("watsonx", b'{"event":{"name":"message_received"},"payload":{"session_id":"s"}}'),
    "outbound call, as of 2021": (
        "watsonx",
        json.dumps(
            {
                "payload": {
                    "global_session_id": "17465345_115257202@10.90.150.99",
                    "call": {
                        "outbound": True,
                        "milliseconds_elapsed": "3000",
                        "stop_timestamp": "1970-01-01T00:00:00Z",
                    },
                    "session_initiation_protocol": {
                        "headers": {"to_uri": '"J" <sip:+17736774656;ext=1@pstn.example.com>'}
                    },
                    "warnings_and_errors": [{"id": "W1", "message": "jitter"}],
                },
                "event": {"name": "cdr_logged"},
            }
        ).encode(),
    ),
    "whatsapp user, fields as an array": (
        "autopilot",
        urlencode(
            {
                "Event": "ondialogueturn",
                "UserIdentifier": "whatsapp:+17736774656",
                "Channel": "messaging.whatsapp",
                "Fields": '[{"name":"size","value":4}]',
                "Memory": "no JSON",
            }
        ).encode(),
    ),
}


def event_of(name: str, body: bytes, *, content_type: str | None = None) -> Event:
    """What ingest makes of a body."""
    kind = content_type or (examples.FORM if name == "autopilot" else "application/json")
    headers = {"content-type": kind}
    described = platform(name).describe(
        examples.request(body, headers=headers), examples.source(name, repair_backslashes=True)
    )
    return replace(
        examples.event(name, body, content_type=kind),
        name=described.name,
        type=described.type,
        status=described.status,
        reason=described.reason,
        conversation_id=described.conversation_id,
        occurred_ms=described.occurred_ms,
    )


def payloads() -> Iterator[tuple[str, Event]]:
    for name in PLATFORM_NAMES:
        for path in sorted((examples.PAYLOADS / name).iterdir()):
            yield f"{name}/{path.name}", event_of(name, path.read_bytes())


def variants() -> Iterator[tuple[str, Event]]:
    for label, (name, body) in VARIANTS.items():
        yield f"{name}: {label}", event_of(name, body)


def fixtures() -> Iterator[tuple[str, Event]]:
    """Of the folder beside this clone, where it is."""
    for name, pattern in FIXTURES.items():
        for path in sorted(examples.FIXTURES.glob(pattern)):
            yield f"fixtures/{path.parent.name}/{path.name}", event_of(name, path.read_bytes())


def rendered(event: Event, public_url: str = API) -> dict[str, Any]:
    cloud_event: dict[str, Any] = json.loads(envelope.body(event, public_url))
    return cloud_event


def summary(event: Event) -> dict[str, Any]:
    """What golden.json holds: all that the payload decides, without the payload."""
    cloud_event = rendered(event)
    data = {name: value for name, value in cloud_event["data"].items() if name != "received_at"}
    if "original" in data:
        data["original"] = "…"
    names = ("type", "subject", "time", "platformevent")
    return {name: cloud_event[name] for name in names if name in cloud_event} | {"data": data}


def webhook(**changes: Any) -> Webhook:
    return replace(examples.webhook(), **{"format": "cloudevents", **changes})


if __name__ == "__main__":
    every = {label: summary(event) for part in (payloads, variants, fixtures) for label, event in part()}
    GOLDEN.write_text(json.dumps(every, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
