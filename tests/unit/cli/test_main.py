from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import credentials
from cli.main import main, parser
from cli.signing_keys import SigningKey

PARLEY = [sys.executable, "-m", "cli.main"]


def test_defaults_are_the_documented_ones() -> None:
    up = parser().parse_args(["up"])

    assert (up.port, up.bind, up.demo, up.json, up.ready_file, up.time_scale, up.parameters) == (
        None, "127.0.0.1", False, False, None, 1.0, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["down"],
        ["up", "--port", "x"],
        ["up", "--port", "65536"],
        ["up", "--time-scale", "0.5"],
        ["up", "--time-scale", "nan"],
        ["up", "--parameter", "RetentionDays"],
        ["up", "--parameter", "=1"],
    ],
)
def test_a_wrong_command_line_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    assert "usage: parley" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(SigningKey.generate().pem())
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run([*PARLEY, "keys", "jwks", key], stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_it_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(credentials, "_jwks", lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert main(["keys", "jwks", "key.pem"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_name_that_the_locale_cannot_write_is_written_all_the_same(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(
        [*PARLEY, "keys", "jwks", "日本.pem"], cwd=tmp_path, env=environ, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == b"parley: \\u65e5\\u672c.pem: No such file or directory\n"


@pytest.mark.parametrize(
    ("redirection", "file", "status"),
    [("1>&-", "key.pem", 0), ("2>&-", "none.pem", 1), ("0<&- 1>&- 2>&-", "none.pem", 1)],
)
def test_a_stream_that_the_shell_closed_is_nobody_reading(
    tmp_path: Path, redirection: str, file: str, status: int
) -> None:
    (tmp_path / "key.pem").write_bytes(SigningKey.generate().pem())
    command = f'"$0" -m cli.main keys jwks {file} {redirection}'
    ended = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_said_without_a_traceback(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(SigningKey.generate().pem())
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([*PARLEY, "keys", "jwks", key], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"parley: No space left on device\n")


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_while_it_loads_ends_it_quietly(tmp_path: Path) -> None:
    # a module that the commands load, and in which Ctrl-C comes
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([*PARLEY, "--help"], env=environ, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


def test_a_fault_of_its_own_is_one_line_that_says_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(_: object) -> int:
        raise KeyError("sid\x1b[31m")

    monkeypatch.setattr(credentials, "_jwks", fault)
    assert main(["keys", "jwks", "key.pem"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"parley: a fault of its own, please report it: KeyError: test_main\.py:\d+( < main\.py:\d+)+", line
    )
