"""What a source may be: its platform's rule for secrets, and the options that its platform knows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.webhooks.deployment import MASK
from functions.webhooks.header_sets import check_value
from functions.webhooks.rotation import first_secret, next_secret
from parley.api.parameters import choice_of, flag_of, object_of, quoted
from parley.errors import InvalidParameterError
from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.interface import GENERATED, REQUIRED, USERINFO
from parley.source import SourceOptions

WRITABLE = ("unique_name", "platform", "secret", "options")
READ_ONLY = (
    "sid",
    "account_sid",
    "assistant_sid",
    "ingest_url",
    "setup_steps",
    "last_event_at",
    "date_created",
    "date_updated",
    "url",
)
OPTIONS = ("static_header", "reply", "repair_backslashes")
OPTIONS_OF = {"watsonx": ("static_header",), "tropo": ("reply", "repair_backslashes")}
MOST_REPLY_CHARACTERS = 16_384
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewOptions:
    """A source's options as they shall be.

    Attributes:
        static_header: Its new value; None keeps the stored one when there shall be one.
        has_static_header: Whether there shall be one.
    """

    static_header: str | None
    has_static_header: bool
    reply: str | None
    repair_backslashes: bool

    def of_new_source(self) -> SourceOptions:
        """As a new source has them."""
        return SourceOptions(self.static_header, self.reply, self.repair_backslashes)


NO_OPTIONS = NewOptions(static_header=None, has_static_header=False, reply=None, repair_backslashes=False)


def new_text() -> str:
    """A random text for a URL's token or a generated secret: 256 bits, of characters that any form takes."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def read_platform(values: Mapping[str, Any]) -> str:
    """`Platform`, which is required and stays.

    Raises:
        InvalidParameterError: It is missing or unknown.
    """
    name = choice_of(values, "platform", PLATFORM_NAMES)
    if name is None:
        raise InvalidParameterError("Platform", "it is required", ", ".join(PLATFORM_NAMES))
    return name


def read_first_secret(values: Mapping[str, Any], platform_name: str) -> tuple[str | None, bool]:
    """A new source's secret, and whether it was generated and has to be shown.

    Raises:
        InvalidParameterError: The platform wants one and it is missing, or in another form.
    """
    secret = first_secret(values)
    rule = platform(platform_name).secret_rule
    if secret is not None:
        _check_form(secret, rule)
        return secret, False
    if rule == REQUIRED:
        raise InvalidParameterError("Secret", f"{platform_name} needs it: the platform signs with it", "that secret")
    return (new_text(), True) if rule == GENERATED else (None, False)


def read_next_secret(values: Mapping[str, Any], platform_name: str, *, has_one: bool) -> tuple[str | None, bool]:
    """The secret that takes the present one's place or None, and whether it was generated and has to be shown.

    Raises:
        InvalidParameterError: It is in another form, or cannot be generated because the platform makes it.
    """
    rule = platform(platform_name).secret_rule
    secret = next_secret(values, has_one=has_one)
    if secret is not None:
        _check_form(secret, rule)
        return secret, False
    if not flag_of(values, "rotate_secret"):
        return None, False
    if rule != GENERATED:
        raise InvalidParameterError("RotateSecret", f"the secret of {platform_name} is made elsewhere", "Secret")
    return new_text(), True


def _check_form(secret: str, rule: str) -> None:
    if rule == USERINFO and not secret.partition(":")[0]:
        raise InvalidParameterError("Secret", "it has no user before the colon", "user:password")
    if rule == USERINFO and ":" not in secret:
        raise InvalidParameterError("Secret", "it has no colon", "user:password")


def read_options(values: Mapping[str, Any], platform_name: str, present: NewOptions) -> NewOptions:
    """The options with those that were given; null takes one away, one that is left out stays.

    Raises:
        InvalidParameterError: One is unknown, not for this platform, or has a refused value.
    """
    given = object_of(values, "options")
    if given is None:
        return present
    known = OPTIONS_OF.get(platform_name, ())
    allowed = ", ".join(known) or f"none on {platform_name}"
    for name, value in given.items():
        if name not in OPTIONS or (name not in known and value not in (None, False)):
            raise InvalidParameterError("Options", f"{quoted(name)} is not an option of {platform_name}", allowed)
    static_header, has_static_header = _static_header(given, present)
    return NewOptions(
        static_header=static_header,
        has_static_header=has_static_header,
        reply=_reply(given, present),
        repair_backslashes=_repair(given, present),
    )


def _static_header(given: Mapping[str, Any], present: NewOptions) -> tuple[str | None, bool]:
    if "static_header" not in given:
        return None, present.has_static_header
    value = given["static_header"]
    if value is None:
        return None, False
    if value == MASK:
        if not present.has_static_header:
            raise InvalidParameterError("Options", "static_header is the mask, and nothing is stored", "Name: value")
        return None, True
    name, colon, content = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not name.strip() or not name.strip().isascii():
        raise InvalidParameterError("Options", "static_header is not a header", "a text such as X-Key: value")
    check_value("Options", "static_header", content.strip())
    return f"{name.strip()}: {content.strip()}", True


def _reply(given: Mapping[str, Any], present: NewOptions) -> str | None:
    if "reply" not in given:
        return present.reply
    reply = given["reply"]
    if reply is None:
        return None
    try:
        usable = isinstance(reply, str) and isinstance(json.loads(reply), dict)
    except (ValueError, RecursionError):
        usable = False
    if not usable or len(reply) > MOST_REPLY_CHARACTERS:
        allowed = f'the text of a JSON object such as {{"tropo":[]}}, at most {MOST_REPLY_CHARACTERS:,} characters'
        raise InvalidParameterError("Options", f"reply: {quoted(reply)}", allowed)
    return str(reply)


def _repair(given: Mapping[str, Any], present: NewOptions) -> bool:
    if "repair_backslashes" not in given:
        return present.repair_backslashes
    repair = given["repair_backslashes"]
    if not isinstance(repair, bool):
        raise InvalidParameterError("Options", f"repair_backslashes: {quoted(repair)}", "true or false")
    return repair
