"""The queues' messages, with their version: what a deployment wrote must be readable by the next and by the one before.

| kind | queue | says |
| --- | --- | --- |
| event | EventsQueue | an accepted event, to be dispatched |
| chunk | EventsQueue | serve the webhooks of chunk i of n of a stored event |
| retry | RetryQueue | attempt n of one event at one webhook is due |
| tend | RetryQueue | look after a webhook in trouble: probe it, drain it, put its states in order |
| replay | RetryQueue | go on with a replay |
| commit | EventsQueue | an event was posted and could not be written: write it, post nothing |
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, assert_never

from parley import codec
from parley.event import Event

VERSION = 1


class MessageError(Exception):
    """Raised when a message is not one of ours, or of a version that this code does not read."""


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An accepted event."""

    event: Event


@dataclass(frozen=True, slots=True)
class ChunkMessage:
    """One chunk of a stored event's webhooks: those whose SID hashes to `index` of `count` when it runs."""

    account_sid: str
    assistant_sid: str
    event_sid: str
    index: int
    count: int


@dataclass(frozen=True, slots=True)
class RetryMessage:
    """An attempt that is due.

    Attributes:
        attempts: How many were made before it; another number in the item makes the message stale.
        trigger: `first` (a test), `retry`, `probe`, `drain`, `resend` or `replay`.
    """

    account_sid: str
    assistant_sid: str
    webhook_sid: str
    event_sid: str
    received_ms: int
    attempts: int
    trigger: str


@dataclass(frozen=True, slots=True)
class TendMessage:
    """A webhook in trouble must be looked after."""

    account_sid: str
    assistant_sid: str
    webhook_sid: str


@dataclass(frozen=True, slots=True)
class ReplayMessage:
    """A replay is to be gone on with."""

    account_sid: str
    assistant_sid: str
    webhook_sid: str
    replay_sid: str


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """What was posted and could not be written, so that posts are not repeated.

    Attributes:
        event: The event itself; of a chunk it is stored already and only its keys matter.
        chunk: Its index and count; None for the event's own commit.
        results: Packed as `results.pack` does.
        undelivered: The items of the targets that did not succeed, as `undelivered.to_values` makes them.
    """

    event: Event
    chunk: tuple[int, int] | None
    results: bytes
    undelivered: tuple[Mapping[str, Any], ...]


Message = EventMessage | ChunkMessage | RetryMessage | TendMessage | ReplayMessage | CommitMessage


_EVENT_FIELDS = tuple(field.name for field in fields(Event))


def _event_values(event: Event) -> dict[str, Any]:
    number, packed = codec.pack(event.payload)
    # not `asdict`: it copies in depth, which texts and numbers do not need, for a twentieth of ingest's time
    values = {name: getattr(event, name) for name in _EVENT_FIELDS}
    return values | {"payload": base64.b64encode(packed).decode("ascii"), "codec": number}


def _event(values: Mapping[str, Any]) -> Event:
    payload = codec.unpack(values["codec"], base64.b64decode(values["payload"]))
    # what an older version did not write has its default; anything else that is missing is refused
    known = {field.name: values[field.name] for field in fields(Event) if field.name in values}
    del known["payload"]
    return Event(payload=payload, **known)


def encode(message: Message) -> str:
    """The message's text.

    Raises:
        PayloadTooLargeError: When the event's payload cannot be packed.
    """
    match message:
        case EventMessage(event):
            body: dict[str, Any] = {"kind": "event", **_event_values(event)}
        case ChunkMessage():
            body = {"kind": "chunk", **asdict(message)}
        case RetryMessage():
            body = {"kind": "retry", **asdict(message)}
        case TendMessage():
            body = {"kind": "tend", **asdict(message)}
        case ReplayMessage():
            body = {"kind": "replay", **asdict(message)}
        case CommitMessage(event, chunk, results, undelivered):
            body = {
                "kind": "commit",
                "event": _event_values(event),
                "chunk": chunk,
                "results": base64.b64encode(results).decode("ascii"),
                "undelivered": [_textual(item) for item in undelivered],
            }
        case _:
            assert_never(message)
    return json.dumps({"v": VERSION, **body}, separators=(",", ":"))


def decode(text: str) -> Message:
    """Read a message; members that this version does not know are ignored.

    Raises:
        MessageError: Saying what is unreadable.
    """
    try:
        body = json.loads(text)
        version, kind = body["v"], body["kind"]
        if version != VERSION:
            raise MessageError(f"message version {version!r} is not {VERSION}")
        match kind:
            case "event":
                return EventMessage(_event(body))
            case "chunk":
                return ChunkMessage(**_only(ChunkMessage, body))
            case "retry":
                return RetryMessage(**_only(RetryMessage, body))
            case "tend":
                return TendMessage(**_only(TendMessage, body))
            case "replay":
                return ReplayMessage(**_only(ReplayMessage, body))
            case "commit":
                chunk = body["chunk"]
                return CommitMessage(
                    event=_event(body["event"]),
                    chunk=(chunk[0], chunk[1]) if chunk else None,
                    results=base64.b64decode(body["results"]),
                    undelivered=tuple(_binary(item) for item in body["undelivered"]),
                )
            case _:
                raise MessageError(f"message kind {kind!r} is not known")
    except (ValueError, KeyError, TypeError, codec.PayloadCodecError) as error:
        raise MessageError(f"unreadable message: {type(error).__name__}: {error}") from error


def _only(
    kind: type[ChunkMessage | RetryMessage | TendMessage | ReplayMessage], body: Mapping[str, Any]
) -> dict[str, Any]:
    return {field.name: body[field.name] for field in fields(kind)}


def _textual(value: Any) -> Any:  # noqa: ANN401 — JSON's own shape
    """Bytes inside an item become {"$bytes": base64}: JSON has none."""
    match value:
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case Mapping():
            return {name: _textual(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_textual(entry) for entry in value]
        case _:
            return value


def _binary(value: Any) -> Any:  # noqa: ANN401 — JSON's own shape
    match value:
        case {"$bytes": text}:
            return base64.b64decode(text)
        case Mapping():
            return {name: _binary(entry) for name, entry in value.items()}
        case list():
            return [_binary(entry) for entry in value]
        case _:
            return value
