"""New secrets, tokens and header values in place of the present ones, in the items that the management API never reads.

Each change is one update: what stays, and what stays live beside the new one, is copied inside DynamoDB (invariant 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.config_table import keys
from parley.config_table.transactions import Step, update
from parley.source import token_hash

if TYPE_CHECKING:
    from parley.config_table.sources import SourceRecord
    from parley.webhook import Webhook


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that takes the place of the present one, which stays live until then (Unix seconds)."""

    secret: str
    previous_until: int


@dataclass(frozen=True, slots=True)
class NewToken:
    """A URL token that takes the place of the present one, which stays live until then (Unix seconds)."""

    token: str
    previous_until: int


class SameSecretError(Exception):
    """Raised when the new secret is the present one: there is nothing to rotate."""


def _expression(sets: Sequence[str], removals: Sequence[str]) -> str:
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in (("SET", sets), ("REMOVE", removals)) if parts)


def of_webhook(before: Webhook, secret: NewSecret | None, headers: Mapping[str, str | None] | None) -> Step:
    """What a new secret, or a new set of headers in which None keeps a stored value, changes of a webhook's secrets."""
    sets: list[str] = []
    removals: list[str] = []
    names: dict[str, str] = {}
    values: dict[str, object] = {}
    if secret:
        sets += ["previous_secret = secret", "secret = :secret", "previous_secret_until = :until"]
        values |= {":secret": secret.secret, ":until": secret.previous_until}
    if headers is not None:
        # names compare without case, and stand as they were given: a value may have to move to the new spelling
        stored = {name.lower(): name for name in before.header_names}
        for number, (name, value) in enumerate(headers.items()):
            former = stored.pop(name.lower(), None)
            names[f"#n{number}"] = name
            if value is not None:
                sets.append(f"headers.#n{number} = :v{number}")
                values[f":v{number}"] = value
            elif former == name:
                del names[f"#n{number}"]
                continue
            elif former is not None:
                sets.append(f"headers.#n{number} = headers.#f{number}")
            if former is not None and former != name:
                names[f"#f{number}"] = former
                removals.append(f"headers.#f{number}")
        for number, name in enumerate(stored.values()):
            names[f"#r{number}"] = name
            removals.append(f"headers.#r{number}")
    return update(
        keys.secrets(before.sid),
        # nothing to write: every header keeps its value, and DynamoDB wants an expression
        _expression(sets, removals) or "SET headers = headers",
        values,
        names=names,
        condition="secret <> :secret" if secret else None,
        refused=SameSecretError,
    )


def of_source(
    before: SourceRecord,
    after: SourceRecord,
    secret: NewSecret | None,
    token: NewToken | None,
    static_header: str | None,
) -> Step:
    """What a new secret, token, static header or other options change of a source's secrets."""
    sets = ["repair_backslashes = :repair"]
    removals: list[str] = []
    values: dict[str, object] = {":repair": after.repair_backslashes}
    if after.reply is None:
        removals.append("reply")
    else:
        sets.append("reply = :reply")
        values[":reply"] = after.reply
    if static_header is not None:
        sets.append("static_header = :static")
        values[":static"] = static_header
    elif not after.has_static_header:
        removals.append("static_header")
    if secret:
        sets.append("secret = :secret")
        values[":secret"] = secret.secret
        if before.has_secret:
            sets += ["previous_secret = secret", "previous_secret_until = :secret_until"]
            values[":secret_until"] = secret.previous_until
    if token:
        sets += ["previous_token_hash = token_hash", "token_hash = :token", "previous_token_until = :token_until"]
        values |= {":token": token_hash(token.token), ":token_until": token.previous_until}
    return update(
        keys.secrets(before.sid),
        _expression(sets, removals),
        values,
        condition="secret <> :secret" if secret and before.has_secret else None,
        refused=SameSecretError,
    )
