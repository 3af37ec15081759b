"""What tables look like on a terminal: nothing is cut, and what is copied from it is whole."""

from __future__ import annotations

import io
import re

import pytest

from cli.resources import show

SID = "EV00000000000000000000000000000001"
URL = f"http://127.0.0.1:3000/ingest/messagehub/SR00000000000000000000000000000001/{'t' * 43}"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue()).splitlines()


@pytest.fixture(params=[20, 40, 80])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm")
    return int(request.param)


@pytest.mark.usefixtures("columns")
def test_a_list_that_is_wider_than_the_terminal_is_not_cut():
    stream = Terminal()
    event = {"date_created": "2026-11-20T08:00:00Z", "type": "message.received", "sid": SID, "conversation_id": "日本"}
    show.as_list([event], tuple(event), stream)
    header, row = stream.lines()
    assert header.split() == list(event)
    assert row.split() == list(event.values())


def test_a_list_is_folded_where_that_makes_it_fit(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    show.as_list([{"sid": SID, "events": "message.received " * 5}], ("sid", "events"), stream)
    lines = stream.lines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80


def test_what_is_copied_from_one_resource_is_whole(columns):
    stream = Terminal()
    show.as_one({"sid": SID, "ingest_url": URL, "steps": [f"Paste as its URL: {URL} and save.", "a " * 60]}, stream)
    lines = stream.lines()
    assert [f"sid         {SID}", f"ingest_url  {URL}"] == lines[:2]
    assert sum(URL in line for line in lines) == 2
    assert max(len(line) for line in lines if URL not in line and SID not in line) <= max(columns, 32)


@pytest.mark.usefixtures("columns")
def test_in_a_pipe_nothing_is_folded():
    stream = io.StringIO()
    payload = '{"text":  "two  blanks - and a-hyphen"}' * 10
    show.as_one({"payload": payload}, stream)
    assert stream.getvalue() == f"payload  {payload}\n"


def test_a_resource_without_any_key_is_nothing():
    stream = Terminal()
    show.as_one({}, stream)
    assert stream.getvalue() == ""
