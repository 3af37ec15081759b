"""`parley assistants|webhooks|sources` in the folder of a running `parley up`: no option says where it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.e2e.bundle import Bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle(tmp_path_factory.mktemp("up")) as run:
        yield run


@pytest.fixture(autouse=True)
def beside_it(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle.folder)
    for name in ("PARLEY_URL", "PARLEY_TOKEN"):
        monkeypatch.delenv(name, raising=False)


class Shell:
    """Runs commands in this process, and keeps what they say."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *argv: str) -> str:
        assert main(argv) == 0, self._capsys.readouterr().err
        return self._capsys.readouterr().out

    def json(self, *argv: str) -> Any:
        return json.loads(self(*argv, "--json"))

    def fails(self, *argv: str) -> str:
        assert main(argv) == 1
        said = self._capsys.readouterr()
        assert said.out == ""
        return said.err


@pytest.fixture
def parley(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_an_assistant_with_webhook_and_source_from_first_to_last(parley: Shell, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("秘密 of the receiver\n", "utf-8")
    headers = tmp_path / "headers.json"
    headers.write_text('{"X-Own": "日本"}\n', "utf-8")

    assistant = parley.json("assistants", "create", "--unique-name", "日本 bot")
    assert parley.json("assistants", "show", "日本 bot") == assistant
    made = parley.json(
        *("webhooks", "create", "日本 bot", "--unique-name", "crm", "--events", "message.received onDialogueStart"),
        *("--webhook-url", "https://example.com/hook?a=b", "--secret-file", str(secret)),
        *("--headers-file", str(headers), "--jwt", "always", "--retry-schedule", "5 60", "--set", "WebhookMethod=POST"),
    )
    assert made["events"] == "message.received onDialogueStart"
    assert (made["secret"], made["headers"]) == ("********", {"X-Own": "********"})
    assert (made["jwt"], made["retry_schedule"], made["webhook_method"]) == ("always", "5 60", "POST")
    assert "crm" in parley("webhooks", "list", "日本 bot").splitlines()[1]

    changed = parley.json("webhooks", "update", "日本 bot", "crm", "--enabled", "false", "--if-match", "1")
    assert (changed["status"], changed["status_reason"], changed["version"]) == ("disabled", "by_user", 2)
    rotated = parley.json("webhooks", "update", "日本 bot", "crm", "--rotate-secret", "--overlap-seconds", "60")
    assert rotated["secret"].startswith("whsec_")
    assert rotated["previous_secret_expires_at"]

    source = parley.json("sources", "create", "日本 bot", "--unique-name", "log", "--platform", "watsonx")
    token = source["ingest_url"].rpartition("/")[2]
    assert len(token) > 20
    shown = parley("sources", "show", "日本 bot", "log")
    assert token not in shown
    assert "1. " in shown  # the steps
    rotated = parley.json("sources", "update", "日本 bot", "log", "--rotate-token")
    assert rotated["ingest_url"].rpartition("/")[2] not in (token, "********")

    assert "409 20409" in parley.fails("assistants", "delete", "日本 bot")
    assert parley("sources", "delete", "日本 bot", "log") == "deleted log\n"
    assert parley.json("sources", "list", "日本 bot") == []
    assert parley("assistants", "delete", assistant["sid"], "--cascade") == f"deleted {assistant['sid']}\n"
    assert "404 20404: The requested resource" in parley.fails("assistants", "show", "日本 bot")


def test_a_list_is_whole_however_many_pages_it_takes(parley: Shell) -> None:
    parley.json("assistants", "create", "--unique-name", "pages")
    names = {f"hook {number}" for number in range(5)}
    for name in names:
        options = ("--unique-name", name, "--events", "*", "--webhook-url", "https://example.com")
        parley.json("webhooks", "create", "pages", *options)
    for size in ("1", "2", "5", "50"):
        listed = parley.json("webhooks", "list", "pages", "--page-size", size)
        assert sorted(each["unique_name"] for each in listed) == sorted(names)
    assert len(parley("webhooks", "list", "pages", "--page-size", "2").splitlines()) == 1 + len(names)


def test_refusals_are_the_apis_own_words(parley: Shell) -> None:
    said = parley.fails("webhooks", "create", "demo-bot", "--unique-name", "x", "--events", "onDialogStart")
    assert said.startswith("parley: 400 20001: Events: 'onDialogStart' is no event; the nearest are onDialogueStart")
    assert "PageSize: '0'. Allowed: 1 to 1,000" in parley.fails("assistants", "list", "--page-size", "0")
    assert "there is no such parameter" in parley.fails("assistants", "create", "--set", "Name=x")
    assert "given more than once" in parley.fails("assistants", "create", "--unique-name", "a", "--set", "UniqueName=b")
    assert "412 20412" in parley.fails("assistants", "update", "demo-bot", "--unique-name", "x", "--if-match", "99")
    assert "403: Forbidden (the token was refused" in parley.fails("assistants", "list", "--token", "nonsense")


def test_a_pipe_gets_plain_text_and_a_secret_comes_through_it(bundle: Bundle) -> None:
    command = [sys.executable, "-m", "cli.main", "webhooks"]
    options = ["--unique-name", "piped", "--events", "*", "--webhook-url", "https://example.com", "--secret-file", "-"]
    made = subprocess.run(
        [*command, "create", "demo-bot", *options], input="from a pipe\n", capture_output=True, text=True, check=True
    )
    assert made.stderr == ""
    assert "from a pipe" not in made.stdout
    listed = subprocess.run([*command, "list", "demo-bot"], capture_output=True, text=True, check=True)
    [header, line] = listed.stdout.splitlines()
    assert header.split() == ["sid", "unique_name", "status", "events", "webhook_url"]
    assert line.split()[1:] == ["piped", "active", "*", "https://example.com/"]
    assert "\x1b" not in listed.stdout
