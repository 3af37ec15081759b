"""`parley up --demo` as a newcomer runs it: everything verified and 0, or 1 as soon as the signer is broken."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.demo.calls import post

PROJECT = Path(__file__).resolve().parents[2]
PARTS = ("cli", "functions", "layers", "events")
COMMAND = [sys.executable, "-m", "cli.main", "up", "--demo", "--port", "0"]
ENDS_WITHIN_SECONDS = 45.0
STOPS_WITHIN_SECONDS = 5.0
MOST_SILENT_SECONDS = 10.0

BREAK_THE_SIGNER = """
_sound = signature


def signature(webhook_id: str, timestamp_seconds: int, body: bytes, secret: str) -> str:
    return _sound(webhook_id, timestamp_seconds, body + b" ", secret)
"""


@dataclass
class Demo:
    """How a run ended, and what it wrote when."""

    status: int
    lines: list[str]
    longest_silence_seconds: float

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def environment(project: Path) -> dict[str, str]:
    path = [str(project), str(project / "layers" / "parley")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONIOENCODING": "utf-8", "TERM": "xterm"}


def demo(project: Path, folder: Path) -> Demo:
    """A run whose output is a pipe."""
    lines, silences = [], []
    written = time.monotonic()
    with subprocess.Popen(
        COMMAND,
        cwd=folder,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            now = time.monotonic()
            silences.append(now - written)
            written = now
            lines.append(line.rstrip("\n"))
        status = process.wait(ENDS_WITHIN_SECONDS)
    silences.append(time.monotonic() - written)
    return Demo(status, lines, max(silences))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo(PROJECT, tmp_path_factory.mktemp("demo"))


def test_demo_reaches_its_total_with_everything_verified(sound: Demo) -> None:
    assert sound.status == 0, sound.text
    assert "Total: 5 events in, 11 callbacks out, 4 of 4 forgeries refused." in sound.lines
    assert "FAILED" not in sound.text
    assert sum("verified " in line and "out: " in line for line in sound.lines) == 10
    assert sound.text.count("refused (403)") == 4
    assert "answered 503" in sound.text
    assert "verified (2nd)" in sound.text
    assert "a process that cannot import Parley" in sound.text
    assert sound.longest_silence_seconds < MOST_SILENT_SECONDS


def test_pipe_gets_plain_lines_and_no_secret(sound: Demo) -> None:
    ready = json.loads(next(line for line in sound.lines if line.startswith("{")))
    rest = "\n".join(line for line in sound.lines if not line.startswith("{"))
    assert rest.isascii()
    assert "\x1b" not in rest
    assert ready["token"] not in rest
    assert "/ingest/" not in rest
    assert "whsec_" not in rest


class Screen:
    """A terminal's other end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.text = ""

    def until(self, pattern: str) -> re.Match[str]:
        """Reads until the pattern is there; colours are left out."""
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, self.text
            if select.select([self._descriptor], [], [], 0.2)[0]:
                written = os.read(self._descriptor, 65_536).decode(errors="replace")
                self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "")
        return found


def test_terminal_gets_tables_and_stays_up_for_events_of_ones_own(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        COMMAND, cwd=tmp_path, env=environment(PROJECT), stdout=theirs, stderr=theirs, stdin=theirs
    )
    os.close(theirs)
    screen = Screen(ours)
    try:
        screen.until("Still up")
        tables = [line for line in screen.text.splitlines() if line[:1] in tuple("╭│├╰")]
        assert {len(line) for line in tables} == {79}
        assert "╭─ autopilot onDialogueTurn " in screen.text
        secret, url = screen.until(r"curl -u (\S+) .*@\S+ (http\S+)").groups()
        credentials = base64.b64encode(secret.encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
        assert post(url, headers, b'{"result":{"sessionId":"mine"}}').status == 200
        screen.until("tropo result at everything: verified by standardwebhooks")
        process.send_signal(signal.SIGINT)
        assert process.wait(STOPS_WITHIN_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.timeout(90)
def test_broken_signer_ends_the_demo_with_1(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    for part in PARTS:
        shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "template.yaml", copy)
    with (copy / "layers/parley/parley/signing/standard_webhooks.py").open("a") as signer:
        signer.write(BREAK_THE_SIGNER)
    run = demo(copy, copy)
    assert run.status == 1, run.text
    assert "standardwebhooks: No matching signature found" in run.text
    assert any(line.startswith("FAILED: 5 events in, 11 callbacks out") for line in run.lines), run.text
