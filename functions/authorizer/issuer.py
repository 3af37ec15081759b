"""An OpenID Connect issuer's keys: found by discovery, kept while they are good, fetched again with restraint.

The issuer may be away when a container starts or later. Without keys nobody is let in; with keys of less than a day
everybody is whose key was known. An unknown `kid` may be a new key, or an attacker's: one fetch in five minutes.
"""

from __future__ import annotations

import http.client
import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from parley.tokens import KeySetError, VerifyingKey, parse_jwks

Fetch = Callable[[str], bytes]

TIMEOUT_SECONDS = 1.5
MAX_BYTES = 256 * 1024
COOL_DOWN_SECONDS = 300
RETRY_SECONDS = 10
REFRESH_SECONDS = 3600
MAX_AGE_SECONDS = 86_400
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class IssuerError(Exception):
    """Raised when the issuer cannot be reached or answers something else than its configuration and keys."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An answer from elsewhere is not the issuer's."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def fetch(url: str) -> bytes:
    """The body at an https URL; http only on this machine, for local runs.

    Raises:
        IssuerError: When it cannot be had.
    """
    parsed = urllib.parse.urlsplit(url)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.hostname in _LOOPBACK):
        raise IssuerError("not https")
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IssuerError(type(error).__name__) from error
    if len(body) > MAX_BYTES:
        raise IssuerError("too large")
    return body


class IssuerKeys:
    """The keys of one issuer, kept in this container."""

    def __init__(self, issuer: str, *, fetch: Fetch = fetch) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._keys: Mapping[str, VerifyingKey] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self.last_error: str | None = None

    def current(self, now_seconds: float) -> Mapping[str, VerifyingKey]:
        """The keys, fetched when there are none yet or they are an hour old."""
        if self._fetched is None or now_seconds - self._fetched >= REFRESH_SECONDS:
            self._refresh(now_seconds, not_before_seconds=RETRY_SECONDS)
        return self._usable(now_seconds)

    def renewed(self, now_seconds: float) -> Mapping[str, VerifyingKey]:
        """The keys after a token named one that is not among them."""
        self._refresh(now_seconds, not_before_seconds=COOL_DOWN_SECONDS)
        return self._usable(now_seconds)

    def _usable(self, now_seconds: float) -> Mapping[str, VerifyingKey]:
        fresh = self._fetched is not None and now_seconds - self._fetched < MAX_AGE_SECONDS
        return self._keys if fresh else {}

    def _refresh(self, now_seconds: float, *, not_before_seconds: float) -> None:
        if self._tried is not None and now_seconds - self._tried < not_before_seconds:
            return
        self._tried = now_seconds
        try:
            self._keys = self._discover()
        except (IssuerError, KeySetError) as error:
            self.last_error = str(error)
        else:
            self._fetched, self.last_error = now_seconds, None

    def _discover(self) -> Mapping[str, VerifyingKey]:
        """OpenID Connect Discovery 1.0, section 4: the configuration names itself and where the keys are."""
        try:
            configuration: Any = json.loads(self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"))
        except (ValueError, RecursionError) as error:
            raise IssuerError("the configuration is not JSON") from error
        if not isinstance(configuration, dict) or configuration.get("issuer") != self._issuer:
            raise IssuerError("the configuration is another issuer's")
        if not isinstance(configuration.get("jwks_uri"), str):
            raise IssuerError("the configuration names no keys")
        return parse_jwks(self._fetch(configuration["jwks_uri"]))
