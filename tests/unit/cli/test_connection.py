"""Where a command finds the deployment and the token, and to whom it gives no token."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.connection import Connection, NoConnectionError, find

REMOTE = "https://hooks.example.com/parley"


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    (tmp_path / "url").write_text("http://127.0.0.1:3000")
    (tmp_path / "token").write_text("local")
    return tmp_path


def test_an_option_wins_over_the_environment_and_that_over_the_local_run(state_dir: Path) -> None:
    environ = {"PARLEY_URL": REMOTE, "PARLEY_TOKEN": "environment"}
    assert find("https://a.example", "option", environ, state_dir) == Connection("https://a.example", "option")
    assert find(None, None, environ, state_dir) == Connection(REMOTE, "environment")
    assert find(None, None, {}, state_dir) == Connection("http://127.0.0.1:3000", "local")
    assert find("http://127.0.0.1:3000/", None, {}, state_dir) == Connection("http://127.0.0.1:3000", "local")
    assert find(None, None, {"PARLEY_TOKEN": "t\n"}, state_dir) == Connection("http://127.0.0.1:3000", "t")


def test_a_local_runs_token_is_sent_nowhere_else(state_dir: Path) -> None:
    with pytest.raises(NoConnectionError, match=f"no token for {REMOTE}"):
        find(REMOTE, None, {}, state_dir)


def test_no_deployment_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoConnectionError, match="PARLEY_URL, or `parley up` in this folder"):
        find(None, "token", {}, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com",
        "ftp://hooks.example.com",
        "https://",
        "https://hooks.example.com?x=1",
        "https://hooks.example.com#x",
        "https://hooks.example.com:70000",
        "https://[::1",
        "https://hooks.example.com/a b",
        "https://日本.example",
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(NoConnectionError, match="is no address of a deployment"):
        find(url, "token", {}, tmp_path)


def test_a_password_in_the_address_is_refused_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(NoConnectionError, match="user name or password") as refused:
        find("https://user:pass-word@hooks.example.com", "token", {}, tmp_path)
    assert "pass-word" not in str(refused.value)


def test_the_apis_version_is_no_part_of_the_address(tmp_path: Path) -> None:
    with pytest.raises(NoConnectionError, match=r"without /v1, which the commands add: https://hooks\.example\.com$"):
        find("https://hooks.example.com/v1/", "token", {}, tmp_path)


@pytest.mark.parametrize("token", ["a b", "a\nb", "日本", "a\x00"])
def test_a_token_that_no_header_carries_is_refused_and_not_quoted(tmp_path: Path, token: str) -> None:
    with pytest.raises(NoConnectionError) as refused:
        find(REMOTE, token, {}, tmp_path)
    assert token not in str(refused.value)


def test_a_connection_shows_no_token() -> None:
    assert "secret" not in repr(Connection(REMOTE, "secret"))
