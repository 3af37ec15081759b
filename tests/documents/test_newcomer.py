"""docs/newcomer.md, the transcript of `.ci/newcomer`: the README's first command, within five minutes."""

from __future__ import annotations

import re

from tests.documents.blocks import shell_lines, text_of

PAGE = text_of("docs/newcomer.md")


def test_the_readmes_first_command_led_to_a_verified_callback_within_five_minutes() -> None:
    lines = re.findall(r"(?m)^ *([0-9.]+) s  (.*)$", PAGE)
    assert lines[1][1] == f"$ {shell_lines(text_of('README.md'))[0]}"
    first = next(float(seconds) for seconds, said in lines if " out: " in said and " verified " in said)
    assert f"**From the clone to the first verified callback: {first:.0f} seconds.**" in PAGE
    assert first <= 300
    assert lines[-1][1] == "(ended with 0)"
