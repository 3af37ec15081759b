"""A source: where one platform calls Parley, with what its calls are checked against."""

from __future__ import annotations

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
        token_hashes: SHA-256 of the live URL tokens, newest first.
    """

    sid: str
    account_sid: str
    assistant_sid: str
    platform: str
    secrets: tuple[str, ...]
    token_hashes: tuple[bytes, ...]
    options: SourceOptions
