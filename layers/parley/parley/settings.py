"""What each function is told by its environment, read once and checked: nothing else reads environment variables."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """Raised at cold start when a variable is missing or unreadable; names it."""


def _text(environ: Mapping[str, str], name: str) -> str:
    try:
        return environ[name]
    except KeyError:
        raise SettingsError(f"the environment variable {name} is not set") from None


def _number(environ: Mapping[str, str], name: str) -> int:
    text = _text(environ, name)
    if not text.isascii() or not text.isdigit():
        raise SettingsError(f"the environment variable {name} must be a whole number, not {text!r}")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = _text(environ, name)
    if text not in ("true", "false"):
        raise SettingsError(f"the environment variable {name} must be true or false, not {text!r}")
    return text == "true"


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    entries = [entry.strip() for entry in _text(environ, name).split(",") if entry.strip()]
    try:
        # not strict: of a network that is named by one of its addresses there is no doubt, and a function that does not
        # start delivers nothing
        return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries)
    except ValueError as error:
        raise SettingsError(
            f"the environment variable {name} must be a comma-separated list of CIDRs: {error}"
        ) from None


def _scale(environ: Mapping[str, str]) -> float:
    """`parley up --time-scale` divides every delay by this; a deployment never sets it."""
    return float(environ.get("TIME_SCALE", "1"))


@dataclass(frozen=True, slots=True)
class WebhooksSettings:
    """The webhooks function's environment."""

    config_table: str
    data_table: str
    public_url: str
    retention_days: int
    event_shards: int
    allow_http_targets: bool
    allowed_private_cidrs: tuple[Network, ...]
    max_webhooks_per_account: int
    ingest_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> WebhooksSettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing or unreadable.
        """
        return cls(
            config_table=_text(environ, "CONFIG_TABLE"),
            data_table=_text(environ, "DATA_TABLE"),
            public_url=_text(environ, "PUBLIC_URL"),
            retention_days=_number(environ, "RETENTION_DAYS"),
            event_shards=_number(environ, "EVENT_SHARDS"),
            allow_http_targets=_flag(environ, "ALLOW_HTTP_TARGETS"),
            allowed_private_cidrs=_networks(environ, "ALLOWED_PRIVATE_CIDRS"),
            max_webhooks_per_account=_number(environ, "MAX_WEBHOOKS_PER_ACCOUNT"),
            ingest_url=_text(environ, "INGEST_URL"),
        )


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """The ingest function's environment."""

    config_table: str
    data_table: str
    events_queue_url: str
    public_url: str
    retention_days: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> IngestSettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing or unreadable.
        """
        return cls(
            config_table=_text(environ, "CONFIG_TABLE"),
            data_table=_text(environ, "DATA_TABLE"),
            events_queue_url=_text(environ, "EVENTS_QUEUE_URL"),
            public_url=_text(environ, "PUBLIC_URL"),
            retention_days=_number(environ, "RETENTION_DAYS"),
        )


@dataclass(frozen=True, slots=True)
class AuthorizerSettings:
    """The authorizer's environment."""

    jwks: str
    issuer: str
    audience: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> AuthorizerSettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing.
        """
        return cls(jwks=_text(environ, "JWKS"), issuer=_text(environ, "ISSUER"), audience=_text(environ, "AUDIENCE"))


@dataclass(frozen=True, slots=True)
class DispatcherSettings:
    """The dispatcher's environment."""

    config_table: str
    data_table: str
    events_queue_url: str
    retry_queue_url: str
    public_url: str
    own_urls: tuple[str, ...]
    retention_days: int
    event_shards: int
    allow_http_targets: bool
    allowed_private_cidrs: tuple[Network, ...]
    time_scale: float

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> DispatcherSettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing or unreadable.
        """
        return cls(
            config_table=_text(environ, "CONFIG_TABLE"),
            data_table=_text(environ, "DATA_TABLE"),
            events_queue_url=_text(environ, "EVENTS_QUEUE_URL"),
            retry_queue_url=_text(environ, "RETRY_QUEUE_URL"),
            public_url=_text(environ, "PUBLIC_URL"),
            own_urls=tuple(_text(environ, "OWN_URLS").split()),
            retention_days=_number(environ, "RETENTION_DAYS"),
            event_shards=_number(environ, "EVENT_SHARDS"),
            allow_http_targets=_flag(environ, "ALLOW_HTTP_TARGETS"),
            allowed_private_cidrs=_networks(environ, "ALLOWED_PRIVATE_CIDRS"),
            time_scale=_scale(environ),
        )


@dataclass(frozen=True, slots=True)
class SweeperSettings:
    """The sweeper's environment."""

    data_table: str
    retry_queue_url: str
    time_scale: float

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> SweeperSettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing or unreadable.
        """
        return cls(
            data_table=_text(environ, "DATA_TABLE"),
            retry_queue_url=_text(environ, "RETRY_QUEUE_URL"),
            time_scale=_scale(environ),
        )


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """The history function's environment."""

    config_table: str
    data_table: str
    retry_queue_url: str
    public_url: str
    event_shards: int
    time_scale: float

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> HistorySettings:
        """Read it.

        Raises:
            SettingsError: Naming the first variable that is missing or unreadable.
        """
        return cls(
            config_table=_text(environ, "CONFIG_TABLE"),
            data_table=_text(environ, "DATA_TABLE"),
            retry_queue_url=_text(environ, "RETRY_QUEUE_URL"),
            public_url=_text(environ, "PUBLIC_URL"),
            event_shards=_number(environ, "EVENT_SHARDS"),
            time_scale=_scale(environ),
        )
