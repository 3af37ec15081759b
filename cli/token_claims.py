"""What a management token says of itself, read without verifying it: to explain a refusal, never to decide one."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """A token's own words; None where it does not say.

    Attributes:
        scopes: Of `read write emit replay`.
    """

    account: str | None = None
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def read(token: str) -> Claims | None:
    """The claims of a token; None when it is no JWT."""
    try:
        payload = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = said.get("exp")
        return Claims(
            account=said.get("account"),
            scopes=tuple(str(said.get("scope") or "").split()),
            expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
        )
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError):
        return None
