"""functions/console/page/vocabulary.js: what the console's forms offer, from the code that takes it."""

from __future__ import annotations

import json
from typing import Any

from functions.webhooks.source_values import OPTIONS_OF
from functions.webhooks.webhook_values import JWT_MODES, METHODS
from parley import replays, samples
from parley.data_table.undelivered import MOST_COUNTED
from parley.platforms import PLATFORM_NAMES, platform
from parley.retry import DEFAULT_SCHEDULE, STATUSES
from parley.vocabulary import PARLEY_TYPES, PLATFORM_TYPES, UNRECOGNISED_TYPE

# For those whose name alone says little.
_TITLES = {
    "autopilot": "Twilio Autopilot",
    "watsonx": "watsonx Assistant",
    "messagehub": "MessageHub",
    "tropo": "Tropo",
}


def console() -> str:
    """The module's text."""
    constants: dict[str, Any] = {
        "PLATFORMS": [_platform(name) for name in PLATFORM_NAMES],
        "PLATFORM_TYPES": [{"name": name, "from": _platforms_of(name)} for name in PLATFORM_TYPES],
        "PARLEY_TYPES": list(PARLEY_TYPES),
        "SAMPLES": list(samples.names()),
        "DELIVERY_STATUSES": list(STATUSES),
        "MOST_COUNTED": MOST_COUNTED,
        "REPLAY_MODES": list(replays.MODES),
        "REPLAY_OPEN": list(replays.OPEN),
        "REPLAY_RATE": {"most": replays.MAX_RATE, "ordinary": replays.DEFAULT_RATE},
        "METHODS": list(METHODS),
        "JWT_MODES": list(JWT_MODES),
        "RETRY_SCHEDULE": " ".join(map(str, DEFAULT_SCHEDULE)),
    }
    lines = ["// Made by `make vocabulary` from the code that serves the API; do not edit."]
    lines += [f"export const {name} = {json.dumps(value, indent=2)};" for name, value in constants.items()]
    return "\n".join(lines) + "\n"


def _platform(name: str) -> dict[str, Any]:
    found = platform(name)
    return {
        "name": name,
        "title": _TITLES.get(name, name),
        "secret": found.secret_rule,
        "options": list(OPTIONS_OF.get(name, ())),
        "events": list(found.names.known),
        "openPrefixes": list(found.names.open_prefixes),
    }


def _platforms_of(event_type: str) -> list[str]:
    """From which platforms events of this type come; what is not known may come from any."""
    if event_type == UNRECOGNISED_TYPE:
        return list(PLATFORM_NAMES)
    return sorted({event.platform for event in samples.events() if event.type == event_type}, key=PLATFORM_NAMES.index)
