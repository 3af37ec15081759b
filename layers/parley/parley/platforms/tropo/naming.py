"""What happened, by a Tropo call: `{"session":{…}}` first, then `{"result":{…}}`s (seed 001, wire-truth section 3)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from parley.matching import Names
from parley.platforms import reading
from parley.platforms.interface import Described, unrecognised
from parley.platforms.reading import at

if TYPE_CHECKING:
    from parley.http import Request
    from parley.source import Source

_SESSION = "session"
_RESULT = "result"
NAMES = Names(known=(_RESULT, _SESSION), fold_case=False)

_ENDED_STATES = ("DISCONNECTED", "FAILED")


def read(body: bytes, *, repair_backslashes: bool) -> dict[str, object]:
    r"""The JSON object of a Tropo body.

    The text is UTF-8 or, as Tropo's documentation says of accents, ISO-8859-1. It is read as JSON that may have line
    breaks inside strings, as Java clients wrote it; then, where the source allows it, with `\\\\` read as `\`, as the
    printed examples of Tropo's documentation need. Never where a reading without repair works: `\\\\"` may be meant so.

    Raises:
        UnreadableError: None of these reads it.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("iso-8859-1")
    try:
        return reading.json_object(text, strict=False)
    except reading.UnreadableError:
        if not repair_backslashes:
            raise
    return reading.json_object(text.replace("\\" * 4, "\\"), strict=False)


def describe(request: Request, source: Source) -> Described:
    """Name the event; its identity is session, sequence and the body's hash, as Tropo gives its calls no id."""
    try:
        body = read(request.body, repair_backslashes=source.options.repair_backslashes)
    except reading.UnreadableError as error:
        return unrecognised(str(error))
    name = next((known for known in NAMES.known if isinstance(body.get(known), dict)), None)
    if name is None:
        return unrecognised("neither a result nor a session")
    content = body[name]
    if name == _SESSION:
        event_type = "conversation.started"
        session_id, sequence = reading.identity(at(content, "id")), None
    else:
        state = at(content, "state") or at(content, "callState")
        event_type = "conversation.ended" if state in _ENDED_STATES else "turn.completed"
        session_id, sequence = reading.identity(at(content, "sessionId")), reading.identity(at(content, "sequence"))
    digest = hashlib.sha256(request.body).hexdigest()
    return Described(
        name=name,
        type=event_type,
        identity=f"{session_id}:{sequence}:{digest}" if session_id else None,
        conversation_id=reading.conversation_id(session_id),
        # a result has no time of its own
        occurred_ms=reading.occurred_ms(at(content, "timestamp")) if name == _SESSION else None,
    )
