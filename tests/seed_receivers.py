"""A receiver per platform, each written from that platform's document alone; none knows of Parley.

Two of the documents name a proof (Twilio's security guide, watsonx's JWT); the other two name none, so those receivers
check what every callback carries besides, with a Standard Webhooks library.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from standardwebhooks import Webhook as StandardWebhook
from twilio.request_validator import RequestValidator


@dataclass(frozen=True, slots=True)
class Call:
    """One call: header names in lower case, as frameworks hand them over."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


# --- seed 000, "Webhook Event Parameters"

_COMMON = (
    "Sid", "EventDate", "WebhookSid", "Event", "AccountSid", "AssistantSid", "DialogueSid", "UserIdentifier",
    "CurrentTask", "Language", "DialoguePayloadUrl", "Channel",
)  # fmt: skip
_OWN = {
    "onDialogueStart": ["DialogueEntryPoint"],
    "onDialogueTurn": ["CurrentInput", "Fields", "AssistantResponse"],
    "onDialogueEnd": ["DialogueEndReason"],
    "onDialogueTaskStart": ["InvocationMethod"],
    "onDialogueTaskEnd": ["TaskEndReason"],
    "onCollectAttempt": [
        "CollectName", "CollectSid", "CollectFieldType", "CollectAttempt", "CollectFieldFilled", "CollectFieldName",
        "CollectSuccess", "CollectErrorMessage", "CollectValidation", "CurrentInput", "CollectOutput",
    ],
    "onActionsFetch": ["ActionsUrl", "ActionsMethod", "ActionsHttpResponse", "ActionsValidation", "ActionsError"],
}  # fmt: skip


def autopilot(call: Call, auth_token: str) -> dict[str, Any]:
    """Every event includes the common parameters and its own; `Memory` is only sent in POST requests."""
    text = urlsplit(call.url).query if call.method == "GET" else call.body.decode()
    params = dict(parse_qsl(text, keep_blank_values=True))
    signed = {} if call.method == "GET" else params
    assert RequestValidator(auth_token).validate(call.url, signed, call.headers["x-twilio-signature"])
    said: dict[str, Any] = {name: params[name] for name in (*_COMMON, *_OWN[params["Event"]])}
    assert ("Memory" in params) == (call.method == "POST")
    if "Memory" in params:
        said["Memory"] = json.loads(params["Memory"])
    if "Fields" in said:
        said["Fields"] = json.loads(said["Fields"])
    return said


# --- seed 002, "Webhook security" and "request body"


def watsonx(call: Call, secret: str) -> dict[str, Any]:
    """A POST; the JWT in the header `Authentication` of the snippet and `Authorization` of the text; the envelope."""
    assert call.method == "POST"
    for header in ("authentication", "authorization"):
        jwt.decode(call.headers[header], secret, algorithms=["HS256"])
    body = json.loads(call.body)
    match body["event"]["name"]:
        case "message_logged":
            return {"request": body["payload"]["request"], "response": body["payload"]["response"]}
        case "cdr_logged":
            payload = body["payload"]
            return {
                "number": payload["primary_phone_number"],
                "caller": payload["session_initiation_protocol"]["headers"]["from_uri"],
                "end_reason": payload["call"]["end_reason"],
                "warnings": [warning["code"] for warning in payload["warnings_and_errors"]],
                "turns": [turn["request"]["type"] for turn in payload["assistant_interaction_summaries"][0]["turns"]],
            }
        case name:
            raise AssertionError(name)


# --- seed 003, "events"; their names are case-sensitive


def messagehub(call: Call, secret: str) -> dict[str, Any]:
    """A JSON object with `event` beside the attributes of one of its objects."""
    body = _standard(call, secret)
    match body["event"]:
        case "conversation_created" | "conversation_status_changed":
            return {"conversation": body["id"], "status": body["status"], "sender": body["meta"]["sender"]["name"]}
        case "conversation_updated":
            changed = [name for change in body["changed_attributes"] for name in change]
            return {"conversation": body["id"], "changed": changed}
        case "message_created" | "message_updated":
            return {"message": body["id"], "content": body["content"], "conversation": body["conversation"]["id"]}
        case "webwidget_triggered":
            return {"contact": body["contact"]["id"], "language": body["event_info"]["widget_language"]}
        case name:
            raise AssertionError(name)


# --- seed 001, the result object


def tropo(call: Call, secret: str) -> dict[str, Any]:
    """`actions` is an object or an array; integers that are absent are 0, `required` is true."""
    result = _standard(call, secret)["result"]
    actions = result.get("actions", [])
    actions = actions if isinstance(actions, list) else [actions]
    return {
        "session": result.get("sessionId"),
        "state": result.get("state"),
        "sequence": result.get("sequence", 0),
        "duration": result.get("sessionDuration", 0),
        "required": result.get("required", True),
        "answers": {action["name"]: action.get("value", action.get("concept")) for action in actions},
    }


def _standard(call: Call, secret: str) -> dict[str, Any]:
    assert call.method == "POST"
    key = secret if secret.startswith("whsec_") else "whsec_" + base64.b64encode(secret.encode()).decode()
    verified: dict[str, Any] = StandardWebhook(key).verify(call.body, dict(call.headers))
    return verified
