"""The commands of the command line's document, the README and the own bots' guide, typed beside a `parley up`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from cli.main import parser
from tests.documents.commands import typed
from tests.documents.shell import Shell

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from tests.e2e.bundle import Bundle

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/command-line.md").read_text("utf-8")


def leaves(of: ArgumentParser | None = None, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command of the command line, in its words."""
    of = of or parser()
    for action in of._actions:
        if isinstance(action.choices, dict):
            return [leaf for name, below in action.choices.items() for leaf in leaves(below, (*words, name))]
    return [words]


@pytest.fixture
def shell(bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    Path("parley-key.pem").unlink(missing_ok=True)  # another document's: a key is never overwritten
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return Shell(capsys, monkeypatch, receiver=bundle.receiver_url, payloads=str(ROOT / "events/payloads"))


def test_every_command_does_what_it_says(bundle: Bundle, shell: Shell) -> None:
    lines = typed("docs/command-line.md")
    assert len(lines) > 30
    for line in lines:
        shell.run(line)

    assert "\x1b" not in shell.printed
    assert bundle.ready["token"] not in shell.printed
    posted = [call.headers["content-type"].partition(";")[0] for call in bundle.seen("/local")]
    assert posted == ["application/x-www-form-urlencoded", "application/json", "application/cloudevents+json"]
    assert Path("payload.json").read_bytes() == (ROOT / "events/payloads/messagehub/message_created.json").read_bytes()
    assert json.loads(Path("cloud-event.json").read_bytes())["type"] == "dev.parley.message.received"
    calls = bundle.seen("/crm")  # a test, the events, one of them sent again, and what the replay sent again
    assert len({call.headers["webhook-id"] for call in calls}) < len(calls)


with_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@with_curl
def test_the_readmes_experiments_end_in_a_list_with_the_event(bundle: Bundle, shell: Shell) -> None:
    own = {"http://127.0.0.1:3000": bundle.api_url, "http://127.0.0.1:8000": bundle.receiver_url}
    shell.replaced = {**own, "my-bot": "readme-bot"}
    for line in typed("README.md"):
        shell.run(line)
        if "my-hub" in line:
            shell.replaced["INGEST_URL"] = json.loads(shell.answers[-1])["ingest_url"]
    [call] = bundle.wait_for("/hook", 1)
    assert json.loads(call.body)["content"] == "hi"
    assert "events" in json.loads(shell.answers[-1])


@with_curl
def test_the_own_bots_guides_event_is_taken(bundle: Bundle, shell: Shell) -> None:
    shell.run("parley assistants create --unique-name guide --json")
    shell.variables |= {"api": bundle.api_url, "token": bundle.ready["token"]}
    for line in typed("docs/platforms/own-bots.md"):
        shell.run(line.replace("my-bot", "guide"))
    sid = json.loads(shell.answers[-1])["sid"]
    shell.run("parley listen guide --since 1h --limit 1")
    payload = parse_qs(bundle.call("GET", f"/v1/Assistants/guide/Events/{sid}")["payload"])
    assert payload["UserIdentifier"] == ["+15550100"]


def test_what_operations_has_to_type_does_what_it_says(bundle: Bundle, shell: Shell) -> None:
    shell.run("parley assistants create --unique-name ops-bot")
    shell.run(f"parley webhooks create ops-bot --unique-name crm --events * --webhook-url {bundle.receiver_url}/ops")
    shell.run("parley sources create ops-bot --unique-name log --platform watsonx")
    shell.run("parley keys new parley-key.pem")
    shell.replaced = {"my-bot": "ops-bot"}
    lines = typed("docs/operations.md")
    assert len(lines) > 7
    for line in lines:
        shell.run(line)
    assert len(json.loads(Path("jwks.json").read_bytes())["keys"]) == 2
    assert bundle.call("GET", "/v1/Assistants/ops-bot/Webhooks/crm")["previous_secret_expires_at"]


def test_every_command_that_there_is_stands_in_the_document() -> None:
    # a resource's verbs are alike: which there are is in the first command's help
    alike = {
        (kind, verb) for kind in ("assistants", "sources", "webhooks") for verb in ("show", "list", "update", "delete")
    }
    assert [words for words in leaves() if words not in alike and f"parley {' '.join(words)}" not in DOCUMENT] == []


@pytest.mark.parametrize("words", leaves(), ids=" ".join)
def test_help_has_examples_that_are_command_lines_and_exit_statuses(words, capsys, tmp_path, monkeypatch):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*words, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "exit status:\n  0" in printed
    examples = re.search(r"examples?:\n((?:  .+\n)+)", printed)
    assert examples
    assert any(f"parley {' '.join(words)}" in line for line in examples[1].splitlines())
