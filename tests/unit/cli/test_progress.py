"""How far something has come, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_a_line_when_the_note_changes_and_one_every_few_seconds():
    clock = iter(float(second) for second in range(100))
    stream = io.StringIO()
    with progress.shown("replay", stream, now=lambda: next(clock)) as meter:
        meter(0, None, "counting")
        meter(0, 9, "running")
        for done in range(1, 9):
            meter(done, 9, "running")
        meter(9, 9, "completed")
        meter(9, 9, "completed")
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["replay 0 counting", "replay 0/9 running"]
    assert lines[-1] == "replay 9/9 completed"
    assert 3 < len(lines) < 10
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress.shown("replay", stream) as meter:
        meter(3, 9, "running")
    assert "3/9" in stream.getvalue()
    assert "━" in stream.getvalue()


def test_a_terminal_that_cannot_redraw_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with progress.shown("replay", stream) as meter:
        meter(3, 9, "running")
    assert stream.getvalue() == "replay 3/9 running\n"


@pytest.mark.parametrize(("columns", "bar"), [("62", False), ("63", True)])
def test_a_terminal_that_is_too_narrow_for_the_count_gets_lines(monkeypatch, columns, bar):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", columns)
    stream = Terminal()
    with progress.shown("EventsDeadLetterQueue", stream) as meter:
        meter(12345, 56789, "running, 12 failed")
    assert "12345/56789" in stream.getvalue()
    assert ("\x1b[2K" in stream.getvalue()) == bar


def test_no_color_leaves_the_bar_without_colours(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with progress.shown("replay", stream) as meter:
        meter(3, 9, "running")
    assert "\x1b[38" not in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue().replace("\x1b[3A", "")
