"""A source: where one platform calls Parley, with what its calls are checked against."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a source's owner chose about its platform's calls.

    Attributes:
        static_header: `Name: value` that a watsonx call may carry in place of the JWT.
        reply: The body that Tropo is answered with, in place of the empty program.
        repair_backslashes: Read Tropo bodies whose backslashes were multiplied by four, as the seed's examples are.
    """

    static_header: str | None = None
    reply: str | None = None
    repair_backslashes: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A source as ingest needs it.

    Attributes:
        secrets: Those that are live, newest first; empty when the source has none.
        token_hashes: Of the live URL tokens, newest first.
    """

    sid: str
    account_sid: str
    assistant_sid: str
    platform: str
    secrets: tuple[str, ...]
    token_hashes: tuple[bytes, ...]
    options: SourceOptions


def token_hash(token: str) -> bytes:
    """What is kept of a URL's token, and a call's is compared with; it is random, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
