"""`.ci/environment`, which every verb begins with: never silent for long, Ctrl-C ends all of it, PYTHON is obeyed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]

# An interpreter that makes an environment at once, or hangs in the module that it is told to.
INTERPRETER = """\
#!/bin/sh
case "$1 ${2-}" in
  --version*) echo Python VERSION ;;
  "-m ${HANGS-}") echo $$ >hanging.new; mv hanging.new hanging; exec sleep 600 ;;
  "-m venv") mkdir -p "$3/bin" "$3/lib/python3.11/site-packages" && cp "$0" "$3/bin/python" ;;
esac
"""


@pytest.fixture
def project() -> Iterator[Path]:
    # not in the machine's folder for temporary files: nothing may be run there on some
    with TemporaryDirectory(dir=sys.prefix, prefix="projét 日本 ") as folder:
        path = Path(folder)
        (path / ".ci").mkdir()
        shutil.copy(ROOT / ".ci/environment", path / ".ci")
        (path / "pyproject.toml").touch()
        (path / "requirements.txt").write_text("a==1\n")
        yield path


def interpreter(folder: Path, version: str) -> str:
    path = folder / f"of a kind {version}"
    path.write_text(INTERPRETER.replace("VERSION", version))
    path.chmod(0o755)
    return str(path)


def started(project: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [".ci/environment", "made", "requirements.txt", "--editable"],
        cwd=project,
        env={"PATH": os.environ["PATH"], **variables},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def said(project: Path, **variables: str) -> str:
    with started(project, **variables) as process:
        text = process.communicate()[1]
    assert process.returncode == 0, text
    return text


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("module", ["venv", "pip"])
def test_it_says_how_far_it_is_and_ctrl_c_leaves_nothing_behind(project: Path, module: str) -> None:
    with started(project, PYTHON=interpreter(project, "3.11.9"), HANGS=module) as process:
        assert process.stderr
        try:
            assert "installing up to 1 pinned packages into made (Python 3.11.9)" in process.stderr.readline()
            assert process.stderr.readline().endswith(" s: preparing\n")
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(10) == 130
            with pytest.raises(ProcessLookupError):
                os.kill(int((project / "hanging").read_text()), 0)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_it_is_made_once_and_anew_when_another_python_is_asked_for_or_its_own_is_gone(project: Path) -> None:
    first, second = interpreter(project, "3.11.9"), interpreter(project, "3.13.1")
    assert "(Python 3.11.9)" in said(project, PYTHON=first)
    assert said(project) == ""
    assert said(project, PYTHON=first) == ""
    assert "(Python 3.13.1)" in said(project, PYTHON=second)
    (project / "made/bin/python").unlink()
    assert "(Python 3.11.9)" in said(project, PYTHON=first)


def test_what_leads_to_the_project_is_read_in_every_locale(project: Path) -> None:
    said(project, PYTHON=interpreter(project, "3.11.9"))
    [file] = (project / "made").rglob("*.pth")
    lines = file.read_text("ascii").splitlines()
    assert [(file.parent / line).resolve() for line in lines] == [project, project / "layers/parley"]
