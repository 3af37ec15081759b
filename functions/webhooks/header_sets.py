"""`Headers`: the team's own headers on a webhook's callbacks. Values are secrets: no error quotes one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from functions.webhooks.deployment import MASK
from parley.api.parameters import object_of, quoted
from parley.errors import InvalidParameterError

MOST_HEADERS = 20
MOST_NAME_CHARACTERS = 128
MOST_VALUE_CHARACTERS = 2048

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: a tab may stand in a value
HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
FRAMING = ("accept-encoding", "content-encoding", "content-length", "content-type", "expect", "host")
SIGNATURES = ("webhook-", "x-twilio-", "x-chatwoot-", "parley-")  # those that signing keeps for itself


def headers(values: Mapping[str, Any], *, stored: Collection[str] | None) -> dict[str, str | None] | None:
    """The whole set in `Headers`, or None when it was not given; None as a value keeps the stored one.

    Args:
        values: The request's parameters.
        stored: The names that the webhook has; None when it is being created.

    Raises:
        InvalidParameterError: Naming the header that is refused.
    """
    given = object_of(values, "headers")
    if given is None:
        return None
    if len(given) > MOST_HEADERS:
        raise InvalidParameterError("Headers", f"there are {len(given)}", f"at most {MOST_HEADERS}")
    if len({name.lower() for name in given}) < len(given):
        raise InvalidParameterError("Headers", "a name is given more than once", "each name once, in any case")
    kept = {name.lower() for name in stored or ()}
    return {name: _value(name, value, kept, creating=stored is None) for name, value in given.items()}


def _value(name: str, value: object, kept: Collection[str], *, creating: bool) -> str | None:
    check_name("Headers", name)
    if value == MASK:
        if creating:
            raise InvalidParameterError("Headers", f"{quoted(name)} has the mask as its value", "the value itself")
        if name.lower() not in kept:
            raise InvalidParameterError("Headers", f"{quoted(name)} is masked and not stored", "the value itself")
        return None
    return check_value("Headers", name, value)


def check_name(parameter: str, name: str) -> None:
    """Refuse what is not a header's name, what a proxy takes for its own, and what Parley sets.

    Raises:
        InvalidParameterError: Saying which and why.
    """
    folded = name.lower()
    if len(name) > MOST_NAME_CHARACTERS or not _TOKEN.fullmatch(name):
        raise InvalidParameterError(parameter, f"{quoted(name)} is not a header name", "letters, digits and hyphens")
    if folded in HOP_BY_HOP:
        raise InvalidParameterError(parameter, f"{quoted(name)} speaks of one connection", "end-to-end headers")
    if folded in FRAMING:
        raise InvalidParameterError(parameter, f"{quoted(name)} follows from each callback", "other headers")
    if folded.startswith(SIGNATURES):
        raise InvalidParameterError(parameter, f"{quoted(name)} carries Parley's own proof", "other headers")


def check_value(parameter: str, name: str, value: object) -> str:
    """The value, if HTTP can carry it unchanged.

    Raises:
        InvalidParameterError: Saying what is wrong, without the value.
    """
    if not isinstance(value, str):
        raise InvalidParameterError(parameter, f"the value of {quoted(name)} is not a text", "a text")
    if not 1 <= len(value) <= MOST_VALUE_CHARACTERS:
        raise InvalidParameterError(
            parameter,
            f"the value of {quoted(name)} has {len(value):,} characters",
            f"1 to {MOST_VALUE_CHARACTERS:,}",
        )
    if _CONTROL.search(value) or value != value.strip():
        raise InvalidParameterError(
            parameter,
            f"the value of {quoted(name)} has control characters, or begins or ends with white space",
            "text in any script on one line",
        )
    return value
