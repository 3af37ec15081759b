"""What the management API is asked: whether it answers, what time it has, and how webhooks and sources stand."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli import moments, token_claims
from cli.api_client import ApiError, RefusedError
from cli.doctor import findings
from cli.doctor.findings import NOTE, OK, PROBLEM, UNCHECKED, Finding
from parley import retry, webhook

if TYPE_CHECKING:
    from cli.api_client import ApiClient, Resource

_MOST_COUNTED = 1000
_MOST_EVENTS = 1000


def checks(client: ApiClient) -> Iterator[Finding]:
    """One after the other, as they are found."""
    began = time.monotonic()
    url = client.connection.url
    claims = token_claims.read(client.connection.token)
    try:
        answer = client.exchange("GET", ("Assistants",), query={"PageSize": "1"})
        date, _ = answer.date, answer.resource["assistants"]
    except RefusedError as error:
        yield Finding("reachable", OK, f"{url} answers")
        yield findings.clock(moments.now(), error.date)
        judged = findings.token(claims, error.date or moments.now())
        yield judged
        yield findings.refusal(error.status, error.code, str(error), judged)
        yield _unasked()
        return
    except ApiError as error:
        advice = "is the address right (the stack's output ApiUrl, or .parley/url)? Is `parley up` running?"
        yield Finding("reachable", PROBLEM, str(error), advice)
        yield _unasked()
        return
    yield Finding("reachable", OK, f"{url} answers in {(time.monotonic() - began) * 1000:.0f} ms")
    yield findings.clock(moments.now(), date)
    yield findings.token(claims, date or moments.now())
    try:
        assistants = list(client.list_all(("Assistants",), "assistants"))
    except ApiError as error:
        yield Finding("assistants", UNCHECKED, str(error))
        return
    if not assistants:
        advice = "`parley assistants create` makes the first; or is the token of another account (`--account`)?"
        yield Finding("assistants", NOTE, "the token's account has none", advice)
    for assistant in assistants:
        try:
            yield from _assistant(client, assistant)
        except ApiError as error:
            yield Finding(f"assistant {assistant['unique_name']}", UNCHECKED, str(error))


def _unasked() -> Finding:
    return Finding("webhooks, sources", UNCHECKED, "the API did not let us ask")


def _assistant(client: ApiClient, assistant: Resource) -> Iterator[Finding]:
    path, name = ("Assistants", assistant["sid"]), assistant["unique_name"]
    for each in client.list_all((*path, "Webhooks"), "webhooks"):
        yield findings.webhook_state(name, each, _waiting(client, (*path, "Webhooks", each["sid"]), each))
    sources = list(client.list_all((*path, "Sources"), "sources"))
    if not sources:
        return
    newest = itertools.islice(client.list_all((*path, "Events"), "events", page_size=_MOST_EVENTS), _MOST_EVENTS)
    seen = {event["source_sid"] for event in newest}
    for each in sources:
        yield findings.source_state(name, each, seen)


def _waiting(client: ApiClient, path: tuple[str, ...], found: Resource) -> str:
    """How many events wait, as it is said; an active webhook is not counted, what it has due goes out by itself."""
    if found["status"] == webhook.ACTIVE:
        return "0"
    deliveries = client.list_all(
        (*path, "Deliveries"), "deliveries", page_size=_MOST_COUNTED, filters={"Status": retry.WAITING}
    )
    count = sum(1 for _ in itertools.islice(deliveries, _MOST_COUNTED + 1))
    return f"more than {_MOST_COUNTED}" if count > _MOST_COUNTED else str(count)
