"""A sample of every event type, as small as its platform's own would be: what tests of webhooks send.

What a sample is called follows from its body by the platform's own naming, as for a call that comes in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

from parley.event import Event
from parley.http import Request
from parley.platforms import platform
from parley.platforms.interface import Described
from parley.source import Source, SourceOptions
from parley.vocabulary import PARLEY, PARLEY_TYPES

_DIGITS = "0123456789abcdef" * 2
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_PARTNER = {"id": 3, "name": "Johanna", "email": "johanna@example.com", "type": "contact"}
_CONVERSATION = {"id": 12, "inbox_id": 1, "status": "open", "channel": "Channel::WebWidget", "can_reply": True}
_INBOX = {"id": 1, "name": "Website"}
_ACCOUNT = {"id": 1, "name": "Acme"}
_OF_PARLEY = {"webhook": {"sid": f"UM{_DIGITS}", "unique_name": "a sample"}, "reason": None, "waiting": 0}


def _message(event: str, **more: object) -> dict[str, object]:
    return {
        "event": event,
        "id": 118,
        "content": "A sample / 見本",
        "message_type": "incoming",
        "content_type": "text",
        "private": False,
        "sender": _PARTNER,
        "account": _ACCOUNT,
        "conversation": _CONVERSATION,
        "inbox": _INBOX,
        **more,
    }


def _of_conversation(event: str, **more: object) -> dict[str, object]:
    return {"event": event, **_CONVERSATION, "meta": {"sender": _PARTNER}, **more}


_MESSAGEHUB: tuple[dict[str, object], ...] = (
    _message("message_created"),
    _message("message_created", message_type="outgoing"),
    _message("message_created", message_type="outgoing", private=True),
    _message("message_updated"),
    _message("message_updated", private=True),
    _of_conversation("conversation_created"),
    _of_conversation("conversation_updated"),
    _of_conversation("conversation_status_changed"),
    _of_conversation("conversation_status_changed", status="resolved"),
    _of_conversation("conversation_opened"),
    _of_conversation("conversation_resolved", status="resolved"),
    {"event": "conversation_typing_on", "conversation": _CONVERSATION, "user": _PARTNER, "is_private": False},
    {"event": "conversation_typing_off", "conversation": _CONVERSATION, "user": _PARTNER, "is_private": False},
    {"event": "webwidget_triggered", "id": 5, "contact": _PARTNER, "inbox": _INBOX, "account": _ACCOUNT},
    {"event": "contact_created", **_PARTNER, "account": _ACCOUNT},
    {"event": "contact_updated", **_PARTNER, "account": _ACCOUNT},
    {"event": "inbox_created", **_INBOX, "account": _ACCOUNT},
    {"event": "inbox_updated", **_INBOX, "account": _ACCOUNT},
    _of_conversation("macro.executed"),
    _of_conversation("automation_event.conversation_updated"),
    {"event": "event_of_tomorrow"},
)
_AUTOPILOT: tuple[dict[str, str], ...] = (
    {"Event": "onDialogueStart"},
    {"Event": "onDialogueTurn", "CurrentInput": "A sample", "CurrentTask": "greeting", "NextTask": "goodbye"},
    {"Event": "onDialogueEnd", "Reason": "TERMINATED"},
    {"Event": "onDialogueTaskStart", "CurrentTask": "greeting"},
    {"Event": "onDialogueTaskEnd", "CurrentTask": "greeting"},
    {"Event": "onActionsFetch", "CurrentTask": "greeting", "ActionsFetchURL": "https://example.com/actions"},
    {"Event": "onCollectAttempt", "CurrentTask": "greeting", "Question": "name", "Answer": "Johanna"},
)
_WATSONX: tuple[dict[str, object], ...] = (
    {
        "event": {"name": "message_logged"},
        "payload": {
            "log_id": "a-sample",
            "session_id": "a-sample-session",
            "request": {"input": {"message_type": "text", "text": "A sample / 見本"}},
            "response": {"output": {"generic": [{"response_type": "text", "text": "An answer"}]}},
            "language": "en",
        },
    },
    {"event": {"name": "cdr_logged"}, "payload": {"global_session_id": "a-sample-session", "call": {}}},
)
_RESULT = {"sessionId": "a-sample-session", "state": "ANSWERED", "sequence": 1, "complete": True, "error": None}
_TROPO: tuple[dict[str, object], ...] = (
    {"session": {"id": "a-sample-session", "userType": "HUMAN", "timestamp": "2026-11-20T08:00:00.000Z"}},
    {"result": _RESULT},
    {"result": {**_RESULT, "state": "DISCONNECTED"}},
)


def _bodies() -> Iterator[tuple[str, str, bytes]]:
    for parameters in _AUTOPILOT:
        common = {"Sid": _DIGITS, "DialogueSid": f"UK{_DIGITS}", "EventDate": "2026-11-20T08:00:00Z"}
        yield "autopilot", _FORM, urlencode({**common, "Language": "en-US", "Channel": "chat", **parameters}).encode()
    for name, bodies in (("messagehub", _MESSAGEHUB), ("watsonx", _WATSONX), ("tropo", _TROPO)):
        for body in bodies:
            yield name, _JSON, _json(body)


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _described(platform_name: str, content_type: str, payload: bytes) -> Event:
    headers = {"content-type": content_type}
    request = Request("POST", "/", "", headers, payload, "", "", "", 0, "")
    said = platform(platform_name).describe(request, Source("", "", "", platform_name, (), (), SourceOptions()))
    return _event(platform_name, content_type, payload, said)


def _event(platform_name: str, content_type: str, payload: bytes, said: Described) -> Event:
    return Event(
        sid="",
        account_sid="",
        assistant_sid="",
        source_sid=None,
        platform=platform_name,
        name=said.name,
        type=said.type,
        status=said.status,
        reason=said.reason,
        conversation_id=said.conversation_id,
        occurred_ms=None,
        received_ms=0,
        rid="",
        method="POST",
        content_type=content_type,
        payload=payload,
        test=True,
    )


@cache
def events() -> tuple[Event, ...]:
    """The samples, as events of nobody: who sends one fills in SIDs and time."""
    own = (_event(PARLEY, _JSON, _json(_OF_PARLEY), Described(kind, kind)) for kind in PARLEY_TYPES)
    return (*(_described(*body) for body in _bodies()), *own)


@cache
def names() -> tuple[str, ...]:
    """What a sample can be asked for by: common types and platforms' event names."""
    return tuple(sorted({name for event in events() for name in (event.type, event.name)}))
