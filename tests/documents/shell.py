"""Types a document's lines: `parley` in this process, `curl` in one of its own.

It knows variables, `NAME=$(cat FILE)`, `NAME=$(parley … | jq -r '.[N].sid')`, `<` and `>`, and no more of a shell.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import string
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.main import main

if TYPE_CHECKING:
    import pytest


class Shell:
    """One session, in the present folder.

    Attributes:
        printed: What went to stdout or stderr and not to a file.
        answers: What each `curl` printed.
    """

    def __init__(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        *,
        replaced: Mapping[str, str] | None = None,
        **variables: str,
    ) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.variables = variables
        self.replaced = dict(replaced or {})
        self.printed = ""
        self.answers: list[str] = []

    def run(self, line: str) -> None:
        for written, meant in self.replaced.items():
            line = line.replace(written, meant)
        if assigned := re.fullmatch(r"(\w+)=\$\((.+) \| jq -r '\.\[(-?\d+)\]\.sid'\)", line):
            name, command, index = assigned.groups()
            self.variables[name] = json.loads(self._parley(command))[int(index)]["sid"]
        elif assigned := re.fullmatch(r"(\w+)=\$\(cat (\S+)\)", line):
            self.variables[assigned[1]] = Path(assigned[2]).read_text("utf-8").strip()
        elif line.startswith("curl "):
            self.answers.append(self._curl(line))
        else:
            self._parley_with_files(line)

    def _parley_with_files(self, line: str) -> None:
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
        return string.Template(text).substitute(self.variables)

    def _parley(self, command: str) -> str:
        name, *words = shlex.split(self._expand(command))
        assert name == "parley", command
        status = main(words)
        said = self._capsys.readouterr()
        assert status == 0, f"{command}\n{said.err}"
        self.printed += said.err
        return said.out

    def _curl(self, command: str) -> str:
        words = [self._expand(word) for word in shlex.split(command)]
        words[1:1] = ["--silent", "--show-error", "--fail-with-body", "--noproxy", "*"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout
