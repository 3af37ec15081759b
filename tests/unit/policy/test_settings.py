"""Settings: a wrong environment fails at once and names the variable."""

from __future__ import annotations

import pytest

from parley.settings import DispatcherSettings, SettingsError

GOOD = {
    "CONFIG_TABLE": "c",
    "DATA_TABLE": "d",
    "EVENTS_QUEUE_URL": "e",
    "RETRY_QUEUE_URL": "r",
    "PUBLIC_URL": "",
    "OWN_URLS": "https://abc.execute-api.eu-west-1.amazonaws.com ",
    "RETENTION_DAYS": "30",
    "EVENT_SHARDS": "8",
    "ALLOW_HTTP_TARGETS": "false",
    "ALLOWED_PRIVATE_CIDRS": " 10.0.0.0/8, fd00::/8,",
}


def test_it_reads_what_the_template_declares():
    settings = DispatcherSettings.from_environment(GOOD)
    assert settings.retention_days == 30
    assert settings.allow_http_targets is False
    assert [str(network) for network in settings.allowed_private_cidrs] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.own_urls == ("https://abc.execute-api.eu-west-1.amazonaws.com",)
    assert settings.time_scale == 1.0


def test_a_network_may_be_named_by_any_of_its_addresses():
    settings = DispatcherSettings.from_environment({**GOOD, "ALLOWED_PRIVATE_CIDRS": "10.1.2.3/16,fd00::1/32"})
    assert [str(network) for network in settings.allowed_private_cidrs] == ["10.1.0.0/16", "fd00::/32"]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_variable_is_named(name):
    with pytest.raises(SettingsError, match=name):
        DispatcherSettings.from_environment({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_DAYS", "x"),
        ("EVENT_SHARDS", "-1"),
        ("ALLOW_HTTP_TARGETS", "yes"),
        ("ALLOWED_PRIVATE_CIDRS", "10.0.0.0/33"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(name, value):
    with pytest.raises(SettingsError, match=name):
        DispatcherSettings.from_environment({**GOOD, name: value})
