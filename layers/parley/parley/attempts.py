"""What one attempt to deliver came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

FIRST = "first"
RETRY = "retry"
PROBE = "probe"
DRAIN = "drain"
RESEND = "resend"
REPLAY = "replay"

# A range, for a member of an enumeration costs more to look up than the comparison.
SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt's evidence.

    Attributes:
        status_code: None when no answer came.
        error: `timeout dns connect tls reset protocol too_large refused_target`; None when an answer came.
        dns_ms: This and the next three are phases; None where a reused connection had none.
        address: The address that was dialled.
        response_headers: Of failures only, values of credentials redacted.
        response_body: Of failures only, 8 KB at most: a receiver must not choose our bill.
        retry_after: The header's text, on 429 and 503.
    """

    started_ms: int
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    reused: bool = False
    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    address: str | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        """Only 2xx is success; a redirect is a failure and is not followed."""
        return self.status_code in SUCCESS

    @property
    def gone(self) -> bool:
        """410: the receiver asks never to be called again."""
        return self.status_code == HTTPStatus.GONE
