"""An event of the team's own bot: who may, what is wrong with it, queue it, answer with the event.

`POST /v1/Assistants/{AssistantSid}/Events` takes a platform's own callback body, as JSON or as a form. `Platform` and
`Event` may stand in the query; `Platform` may stand in the body, or be left out where the event's name tells it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from functions.ingest.accept import event_of, keep
from parley import codec
from parley.api import links, resources
from parley.api.caller import EMIT, identify, require
from parley.api.parameters import FORM, JSON, quoted, read_query
from parley.data_table.events import Listed
from parley.errors import InvalidParameterError, TooLargeError
from parley.event import ACCEPTED
from parley.platforms import PLATFORM_NAMES, emission, platform
from parley.source import Source, SourceOptions

if TYPE_CHECKING:
    from parley.event import Event
    from parley.http import Request

_KEY_HEADER = "idempotency-key"
LONGEST_KEY = 255
_MOST_PARAMETERS = 100
_MOST_NESTED = 100  # ten times what any platform sends


@dataclass(frozen=True, slots=True)
class Ports:
    """What emitting an event needs of the outside.

    Attributes:
        resolve: Account and SID or unique name to the assistant's SID; raises NotFoundError.
        queue: Makes an event durable.
        remember: Event SID and time of receipt; when an event with this SID was emitted before, if it was.
        public_url: The `PublicUrl` parameter, or empty.
    """

    resolve: Callable[[str, str], str]
    queue: Callable[[Event], None]
    remember: Callable[[str, int], int | None]
    public_url: str


@dataclass(frozen=True, slots=True)
class Emitted:
    """An emitted event.

    Attributes:
        status: 201, or 200 when the bot had emitted it before.
        body: The event as the API shows it.
    """

    event: Event
    status: int
    body: dict[str, Any]


def emit(request: Request, ports: Ports) -> Emitted:
    """Take one event.

    The queue has it before its id is noted: a repeat that comes between the two answers 201 with the same SID, and is
    one event all the same.

    Raises:
        ParleyError: The kind that says why it is refused.
    """
    caller = identify(request.authorizer, now_seconds=request.received_ms / 1000)
    require(caller, EMIT)
    assistant_sid = ports.resolve(caller.account_sid, request.path_parameters.get("AssistantSid", ""))
    key = _idempotency_key(request)
    asked = read_query(request.raw_query, allowed=("Platform", "Event"))
    body, said = _members(request)
    asked_platform, asked_event = asked.get("Platform"), asked.get("Event") or said
    name = _platform(asked_platform, body) or emission.platform_of(body, asked_event)
    given = emission.Emission(
        body=body,
        name=asked_event,
        account_sid=caller.account_sid,
        assistant_sid=assistant_sid,
        new_id=hashlib.sha256(f"{assistant_sid}\x1f{key}".encode()).hexdigest()[:32] if key else uuid.uuid4().hex,
        now=datetime.fromtimestamp(request.received_ms / 1000, UTC),
    )
    event, has_own_id = _event(request, given, name, key)
    keep(event, ports.queue)
    before_ms = ports.remember(event.sid, event.received_ms) if has_own_id else None
    first = event if before_ms is None else replace(event, received_ms=before_ms)
    base_url = links.base_of(request, ports.public_url)
    return Emitted(event, 201 if before_ms is None else 200, resources.event(_listed(first), base_url))


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(_KEY_HEADER)
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidParameterError("Idempotency-Key", f"it has {len(key)} characters", f"1 to {LONGEST_KEY}")
    return key


def _members(request: Request) -> tuple[dict[str, Any], str | None]:
    """The callback's members, and the event's name where it stands beside them.

    A JSON object is the callback itself; a form holds Autopilot's parameters, or in `Payload` the JSON text of a
    callback that is JSON, with `Event` and `Platform` beside it.
    """
    if len(request.body) > codec.MAX_PAYLOAD_BYTES:
        raise TooLargeError(f"The body has {len(request.body):,} bytes. Allowed: {codec.MAX_PAYLOAD_BYTES:,}")
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == JSON or media_type.endswith("+json"):
        return _json(request.body, "body"), None
    if media_type != FORM:
        raise InvalidParameterError("Content-Type", quoted(content_type), f"{FORM} or {JSON}")
    params = _form(request.body)
    if "Payload" not in params:
        return params, None
    unknown = sorted(set(params) - {"Event", "Payload", "Platform"})
    if unknown:
        raise InvalidParameterError(unknown[0][:100], "there is no such parameter", "Event, Payload, Platform")
    members = _json(params["Payload"].encode(), "Payload")
    return members | ({"Platform": params["Platform"]} if "Platform" in params else {}), params.get("Event")


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise InvalidParameterError("body", "it is not UTF-8") from None
    except ValueError:
        raise InvalidParameterError("body", f"more than {_MOST_PARAMETERS} parameters") from None
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidParameterError(name[:100], "it is given more than once", "once")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _json(text: bytes, field: str) -> dict[str, Any]:
    try:
        value = json.loads(text.decode(), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is valid JSON and no text
    except (ValueError, RecursionError):
        raise InvalidParameterError(field, "it is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidParameterError(field, "it is not a JSON object", "an object")
    if _is_deeper(value, _MOST_NESTED):
        raise InvalidParameterError(field, "it is nested too deep", f"at most {_MOST_NESTED} levels")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    """Without recursion: what is checked and written recursively behind this must not run out of stack."""
    nodes = [value]
    for _ in range(levels + 1):
        nodes = [inner for node in nodes for inner in _members_of(node)]
        if not nodes:
            return False
    return True


def _members_of(node: object) -> Iterable[object]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _platform(asked: str | None, body: dict[str, Any]) -> str | None:
    """The platform that query or body names; taken out of the body, where it is ours and not the platform's."""
    said = body.pop("Platform", None)
    names = [name for name in (asked, said) if name is not None]
    for name in names:
        if name not in PLATFORM_NAMES or name != names[0]:
            raise InvalidParameterError("Platform", quoted(name), ", ".join(PLATFORM_NAMES))
    return names[0] if names else None


