"""What a webhook may be: each field's rule (design section 2), and the rules between fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.webhooks.unique_names import unique_name
from parley.api.parameters import choice_of, flag_of, quoted, text_of
from parley.errors import InvalidParameterError
from parley.matching import ALL, Names, unknown_name
from parley.platforms import PLATFORM_NAMES, platform
from parley.retry import DEFAULT_SCHEDULE, MAX_ENTRIES, MAX_SECONDS, ScheduleError, parse_schedule
from parley.targets import RefusedTargetError, TargetPolicy, check_url
from parley.vocabulary import TYPES
from parley.webhook import (
    ACTIVE,
    BY_USER,
    CLOUDEVENTS,
    DISABLED,
    JWT_ALWAYS,
    JWT_AUTO,
    JWT_NEVER,
    NATIVE,
    Webhook,
)

WRITABLE = (
    "unique_name",
    "events",
    "webhook_url",
    "webhook_method",
    "enabled",
    "secret",
    "headers",
    "format",
    "jwt",
    "retry_schedule",
)
READ_ONLY = (
    "sid",
    "account_sid",
    "assistant_sid",
    "status",
    "status_reason",
    "status_since",
    "waiting",
    "previous_secret_expires_at",
    "version",
    "date_created",
    "date_updated",
    "url",
)
REQUIRED = ("unique_name", "events", "webhook_url")

METHODS = ("POST", "GET")
JWT_MODES = (JWT_AUTO, JWT_ALWAYS, JWT_NEVER)
FORMATS = (NATIVE, CLOUDEVENTS)
MOST_EVENTS_CHARACTERS = 4096
MOST_URL_CHARACTERS = 2048
DAY_SECONDS = 86_400
# The engine gives up on a failing webhook after five days, and a day is left to look at what failed.
MARGIN_DAYS = 6
_GET_PLATFORM = "autopilot"


@dataclass(frozen=True, slots=True)
class Rules:
    """What this deployment allows."""

    targets: TargetPolicy
    retention_days: int


@dataclass(frozen=True, slots=True)
class Given:
    """The checked values of a request; None was not given."""

    unique_name: str | None
    events: str | None
    url: str | None
    method: str | None
    format: str | None
    jwt: str | None
    retry_schedule: tuple[int, ...] | None
    enabled: bool | None


def read(values: Mapping[str, Any], rules: Rules) -> Given:
    """Check each value by itself.

    Raises:
        InvalidParameterError: Naming the field, what was wrong and what is allowed.
    """
    return Given(
        unique_name=unique_name(values),
        events=_events(values),
        url=_url(values, rules.targets),
        method=choice_of(values, "webhook_method", METHODS),
        format=choice_of(values, "format", FORMATS),
        jwt=choice_of(values, "jwt", JWT_MODES),
        retry_schedule=_retry_schedule(values, rules.retention_days),
        enabled=flag_of(values, "enabled"),
    )


def check_together(*, method: str, format: str, events: str) -> None:  # noqa: A002 — the field's name in the API
    """The rule between fields: GET carries Autopilot's parameters and nothing else.

    Raises:
        InvalidParameterError: Naming the event that a GET cannot carry.
    """
    if method != "GET":
        return
    if format != NATIVE:
        raise InvalidParameterError("WebhookMethod", f"GET does not carry the format {format}", "POST")
    names = platform(_GET_PLATFORM).names
    other = next((name for name in events.split() if names.canonical(name) is None), None)
    if other is not None:
        raise InvalidParameterError(
            "WebhookMethod",
            f"GET does not carry {quoted(other)}",
            f"POST, or Autopilot's events: {' '.join(names.known)}",
        )


def required_schedule(given: Given, rules: Rules) -> tuple[int, ...]:
    """The schedule of a new webhook, which must fit also when it is the default."""
    if given.retry_schedule is not None:
        return given.retry_schedule
    _check_fits(DEFAULT_SCHEDULE, rules.retention_days)
    return DEFAULT_SCHEDULE


def merged(present: Webhook, given: Given, *, now_ms: int) -> Webhook:
    """The webhook with the given values; equal to the present one when nothing changes.

    `Enabled` is the writable face of `status`: true on a webhook that the engine has disabled starts it again.

    Raises:
        InvalidParameterError: The values do not go together.
    """
    after = replace(
        present,
        unique_name=given.unique_name if given.unique_name is not None else present.unique_name,
        events=given.events if given.events is not None else present.events,
        url=given.url if given.url is not None else present.url,
        method=given.method or present.method,
        format=given.format or present.format,
        jwt=given.jwt or present.jwt,
        retry_schedule=given.retry_schedule or present.retry_schedule,
    )
    check_together(method=after.method, format=after.format, events=after.events)
    if given.enabled is None or given.enabled == present.enabled:
        return after
    return replace(
        after,
        enabled=given.enabled,
        status=ACTIVE if given.enabled else DISABLED,
        status_reason=None if given.enabled else BY_USER,
        status_since_ms=now_ms,
    )


def _all_names() -> list[Names]:
    return [platform(name).names for name in PLATFORM_NAMES]


def _events(values: Mapping[str, Any]) -> str | None:
    """As given: names are separated by white space and may repeat; Autopilot's compare without case."""
    events = text_of(values, "events", most=MOST_EVENTS_CHARACTERS)
    if events is None:
        return None
    allowed = f"{ALL}, the platforms' event names, and {' '.join(TYPES)}"
    if not events.split():
        raise InvalidParameterError("Events", "it names no event", allowed)
    unknown = unknown_name(events, _all_names())
    if unknown is not None:
        name, near = unknown
        problem = f"{quoted(name)} is no event" + (f"; the nearest are {', '.join(near)}" if near else "")
        raise InvalidParameterError("Events", problem, allowed)
    return events


def _url(values: Mapping[str, Any], policy: TargetPolicy) -> str | None:
    url = text_of(values, "webhook_url", most=MOST_URL_CHARACTERS)
    if url is None:
        return None
    try:
        return check_url(url, policy)
    except RefusedTargetError as error:
        raise InvalidParameterError("WebhookUrl", error.problem, error.allowed) from error


def _retry_schedule(values: Mapping[str, Any], retention_days: int) -> tuple[int, ...] | None:
    text = text_of(values, "retry_schedule", most=MAX_ENTRIES * 8)
    if text is None:
        return None
    try:
        schedule = parse_schedule(text)
    except ScheduleError as error:
        allowed = f"1 to {MAX_ENTRIES} numbers of seconds, each 1 to {MAX_SECONDS:,}, separated by spaces"
        raise InvalidParameterError("RetrySchedule", f"{quoted(text)}: {error}", allowed) from error
    _check_fits(schedule, retention_days)
    return schedule


def _check_fits(schedule: tuple[int, ...], retention_days: int) -> None:
    """An event must outlive its retries and the pause after them."""
    most_seconds = (retention_days - MARGIN_DAYS) * DAY_SECONDS
    if sum(schedule) > most_seconds:
        raise InvalidParameterError(
            "RetrySchedule",
            f"its {sum(schedule):,} seconds and {MARGIN_DAYS} days exceed the {retention_days} days of retention",
            f"a sum of at most {max(most_seconds, 0):,} seconds",
        )
