"""What a platform would send: the documented examples of events/payloads, and a small sample of every other event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parley import samples

PAYLOADS = Path(__file__).resolve().parents[2] / "events" / "payloads"
_TYPES = {".form": "application/x-www-form-urlencoded", ".json": "application/json"}


class UnknownEventError(Exception):
    """Raised when there is no example of that name; names those that there are."""


@dataclass(frozen=True, slots=True)
class Body:
    """A callback's body."""

    content_type: str
    content: bytes


def named(platform: str, name: str) -> Body:
    """The example of that name: a file's of events/payloads, else a platform's event.

    Raises:
        UnknownEventError: There is none.
    """
    files = {path.stem: path for path in (PAYLOADS / platform).iterdir()}
    if name in files:
        return Body(_TYPES[files[name].suffix], files[name].read_bytes())
    known = {event.name: event for event in reversed(samples.events()) if event.platform == platform}
    if name not in known:
        raise UnknownEventError(f"{platform} has no {name!r}: {', '.join(sorted({*files, *known}))}")
    return Body(known[name].content_type or _TYPES[".json"], known[name].payload)
