"""The platforms that Parley speaks: a folder each, with the same file names, and its name in the list below.

A folder's files: `proof` (is the call genuine), `naming` (what happened), `reply` (what the platform hears back),
`callback` (what receivers are sent, and the platform's own proof), `common` (its events in the common vocabulary; only
a webhook with the format `cloudevents` needs it), `guide` (where to paste the URL), `models` (views on the payloads),
`emitting` (what the team's own bots must say, and what is filled in). Nothing on the way of a platform's call imports
the last two.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from parley.cloudevents.mapping import Common
    from parley.platforms.interface import Platform

PLATFORM_NAMES = (
    "autopilot",
    "watsonx",
    "messagehub",
    "tropo",
)


@cache
def platform(name: str) -> Platform:
    """The platform of that name, imported when it is first asked for: ingest's cold start pays for one, not for all.

    Raises:
        KeyError: There is none.
    """
    if name not in PLATFORM_NAMES:
        raise KeyError(name)
    return cast("Platform", import_module(f"{__name__}.{name}").PLATFORM)


@cache
def vocabulary(name: str) -> Common:
    """The platform of that name in the common vocabulary, imported when it is first asked for.

    Raises:
        KeyError: There is none.
    """
    if name not in PLATFORM_NAMES:
        raise KeyError(name)
    return cast("Common", import_module(f"{__name__}.{name}.vocabulary").COMMON)
