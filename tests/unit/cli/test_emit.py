"""`parley emit`: which body goes out, and what does not go together."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cli import emit
from cli.api_client import Answer
from cli.command_line import UsageError
from cli.main import parser

if TYPE_CHECKING:
    from pathlib import Path


class Api:
    """Keeps what was sent."""

    def __init__(self, status: int = 201) -> None:
        self.status = status
        self.sent: dict[str, Any] = {}

    def exchange(self, method, path, **sent):
        self.sent = {"method": method, "path": path, **sent}
        return Answer(self.status, {"sid": "EV1"}, None)


def send(*argv: str, status: int = 201) -> dict[str, Any]:
    api: Any = Api(status)
    emit._emit(api, parser().parse_args(["emit", *argv]))
    return dict(api.sent)


def test_parameters_are_a_form_in_any_script():
    sent = send("my bot", "Event=onDialogueEnd", "CurrentTask=日本 = a&b")
    assert (sent["method"], sent["path"]) == ("POST", ("Assistants", "my bot", "Events"))
    assert sent["body"] == (
        "application/x-www-form-urlencoded",
        b"Event=onDialogueEnd&CurrentTask=%E6%97%A5%E6%9C%AC+%3D+a%26b",
    )
    assert (sent["query"], sent["headers"]) == ({}, {})


def test_options_stand_beside_the_body():
    sent = send("bot", "a=b", "--platform", "tropo", "--event", "result", "--idempotency-key", "k")
    assert sent["query"] == {"Platform": "tropo", "Event": "result"}
    assert sent["headers"] == {"Idempotency-Key": "k"}
    # an empty one too: the API refuses it, where to leave it out would emit twice (`--idempotency-key "$UNSET"`)
    assert send("bot", "a=b", "--idempotency-key", "")["headers"] == {"Idempotency-Key": ""}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b' \n{"event": "\xe6\x97\xa5"}', "application/json"),
        (b"Event=onDialogueEnd", "application/x-www-form-urlencoded"),
    ],
)
def test_a_file_goes_as_it_is(content, content_type, tmp_path: Path, monkeypatch):
    file = tmp_path / "body"
    file.write_bytes(content)
    assert send("bot", "--file", str(file))["body"] == (content_type, content)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert send("bot", "--file", "-")["body"] == (content_type, content)


@pytest.mark.parametrize("argv", [[], ["a=b", "--file", "x"], ["--file", "there-is-none"]])
def test_what_does_not_go_together_is_a_wrong_command_line(argv):
    with pytest.raises(UsageError):
        send("bot", *argv)


def test_a_repeat_is_said(capsys):
    send("bot", "a=b", status=200)
    assert "emitted before" in capsys.readouterr().err
    send("bot", "a=b")
    assert capsys.readouterr().err == ""
