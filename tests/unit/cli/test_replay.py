"""`parley replay`: how far it is, how it ends, and what Ctrl-C does to it."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from cli import replay
from cli.main import parser

SID = "RP01"


def state(status: str, **more: object) -> dict[str, Any]:
    return {"sid": SID, "status": status, "dry_run": False, "total": 3, "done": 0, "delivered": 0, "failed": 0, **more}


class Api:
    """Answers what it was given, one after the other; the last one for ever."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, tuple[str, ...], Any]] = []

    def call(self, method, path, *, form=None):
        self.sent.append((method, tuple(path), form))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def create(api: Any, *options: str) -> int:
    return replay._create(api, parser().parse_args(["replay", "create", "bot", "crm", "--mode", "failed", *options]))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("cli.replay.time", SimpleNamespace(sleep=lambda _: None))


def test_it_is_followed_to_its_end(capsys):
    api = Api(state("counting"), state("running", done=1), state("completed", done=3, delivered=3))
    assert create(api, "--from", "2026-11-20", "--rate", "5") == 0
    path = ("Assistants", "bot", "Webhooks", "crm", "Replays")
    form = [("Mode", "failed"), ("DryRun", "false"), ("From", "2026-11-20"), ("Rate", "5")]
    assert api.sent[0] == ("POST", path, form)
    assert {sent[:2] for sent in api.sent[1:]} == {("GET", (*path, SID))}
    said = capsys.readouterr()
    assert said.err.startswith("parley: replay RP01\n")
    assert "replay 3/3 completed" in said.err
    assert "delivered  3" in said.out


@pytest.mark.parametrize("ended", [state("completed", done=3, failed=1), state("cancelled")])
def test_one_that_failed_or_was_cancelled_ends_with_1(ended):
    assert create(Api(ended)) == 1


def test_without_waiting_it_is_only_created():
    api = Api(state("counting"))
    assert create(api, "--no-wait") == 0
    assert len(api.sent) == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "cancels"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_ctrl_c_asks_a_person_whether_it_is_to_be_cancelled(answer, cancels, monkeypatch):
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    screen = Terminal()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("cli.replay.time", SimpleNamespace(sleep=interrupt))
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", screen)
    api = Api(state("running", done=1))
    assert create(api) == 130
    assert "Cancel the replay?" in screen.getvalue()
    assert (api.sent[-1][2] == [("Status", "cancelled")]) == cancels
    assert ("It goes on: parley replay watch bot crm RP01" in screen.getvalue()) == (not cancels)


def test_ctrl_c_leaves_it_where_nobody_can_be_asked(monkeypatch, capsys):
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.replay.time", SimpleNamespace(sleep=interrupt))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    api = Api(state("running"))
    assert create(api) == 130
    assert [method for method, *_ in api.sent] == ["POST"]
    assert "It goes on" in capsys.readouterr().err
