"""`parley up` where its output or its files cannot be written, and several runs of one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import state
from tests.e2e.toy import READY_SECONDS, TOY, Up, refused, until

COMMAND = [sys.executable, "-m", "cli.main", "up", "--port", "0", "--template", str(TOY)]


def start(folder: Path, redirection: str, *options: str) -> subprocess.Popen[str]:
    """Runs it as a shell does with this redirection."""
    script = f'exec "$@" {redirection}'
    return subprocess.Popen(
        ["sh", "-c", script, "sh", *COMMAND, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=READY_SECONDS)
    return process.returncode, output, errors


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_it_runs_without_an_output(tmp_path: Path, redirection: str) -> None:
    process = start(tmp_path, redirection, "--ready-file", "ready")
    until((tmp_path / "ready").exists, READY_SECONDS)
    url = json.loads((tmp_path / "ready").read_text())["api_url"]
    assert not refused(url)
    process.send_signal(signal.SIGTERM)
    status, output, errors = ended(process)

    assert status == 0
    assert "Traceback" not in errors
    # what is for people never stands among what is for scripts
    assert [json.loads(line)["api_url"] for line in output.splitlines()] == (
        [] if ">&-" in redirection.split() else [url]
    )


def test_a_full_disk_behind_stdout_is_said_in_a_sentence(tmp_path: Path) -> None:
    status, output, errors = ended(start(tmp_path, ">/dev/full"))

    assert (status, output) == (1, "")
    assert errors.splitlines()[-1] == "parley up: cannot write to stdout: No space left on device"
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


def test_a_pipe_without_a_reader_is_said_in_a_sentence(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    status, _, errors = ended(process)

    assert status == 1
    assert errors.splitlines()[-1] == "parley up: cannot write to stdout: Broken pipe"
    assert "Traceback" not in errors


def test_a_file_in_the_place_of_its_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".parley").touch()
    status, output, errors = ended(start(tmp_path, ""))

    assert (status, output) == (2, "")
    assert errors == f"parley up: cannot write to {tmp_path / '.parley'}: it is no folder\n"


@pytest.mark.parametrize("path", ["missing/ready", "."])
def test_a_ready_file_that_cannot_be_written_is_an_error_before_anything_is_made(tmp_path: Path, path: str) -> None:
    status, output, errors = ended(start(tmp_path, "", "--ready-file", path))

    assert (status, output) == (2, "")
    assert errors.startswith(f"parley up: cannot write {path}: ")
    assert list(tmp_path.iterdir()) == []


def test_runs_of_one_folder_leave_each_others_files_alone(tmp_path: Path) -> None:
    first = Up(tmp_path, "--port", "0")
    try:
        ready = first.ready()
        log = tmp_path / ".parley" / "logs" / "gateway.log"
        first.ready_file.unlink()
        second = Up(tmp_path, "--port", "0")
        try:
            other = second.ready()
            assert log.exists()
            assert (tmp_path / ".parley" / "token").read_text() == ready["token"]
            assert (tmp_path / ".parley" / "2" / "token").read_text() == other["token"]
            assert (tmp_path / ".parley" / "2" / "logs" / "gateway.log").exists()
        finally:
            _, errors = second.end()
        assert not refused(ready["api_url"])
    finally:
        first.end(signal.SIGKILL)
    assert "another run uses .parley: this one's files are in .parley/2\n" in errors
    third = Up(tmp_path, "--port", "0")  # the lock of a run that was killed is gone with it
    try:
        until(lambda: (tmp_path / ".parley" / "token").read_text() != ready["token"], READY_SECONDS)
    finally:
        third.end()


@pytest.mark.timeout(240)  # twenty seconds on two idle cores
def test_twenty_starts_and_stops_five_of_them_by_a_kill_leave_no_process_and_no_port(tmp_path: Path) -> None:
    pids, urls = set[int](), set[str]()
    for _ in range(5):
        runs = []
        for number in range(4):
            (folder := tmp_path / str(number)).mkdir(exist_ok=True)
            runs.append(Up(folder, "--port", "0"))
        for run in runs:
            urls.add(run.ready()["api_url"])
            pids |= run.group_pids()
        for run, how in zip(runs, [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGTERM], strict=True):
            run.end(how)
            run.ready_file.unlink()

    assert len(pids) >= 20 * 5
    until(lambda: not [pid for pid in pids if state(pid)], 5)
    assert [url for url in urls if not refused(url)] == []
