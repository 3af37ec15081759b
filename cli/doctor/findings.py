"""What follows from what was asked: how each thing stands, and what to do about it. Pure: values in, findings out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from cli.signing_keys import ALL_SCOPES
from parley import webhook

if TYPE_CHECKING:
    from cli.api_client import Resource
    from cli.token_claims import Claims

OK = "ok"
NOTE = "note"  # worth knowing, and nothing is wrong
PROBLEM = "problem"
UNCHECKED = "unchecked"

# Chatwoot's and Standard Webhooks' signatures are good for five minutes; a token's times are compared as they are.
_MOST_SKEW = timedelta(seconds=30)
_SOON = timedelta(hours=1)
# As the alarm on EventsQueue's age has it; in the other a retry may wait 15 minutes on purpose.
OLDEST_SECONDS = {"EventsQueue": 180, "RetryQueue": 900 + 180}
# Ingest, the authorizer and the management functions at their quietest.
_LEAST_LEFT = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands.

    Attributes:
        check: What was looked at.
        status: `ok`, `note`, `problem` or `unchecked`.
        advice: What to do; None where there is nothing to do.
    """

    check: str
    status: str
    said: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as it was found.

    Attributes:
        waiting: Messages that can be received, or will be after their delay.
        held: Messages that somebody has received.
        oldest_seconds: None where it is not known.
        dead: Whether it is a dead-letter queue.
    """

    name: str
    waiting: int
    held: int = 0
    oldest_seconds: float | None = None
    dead: bool = False


def clock(here: datetime, there: datetime | None) -> Finding:
    """Whether this machine's clock and the deployment's agree."""
    if there is None:
        return Finding("clock", UNCHECKED, "the answer had no date")
    skew = here - there
    said = f"{abs(skew.total_seconds()):.0f} s {'ahead' if skew > timedelta() else 'behind'}"
    if abs(skew) <= _MOST_SKEW:
        return Finding("clock", OK, "agrees with the deployment's")
    advice = "set this machine's clock (NTP): tokens made here expire too early or too late, and signatures look stale"
    return Finding("clock", PROBLEM, f"this machine is {said} of the deployment", advice)


def token(claims: Claims | None, now: datetime) -> Finding:
    """Whether the token says what it must, and for how long it still does."""
    again = "`parley token --key … --account …` makes one; a run of `parley up` leaves its own in .parley/token"
    if claims is None:
        return Finding("token", PROBLEM, "it is no JWT", again)
    if claims.has_expired(now):
        return Finding("token", PROBLEM, f"it expired at {claims.expires_at:%Y-%m-%d %H:%M:%S} UTC", again)
    if claims.account is None:
        return Finding("token", PROBLEM, "it names no account", again)
    said = f"account {claims.account}, scopes {' '.join(claims.scopes) or 'none'}"
    missing = [scope for scope in ALL_SCOPES if scope not in claims.scopes]
    if claims.expires_at is not None:
        said += f", until {claims.expires_at:%Y-%m-%d %H:%M} UTC"
        if claims.expires_at - now < _SOON:
            return Finding("token", NOTE, f"{said}: it expires within the hour", again)
    if missing:
        return Finding("token", NOTE, f"{said}: not {' '.join(missing)}", "`parley token --scope` says what it may do")
    return Finding("token", OK, said)


def refusal(status: int, code: int | None, said: str, judged: Finding) -> Finding:
    """What an API that answers, and refuses to list assistants, is missing.

    Args:
        status: Of HTTP.
        code: Parley's; None when somebody before it answered.
        said: Its message, on one line or more.
        judged: What `token` found.
    """
    advice = None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        advice = "try again in a minute; if it stays so, the API's throttling or the account's concurrency is used up"
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        advice = "its functions' logs say why: CloudWatch Logs, or .parley/logs"
    elif code is not None:
        pass  # the API says itself what to do
    elif status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        advice = "give the API's own address: the stack's output ApiUrl, or .parley/url"
    elif judged.status != PROBLEM:
        advice = "it was made with another key, or for another deployment: the parameter Jwks must have its public half"
    return Finding("management API", PROBLEM, "; ".join(line.strip() for line in said.splitlines()), advice)


def webhook_state(assistant: str, found: Resource, waiting: str) -> Finding:
    """Whether a webhook is called.

    Args:
        assistant: Its assistant, as it is named on the command line.
        found: As the API shows it.
        waiting: How many events wait for it.
    """
    name = found["unique_name"]
    check = f"webhook {assistant}/{name}"
    held = "" if waiting == "0" else f"; {waiting} events wait"
    since = f" since {found['status_since']}" if found.get("status_since") else ""
    names = f"{assistant} {name}"
    if found["status"] == webhook.PAUSED:
        advice = (
            f"its receiver fails: `parley deliveries list {names} --status waiting` and `… show` say how. It is tried"
            " each minute and goes on by itself"
        )
        return Finding(check, PROBLEM, f"paused{since}{held}", advice)
    if found["status"] != webhook.DISABLED:
        return Finding(check, OK, f"{found['status']}{held}")
    reason = found["status_reason"]
    enable = f"`parley webhooks update {names} --enabled true` starts it again"
    if reason == webhook.BY_USER:
        return Finding(check, NOTE, f"disabled by its owner{since}{held}", enable)
    why = "its receiver answered 410" if reason == webhook.GONE else "five days of failures"
    advice = f"mend its receiver; {enable}; `parley replay create {names} --mode missing` fetches what it missed"
    return Finding(check, PROBLEM, f"disabled{since}, {why}{held}", advice)


def source_state(assistant: str, found: Resource, seen: Collection[str]) -> Finding:
    """Whether a source has had an event.

    Args:
        assistant: As for `webhook_state`.
        found: As the API shows it.
        seen: SIDs of the sources that the assistant's newest events came from.
    """
    name = found["unique_name"]
    check = f"source {assistant}/{name}"
    if found["last_event_at"]:
        return Finding(check, OK, f"{found['platform']}, last event {found['last_event_at']}")
    if found["sid"] in seen:
        return Finding(check, OK, f"{found['platform']}, has events")
    advice = (
        f"paste its URL into the platform as `parley sources show {assistant} {name}` says (`update … --rotate-token`"
        " shows it anew); refused calls are in the metric Refused"
    )
    return Finding(check, NOTE, f"{found['platform']}: none of the newest events came from it", advice)


def queue(found: Queue) -> Finding:
    """Whether a queue is worked off, or a dead-letter queue is empty."""
    check = f"queue {found.name}"
    said = f"{found.waiting} waiting" + (f", {found.held} under way" if found.held else "")
    if found.dead:
        if not found.waiting + found.held:
            return Finding(check, OK, "empty")
        advice = (
            "read the dispatcher's errors, mend the cause, then `parley redrive` moves them back; for a stack, with the"
            " same --stack-name, --region and --profile"
        )
        return Finding(check, PROBLEM, f"{found.waiting + found.held} dead letters", advice)
    if found.oldest_seconds is None:
        return Finding(check, OK, said)
    said += f", the oldest {found.oldest_seconds:.0f} s old"
    if found.oldest_seconds > OLDEST_SECONDS[found.name]:
        advice = (
            "look for errors of the dispatcher and throttled tables; if it is healthy and too few, raise the parameter"
            " EventsConcurrency or RetriesConcurrency"
        )
        return Finding(check, PROBLEM, said, advice)
    return Finding(check, OK, said)


def concurrency(limit: int, unreserved: int, mappings: int) -> Finding:
    """Whether the dispatcher, at its most, leaves the platforms' calls something.

    Args:
        limit: Of the account in this region.
        unreserved: Of it, what no function has reserved.
        mappings: What the two mappings may take together.
    """
    left = unreserved - mappings
    said = f"{limit} at once in this account and region, of which the dispatcher may take {mappings}"
    if left >= _LEAST_LEFT:
        return Finding("concurrency", OK, said)
    advice = (
        "ask for a higher quota (Service Quotas, Lambda, Concurrent executions), or lower EventsConcurrency and"
        " RetriesConcurrency: a platform whose call finds no room may not send it again"
    )
    return Finding("concurrency", PROBLEM, f"{said}: {max(left, 0)} are left for platforms' calls", advice)
