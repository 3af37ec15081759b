"""A pipe gets plain lines, a terminal a table of 79 columns that is never redrawn."""

from __future__ import annotations

import io

import pytest

from cli.demo.show import Line, Plain, Show, Terminal, duration

IN = Line("messagehub", "conversation_created", "in", "X-Chatwoot-Signature", "accepted (200)", 0.0123)
OUT = Line("messagehub", "conversation_created", "out: recovering", "Chatwoot HMAC, standardwebhooks", "verified", 1.31)
WRONG = Line("tropo", "result", "out: everything", "", "WRONG", 0.5, good=False)


def shown(show: Show, stream: io.StringIO) -> list[str]:
    with show.section("A title") as add:
        for line in (IN, OUT, WRONG):
            add(line)
    return stream.getvalue().splitlines()


def test_plain_lines_stand_alone_and_in_columns() -> None:
    stream = io.StringIO()
    lines = shown(Plain(stream), stream)
    assert lines[:2] == ["", "A title:"]
    assert len(lines) == 5
    assert all(line.isascii() for line in lines)
    assert len({line.index("12 ms") for line in lines if "12 ms" in line} | {lines[3].index("1.3 s")}) == 1
    assert [line.endswith("FAILED") for line in lines[2:]] == [False, False, True]
    assert all(word in lines[3] for word in ("messagehub", "conversation_created", "recovering", "verified"))


def test_table_has_79_columns_and_a_heading_per_event() -> None:
    stream = io.StringIO()
    blank, title, *table = shown(Terminal(stream), stream)
    assert (blank, title) == ("", "A title")
    assert {len(line) for line in table} == {79}
    assert [line[3:30].strip(" ─") for line in table if "─ " in line] == [
        "messagehub conversation_cre",
        "tropo result",
    ]
    assert [line.startswith("│") for line in table] == [False, True, True, False, True, False]


def test_lines_are_on_screen_as_soon_as_they_are_known() -> None:
    for show_class in (Plain, Terminal):
        stream = io.StringIO()
        show: Show = show_class(stream)
        with show.section("A title") as add:
            before = stream.getvalue()
            add(IN)
            assert "accepted (200)" in stream.getvalue()[len(before) :]


def test_terminal_without_unicode_gets_an_ascii_table() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    with Terminal(stream).section("A title") as add:
        add(IN)
    stream.flush()
    stream.seek(0)
    assert stream.read().isascii()


def test_command_is_never_broken_and_its_brackets_stay() -> None:
    stream = io.StringIO()
    command = "curl [x] " + "y" * 200
    Terminal(stream).say(command)
    assert stream.getvalue() == command + "\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0 ms"), (0.0429, "43 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (1.26, "1.3 s"), (20, "20.0 s")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
