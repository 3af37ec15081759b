"""How a platform's table says which field comes from where: rules that are read by people, run, and printed alike.

A rule is a target (`user.phone`) and its sources; of several the first that is present and converts is taken (`‖` on
the page). A source is a path in the payload, or a function with the words that describe it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parley.cloudevents import fields
from parley.platforms.reading import at

if TYPE_CHECKING:
    from parley.event import Event

_STEPS = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class From:
    """A source.

    Attributes:
        words: What it is, as the page prints it.
        read: Takes it from the view of a payload; None or what does not convert = absent. Never raises.
    """

    words: str
    read: Callable[[Any], object]


def path(text: str) -> From:
    """Members by name and array entries by position: `meta.sender`, `summaries[0].session_id`."""
    steps = tuple(name or int(position) for name, position in _STEPS.findall(text))
    return From(text, lambda view: at(view, *steps))


def always(value: str) -> From:
    """A constant."""
    return From(f"`{value}`", lambda _view: value)


def _source(source: str | From) -> From:
    return path(source) if isinstance(source, str) else source


Sources = str | From | tuple[str | From, ...]


def _sources(given: Sources) -> tuple[From, ...]:
    return tuple(_source(each) for each in (given if isinstance(given, tuple) else (given,)))


def each(words: str, entries: Callable[[Any], Iterable[object]], **members: Sources) -> From:
    """An array of objects, or with `entries` of one an array of one: each entry's members by their own sources.

    Args:
        words: What the entries are.
        entries: Takes them from the view.
        members: The field's name to its sources, whose paths begin at the entry.
    """
    taken = {name: _sources(sources) for name, sources in members.items()}
    named = ", ".join(f"{name}←{_words(sources)}" for name, sources in taken.items())

    def read(view: object) -> object:
        return [
            {name: _first(sources, entry, _MEMBER) for name, sources in taken.items()} for entry in entries(view) or ()
        ]

    return From(f"{words} ({named})", read)


def record(
    origin: str, *members: str, when: Callable[[object], bool] | None = None, words: str = "", called: str = ""
) -> From:
    """An object taken whole, so that two people are never mixed.

    Args:
        origin: The path of the payload's object; empty for the whole of it.
        members: Its names, or `ours←theirs` where they differ.
        when: Whether it is the one that is meant.
        words: That condition in words.
        called: What to print for the path.
    """
    pairs = [(ours, theirs or ours) for ours, _, theirs in (member.partition("←") for member in members)]
    source = path(origin)

    def read(view: object) -> object:
        found = source.read(view)
        if not isinstance(found, dict) or (when and not when(found)):
            return None
        return {ours: found.get(theirs) for ours, theirs in pairs}

    return From(f"{called or origin}{words and ' ' + words} ({' '.join(members)})", read)


def _words(sources: Iterable[From]) -> str:
    return " ‖ ".join(source.words for source in sources)


# Inside `each` a member's own kind converts it later; here only the first that says anything is chosen.
_MEMBER = fields.ANYTHING


def _first(sources: Iterable[From], view: object, kind: fields.Kind) -> object:
    for source in sources:
        found = kind.convert(source.read(view))
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of `data`."""

    target: str
    sources: tuple[From, ...]
    kind: fields.Kind

    @property
    def words(self) -> str:
        """The sources as the page prints them."""
        return _words(self.sources)

    def apply(self, view: object, data: dict[str, Any]) -> None:
        """Put the field into `data`, unless a rule before this one did."""
        *objects, name = self.target.split(".")
        holder = at(data, *objects)
        if isinstance(holder, dict) and name in holder:
            return
        found = _first(self.sources, view, self.kind)
        if found is None:
            return
        for each_object in objects:
            data = data.setdefault(each_object, {})
        data[name] = found


def rule(target: str, *sources: str | From) -> Rule:
    """A rule.

    Raises:
        KeyError: The vocabulary has no such field.
    """
    return Rule(target, _sources(sources), fields.kind_of(target))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a platform's table.

    Attributes:
        events: The platform's event names that it speaks of, and which of them, in words.
        types: The common types of those events.
        rules: What goes into `data`; earlier rows and rules win.
        time: What `naming` takes as the time of such an event, in words; empty: when it was accepted.
        shared: Whether it holds what several rows have in common, and is no event's own.
    """

    events: str
    types: tuple[str, ...]
    rules: tuple[Rule, ...]
    time: str = ""
    shared: bool = False


def _whole(_event: Event, body: dict[str, Any]) -> object:
    return body


@dataclass(frozen=True, slots=True)
class Common:
    """A platform in the common vocabulary.

    Attributes:
        read: The payload of an event as an object; raises reading.UnreadableError.
        rows: Its table; a row of a type's own stands before the shared ones.
        view: What the rules' paths begin in.
        original: What `data.original` shows; None when an object would show less than what came.
    """

    read: Callable[[Event], dict[str, Any]]
    rows: tuple[Row, ...]
    view: Callable[[Event, dict[str, Any]], Mapping[str, Any]] = field(default=lambda _event, body: body)
    original: Callable[[Event, dict[str, Any]], object] = _whole

    def data(self, event: Event, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of `data` that the platform's table gives, in the vocabulary's order."""
        view = self.view(event, body)
        data: dict[str, Any] = {}
        for row in self.rows:
            if event.type in row.types:
                for each_rule in row.rules:
                    each_rule.apply(view, data)
        return fields.in_order(data)
