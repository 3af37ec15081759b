"""Autopilot events of the team's own bots: parameters as Autopilot sent them (seed 000), the missing ones filled in.

Filled: `Sid`, `EventDate`, `AccountSid`, `AssistantSid`, `DialogueSid` (one per person), `Channel` = `api`, and a
turn's `Fields` (`[]`). Never filled: `DialoguePayloadUrl`, whose service is gone, and `WebhookSid`, which each callback
gets. An `EventDate` that is given in another form is written in the example's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parley.platforms import form
from parley.platforms.autopilot.models import EVENTS
from parley.platforms.emission import (
    Emission,
    InvalidEventError,
    Problem,
    canonical_name,
    conversation_of,
    missing,
    unreadable,
)
from parley.platforms.reading import moment

_COMMON = (
    "Sid", "EventDate", "WebhookSid", "Event", "AccountSid", "AssistantSid", "DialogueSid", "UserIdentifier",
    "CurrentTask", "Language", "DialoguePayloadUrl", "Memory", "Channel",
)  # fmt: skip
# Each event's own parameters, and which of them it can be without.
_OWN: Mapping[str, tuple[str, ...]] = {
    "onDialogueStart": ("DialogueEntryPoint",),
    "onDialogueTurn": ("CurrentInput", "Fields", "AssistantResponse"),
    "onDialogueEnd": ("DialogueEndReason",),
    "onDialogueTaskStart": ("InvocationMethod",),
    "onDialogueTaskEnd": ("TaskEndReason",),
    "onCollectAttempt": (
        "CollectName", "CollectSid", "CollectFieldType", "CollectAttempt", "CollectFieldFilled", "CollectFieldName",
        "CollectSuccess", "CollectErrorMessage", "CollectValidation", "CurrentInput", "CollectOutput",
    ),
    "onActionsFetch": ("ActionsUrl", "ActionsMethod", "ActionsHttpResponse", "ActionsValidation", "ActionsError"),
}  # fmt: skip
_OPTIONAL = frozenset({"Fields", "CollectErrorMessage", "ActionsError"})
_MAY_BE_EMPTY = _OPTIONAL | {"CurrentInput", "AssistantResponse", "CollectOutput", "CurrentTask"}

_BOOLEAN = (re.compile("true|false"), "true or false")
_URL = (re.compile(r"https?://\S+"), "an http or https URL")
_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "Sid": (re.compile("[0-9a-f]{32}"), "32 hex digits"),
    "WebhookSid": (re.compile("UM[0-9a-f]{32}"), "UM and 32 hex digits"),
    "AccountSid": (re.compile("AC[0-9a-f]{32}"), "AC and 32 hex digits"),
    "AssistantSid": (re.compile("UA[0-9a-f]{32}"), "UA and 32 hex digits"),
    "DialogueSid": (re.compile("UK[0-9a-f]{32}"), "UK and 32 hex digits"),
    # said to begin with CT and shown with UL: any two letters
    "CollectSid": (re.compile("[A-Z]{2}[0-9a-f]{32}"), "two letters and 32 hex digits"),
    "CollectAttempt": (re.compile("[0-9]{1,9}"), "a whole number"),
    "CollectFieldFilled": _BOOLEAN,
    "CollectSuccess": _BOOLEAN,
    "CollectValidation": _BOOLEAN,
    "ActionsUrl": _URL,
    "DialoguePayloadUrl": _URL,
    "ActionsMethod": (re.compile("GET|POST"), "GET or POST"),
    "ActionsHttpResponse": (re.compile("[1-5][0-9]{2}"), "a status code"),
    "ActionsValidation": (re.compile("valid|not-valid"), "valid or not-valid"),
}


def event_name(body: Mapping[str, Any]) -> str | None:
    """The parameter `Event`."""
    name = body.get("Event")
    return name if isinstance(name, str) else None


def _text(value: object) -> str:
    """A value as it travels in a form: `true`, `1`, JSON for what has members."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _date(moment_utc: datetime) -> str:
    """The seed's text says RFC 2822 and its example is this: receivers were written against the example."""
    return moment_utc.strftime("%Y-%m-%d %H:%M:%S")


def _no_fields(text: str) -> bool:
    if not text.strip():
        return True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return not (value.get("fields", value) if isinstance(value, dict) else value)


def _problems(event: str, params: Mapping[str, str]) -> list[Problem]:
    known = (*_COMMON, *_OWN[event])
    required = ("UserIdentifier", *(name for name in _OWN[event] if name not in _OPTIONAL))
    problems = missing(params, required)
    for name, value in params.items():
        shape, allowed = _SHAPES.get(name, (None, ""))
        if name not in known:
            problems.append((name[:100], f"{event} has no such parameter"))
        elif not value.strip() and name not in _MAY_BE_EMPTY:
            problems.append((name, "it is empty"))
        elif shape is not None and not shape.fullmatch(value):
            problems.append((name, f"{value[:100]!r}. Allowed: {allowed}"))
    return problems or unreadable(EVENTS[event], params, texts=True)


def complete(emission: Emission) -> tuple[str, bytes]:
    """The form: what was given in its order, then what was filled in.

    Raises:
        InvalidEventError: A parameter is missing, unknown, empty, or not what the seed says it is.
    """
    event = canonical_name("autopilot", event_name(emission.body), emission.name, "Event")
    params = {name: _text(value) for name, value in emission.body.items() if value is not None} | {"Event": event}
    if "Fields" in params and _no_fields(params["Fields"]):
        params["Fields"] = "[]"
    problems = _problems(event, params)
    if problems:
        raise InvalidEventError(problems)
    if happened := moment(params.get("EventDate")):
        params["EventDate"] = _date(happened)
    filled = {
        "Sid": emission.new_id,
        "EventDate": _date(emission.now),
        "AccountSid": emission.account_sid,
        "AssistantSid": emission.assistant_sid,
        "DialogueSid": f"UK{conversation_of(emission, params['UserIdentifier']).hex}",
        "Channel": "api",
        **({"Fields": "[]"} if "Fields" in _OWN[event] else {}),
    }
    pairs = (filled | params).items()
    ordered = [*params.items(), *((name, value) for name, value in pairs if name not in params)]
    return form.CONTENT_TYPE, form.encode((name.encode(), value.encode()) for name, value in ordered).encode()
