"""Which route of the HTTP API a request takes, as API Gateway chooses it.

Source: the developer guide's "Routing API requests" for HTTP APIs: the most specific match wins, a greedy variable
loses to any full match, and `$default` takes the rest. The path is matched as it was sent, so that `%2F` is a character
of its segment and never separates two; what the function sees is decoded, as `rawPath` is in payload 2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from cli.up.template import Route


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the decoded values of its path's variables."""

    route: Route
    path_parameters: dict[str, str]


def decoded_path(raw_path: str) -> str:
    """A sent path as `rawPath` holds it: decoded, and cut at a `?` that was encoded (captured from HTTP APIs)."""
    return unquote(raw_path, errors="replace").partition("?")[0]


def choose(routes: Sequence[Route], method: str, raw_path: str) -> Match | None:
    """The route for a request, or None where the gateway itself answers 404.

    Args:
        routes: The API's routes, in any order.
        method: The request's method.
        raw_path: The path as it was sent, without the query.
    """
    segments = raw_path.split("/")
    found: list[tuple[tuple[object, ...], Match]] = []
    for route in routes:
        if route.path == "$default":
            found.append(((2,), Match(route, {})))
        elif route.method in (method, "ANY") and (parameters := _match(route.path.split("/"), segments)) is not None:
            found.append((_rank(route), Match(route, parameters)))
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    greedy = pattern[-1].endswith("+}")
    if len(segments) < len(pattern) or (len(segments) > len(pattern) and not greedy):
        return None
    parameters: dict[str, str] = {}
    for index, part in enumerate(pattern):
        if part.endswith("+}"):
            parameters[part[1:-2]] = unquote("/".join(segments[index:]), errors="replace")
        elif part.startswith("{"):
            if not segments[index]:
                return None
            parameters[part[1:-1]] = unquote(segments[index], errors="replace")
        elif part != segments[index]:
            return None
    return parameters


def _rank(route: Route) -> tuple[object, ...]:
    """Smaller is more specific: no greedy variable, then literal segments from the left, then a method of its own."""
    parts = route.path.split("/")
    return (int(parts[-1].endswith("+}")), [part.startswith("{") for part in parts], route.method == "ANY")