def _event(request: Request, given: emission.Emission, name: str, key: str | None) -> tuple[Event, bool]:
    """The event, and whether the bot said what identifies it: only then can there be a repeat.

    Raises:
        InvalidEventError: It would not be recognised.
    """
    content_type, payload = emission.emitting(name).complete(given)
    # read as if its platform had sent it; the assistant stands in for a source
    sent = replace(request, headers={**request.headers, "content-type": content_type}, body=payload, raw_query="")
    source = Source(
        sid=given.assistant_sid,
        account_sid=given.account_sid,
        assistant_sid=given.assistant_sid,
        platform=name,
        secrets=(),
        token_hashes=(),
        options=SourceOptions(),
    )
    described = platform(name).describe(sent, source)
    if described.status != ACCEPTED:
        raise emission.InvalidEventError([("body", f"{name} sends nothing like it: {described.reason}")])
    made_up = {given.new_id, str(uuid.UUID(given.new_id))}
    has_own_id = key is not None or (described.identity is not None and described.identity not in made_up)
    identity = f"key:{key}" if key else described.identity
    event = event_of(sent, source, replace(described, identity=identity))
    return replace(event, source_sid=None), has_own_id


def _listed(event: Event) -> Listed:
    return Listed(
        event_sid=event.sid,
        assistant_sid=event.assistant_sid,
        source_sid=event.source_sid,
        platform=event.platform,
        name=event.name,
        type=event.type,
        status=event.status,
        reason=event.reason,
        conversation_id=event.conversation_id,
        occurred_ms=event.occurred_ms,
        received_ms=event.received_ms,
        size_bytes=len(event.payload),
        chunks=0,
        results=(),
    )
