"""Which webhooks want an event: `Events` holds platforms' names, common type names and `*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from parley.vocabulary import TYPES

ALL = "*"


@dataclass(frozen=True, slots=True)
class Names:
    """The event names that a platform sends.

    Attributes:
        known: In their canonical spelling.
        fold_case: Whether they compare without case (Autopilot's do, Chatwoot's do not).
        open_prefixes: Any name that begins so is one of this platform's.
    """

    known: tuple[str, ...]
    fold_case: bool
    open_prefixes: tuple[str, ...] = ()

    def canonical(self, name: str) -> str | None:
        """The canonical spelling, or None when this platform has no such name."""
        if name in self.known or any(name.startswith(prefix) and name != prefix for prefix in self.open_prefixes):
            return name
        if self.fold_case:
            return next((known for known in self.known if known.lower() == name.lower()), None)
        return None


@lru_cache(maxsize=4096)
def _split(events: str) -> frozenset[str]:
    return frozenset(events.split())


@lru_cache(maxsize=4096)
def _split_lower(events: str) -> frozenset[str]:
    return frozenset(events.lower().split())


def wants(events: str, *, name: str, event_type: str, names: Names | None) -> bool:
    """Whether a webhook with these `Events` gets the event; matching by two names is one delivery.

    Args:
        events: As it was given: separated by white space.
        name: The event's own name on its platform.
        event_type: Its common type.
        names: Its platform's; None for Parley's own events, which `*` does not take.
    """
    subscribed = _split(events)
    if event_type in subscribed:
        return True
    if names is None:
        return False
    if ALL in subscribed or name in subscribed:
        return True
    return names.fold_case and name.lower() in _split_lower(events)


def unknown_name(events: str, platforms: Iterable[Names]) -> tuple[str, tuple[str, ...]] | None:
    """The first name that nobody knows, with the nearest known ones; None when all are known."""
    import difflib  # noqa: PLC0415 — only a refusal needs it, and ingest loads this module too

    everyone = tuple(platforms)
    known = [*TYPES, *(name for names in everyone for name in names.known)]
    for entry in events.split():
        if entry == ALL or entry in TYPES or any(names.canonical(entry) for names in everyone):
            continue
        folded = {name.lower(): name for name in known}
        near = difflib.get_close_matches(entry.lower(), folded, n=3, cutoff=0.6)
        return entry, tuple(folded[name] for name in near)
    return None
