"""What is kept of an attempt that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from parley import codec
from parley.attempts import PROBE

if TYPE_CHECKING:
    from parley.attempts import Outcome

MAX_LINES = 30


def entry(outcome: Outcome, *, number: int, trigger: str) -> dict[str, Any]:
    """One line of a delivery's log, under the names that the API answers with."""
    values: dict[str, Any] = {
        "number": number,
        "trigger": trigger,
        "started_at": outcome.started_ms,
        "duration_ms": outcome.duration_ms,
        "reused": outcome.reused,
        "dns_ms": outcome.dns_ms,
        "connect_ms": outcome.connect_ms,
        "tls_ms": outcome.tls_ms,
        "first_byte_ms": outcome.first_byte_ms,
        "address": outcome.address,
        "status_code": outcome.status_code,
        "error": outcome.error,
    }
    if outcome.response_headers:
        values["response_headers"] = dict(outcome.response_headers)
    if outcome.response_body:
        number_of_codec, packed = codec.pack(outcome.response_body)
        values |= {"response_codec": number_of_codec, "response_body": packed}
    return {name: value for name, value in values.items() if value is not None}


def appended(log: tuple[Mapping[str, Any], ...], line: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """A delivery's log with one more line, bounded: of probes in a row the last is kept, of all lines the last thirty.

    A webhook may be probed each minute for days, and a delivery be sent again by hand without end; an item is 400 KB at
    most, and no receiver may raise what an event costs above a bound (invariant 9).
    """
    before = log[:-1] if log and log[-1]["trigger"] == line["trigger"] == PROBE else log
    return (*before, line)[-MAX_LINES:]
