"""docs/command-line.md: every command in it, typed in the folder of a running `parley up`."""

from __future__ import annotations

import io
import json
import re
import shlex
import string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.main import main, parser

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from tests.e2e.bundle import Bundle

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/command-line.md").read_text("utf-8")


def commands() -> list[str]:
    return re.findall(r"(?m)^    (\S.*)$", DOCUMENT)


def leaves(of: ArgumentParser | None = None, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command of the command line, in its words."""
    of = of or parser()
    for action in of._actions:
        if isinstance(action.choices, dict):
            return [leaf for name, below in action.choices.items() for leaf in leaves(below, (*words, name))]
    return [words]


class Shell:
    """Runs the document's lines in this process: variables, `NAME=$(… | jq -r '.[N].sid')`, `<` and `>`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._variables = variables
        self.printed = ""

    def run(self, line: str) -> None:
        if assigned := re.fullmatch(r"(\w+)=\$\((.+) \| jq -r '\.\[(-?\d+)\]\.sid'\)", line):
            name, command, index = assigned.groups()
            self._variables[name] = json.loads(self._parley(command))[int(index)]["sid"]
            return
        command, _, target = line.partition(" > ")
        command, _, source = command.partition(" < ")
        if source:
            content = Path(self._expand(source)).read_bytes()
            self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        printed = self._parley(command)
        if target:
            Path(target).write_text(printed, "utf-8", newline="")
        else:
            self.printed += printed

    def _expand(self, text: str) -> str:
        return string.Template(text).substitute(self._variables)

    def _parley(self, command: str) -> str:
        name, *words = shlex.split(self._expand(command))
        assert name == "parley", command
        status = main(words)
        said = self._capsys.readouterr()
        assert status == 0, f"{command}\n{said.err}"
        self.printed += said.err
        return said.out


def test_every_command_does_what_it_says(
    bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    shell = Shell(capsys, monkeypatch, receiver=bundle.receiver_url, payloads=str(ROOT / "events/payloads"))
    lines = commands()
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
