"""Knows what is noted while one callback is under way, and the reasons for which no answer came.

The connector, the resolver and the answer's protocol write here. aiohttp's own tracing would cost a third of the
dispatcher's time per post (engine.md 8) and still not say which address was dialled.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

ErrorClass = Literal["timeout", "dns", "connect", "tls", "reset", "protocol", "too_large", "refused_target"]

# What an answer may cost in bytes until it is complete, interim answers included (engine.md 7, row 2).
ANSWER_BYTES = 64 * 1024


class AttemptError(Exception):
    """Raised when an attempt ends without an answer; says which class of error it was."""

    def __init__(self, error: ErrorClass) -> None:
        super().__init__(error)
        self.error: ErrorClass = error


@dataclass(slots=True)
class Attempt:
    """What has happened so far.

    Times are the event loop's, in seconds; None where the attempt did not come to it or a connection was reused.

    Attributes:
        interim: How many 1xx answers have come.
        answered: Whether the final answer's head has come.
    """

    started: float
    started_ms: int
    fresh_only: bool = False
    dialled: bool = False
    dns_seconds: float | None = None
    connect_seconds: float | None = None
    tls_seconds: float | None = None
    ready: float | None = None
    first_byte: float | None = None
    address: str | None = None
    bytes_left: int = ANSWER_BYTES
    interim: int = 0
    answered: bool = False

    @property
    def reused(self) -> bool:
        """Whether the request went out on a connection that had served before."""
        return self.ready is not None and not self.dialled

    @property
    def first_byte_seconds(self) -> float | None:
        """From the connection's being ready to the first byte of the answer."""
        return None if self.first_byte is None or self.ready is None else self.first_byte - self.ready

    def begin_again(self) -> None:
        """The same attempt, from now on with a new connection only."""
        self.fresh_only = True
        self.ready = self.first_byte = None
        self.bytes_left = ANSWER_BYTES


# Each post runs with its own; a connector is not told otherwise whose connection it makes.
CURRENT: ContextVar[Attempt] = ContextVar("attempt")
