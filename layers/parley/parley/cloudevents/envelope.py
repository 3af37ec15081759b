"""The CloudEvent of an event, version 1.0, structured mode (the specification's HTTP binding and JSON format)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from parley.cloudevents import own, payload
from parley.cloudevents.fields import rfc3339
from parley.platforms import vocabulary
from parley.platforms.interface import Callback
from parley.platforms.reading import UnreadableError, at
from parley.vocabulary import PARLEY

if TYPE_CHECKING:
    from parley.cloudevents.mapping import Common
    from parley.event import Event
    from parley.webhook import Webhook

TYPE_PREFIX = "dev.parley."
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
LARGEST_BYTES = 64 * 1024  # to which CloudEvents promises transport

# What a CloudEvents String may not hold: controls, lone surrogates, noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_DEEPEST_NESTING = "nested too deep to be shown"


def _attribute(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _common(event: Event) -> Common:
    return own.COMMON if event.platform == PARLEY else vocabulary(event.platform)


def _data(event: Event) -> dict[str, Any]:
    """`data` in the vocabulary's order, the original last."""
    table = _common(event)
    said: dict[str, Any] = {}
    original: object = None
    try:
        body = payload.cleaned(table.read(event))
    except UnreadableError:
        pass  # an event's name may be known by less than its whole body; what came stands in base64
    else:
        said = table.data(event, body)
        original = table.original(event, body)
    data = said | ({"reason": event.reason} if event.reason else {}) | {"received_at": rfc3339(event.received_ms)}
    if event.platform == PARLEY:
        return data  # it says all that there is
    return data | _shown(event, original)


def _shown(event: Event, original: object) -> dict[str, Any]:
    if original:
        return {"original": original}
    if not event.payload:
        return {}
    encoded = payload.as_base64(event.payload)
    return {"original_base64": encoded} if encoded else {"original_omitted": True}


def _without_original(data: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in data.items() if name not in ("original", "original_base64")}
    return kept | {"original_omitted": True}


def _source(event: Event, public_url: str) -> str:
    """With `PublicUrl` a URL; without it a relative reference: a function cannot name the API that it belongs to."""
    assistant = f"{public_url.rstrip('/')}/v1/Assistants/{event.assistant_sid}"
    return f"{assistant}/Sources/{event.source_sid}" if event.source_sid else assistant


def _attributes(event: Event, data: dict[str, Any], public_url: str) -> dict[str, str]:
    subject = at(data, "webhook", "sid") if event.platform == PARLEY else at(data, "conversation", "id")
    attributes = {
        "specversion": "1.0",
        "id": event.sid,
        "source": _source(event, public_url),
        "type": f"{TYPE_PREFIX}{event.type}",
        "subject": _attribute(str(subject or "")),
        "time": rfc3339(event.received_ms if event.occurred_ms is None else event.occurred_ms),
        "datacontenttype": "application/json",
        # an absolute URI by the specification: without `PublicUrl` there is none
        "dataschema": f"{public_url.rstrip('/')}/schemas/v1/{event.type}.json" if public_url else "",
        "platform": event.platform,
        "platformevent": _attribute(event.name),
    }
    return {name: value for name, value in attributes.items() if value}


def _written(cloud_event: dict[str, Any]) -> bytes:
    text = json.dumps(cloud_event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate in the payload: JSON can write it, UTF-8 cannot
        return json.dumps(cloud_event, allow_nan=False, separators=(",", ":")).encode()


# An event's webhooks are served one after another: the last one's body is the next one's. Not more, as a payload may
# have megabytes.
@lru_cache(maxsize=1)
def body(event: Event, public_url: str) -> bytes:
    """The CloudEvent as it is sent: the same for every webhook, retry and replay.

    Args:
        event: Of a platform, or Parley's own.
        public_url: The deployment's `PublicUrl`, or empty.
    """
    data = _data(event)
    attributes = _attributes(event, data, public_url)
    try:
        content = _written({**attributes, "data": data})
    except RecursionError:
        content = b""
    if content and len(content) <= LARGEST_BYTES:
        return content
    try:
        return _written({**attributes, "data": _without_original(data)})
    except RecursionError:  # of an object that the vocabulary passes as it is: `memory`, a change's value
        bare = {"received_at": data["received_at"], "reason": _DEEPEST_NESTING, "original_omitted": True}
        return _written({**attributes, "data": bare})


def callback(event: Event, webhook: Webhook, *, public_url: str) -> Callback:
    """The callback of a webhook with this format; POST, as GET carries no structured mode."""
    headers = {"Content-Type": CONTENT_TYPE}
    return Callback(method="POST", url=webhook.url, headers=headers, body=body(event, public_url))
