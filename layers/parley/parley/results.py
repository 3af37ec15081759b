"""The first attempt's results of an event, 24 bytes a webhook, in the item that commits it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from parley import retry
from parley.sids import WEBHOOK

_ENTRY = struct.Struct(">16sBBHI")
_CODES = {
    retry.DELIVERED: 1,
    retry.RETRYING: 2,
    retry.WAITING: 3,
    retry.EXHAUSTED: 4,
    retry.CANCELLED: 5,
    retry.EXPIRED: 6,
}
_STATUSES = {code: status for status, code in _CODES.items()}
_MAX_MS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Result:
    """What the first attempt at one webhook came to.

    Attributes:
        attempts: 0 where none was made (the webhook was paused).
        last_status_code: None when no answer came.
    """

    webhook_sid: str
    status: str
    attempts: int
    last_status_code: int | None
    duration_ms: int


def pack(results: Iterable[Result]) -> bytes:
    """24 bytes a result."""
    return b"".join(
        _ENTRY.pack(
            bytes.fromhex(result.webhook_sid[2:]),
            _CODES[result.status],
            result.attempts,
            result.last_status_code or 0,
            min(result.duration_ms, _MAX_MS),
        )
        for result in results
    )


def unpack(packed: bytes) -> list[Result]:
    """The results as they were packed."""
    return [
        Result(f"{WEBHOOK}{sid.hex()}", _STATUSES[status], attempts, code or None, duration_ms)
        for sid, status, attempts, code, duration_ms in _ENTRY.iter_unpack(packed)
    ]
