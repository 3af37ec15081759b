"""What stands around the code: the workflow runs what people run, versions have one home, nothing runs unpinned."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def read(name: str) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    [found] = read(".github/workflows/check.yml")["jobs"].values()
    assert isinstance(found, dict)
    return found


def supported() -> list[str]:
    found = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"])
    assert found
    return [f"3.{minor}" for minor in range(int(found[1]), int(found[2]))]


def test_the_workflow_runs_what_ci_runs_and_the_suite_on_every_supported_python(job: dict[str, Any]) -> None:
    # YAML 1.1 reads the key `on` as true
    assert set(read(".github/workflows/check.yml")[True]) == {"push", "pull_request"}
    commands = {entry["python"]: entry["command"] for entry in job["strategy"]["matrix"]["include"]}
    assert list(commands) == supported()
    assert commands.pop(supported()[-1]) == ".ci/run"
    assert set(commands.values()) == {"make test"}
    assert job["steps"][-1] == {"run": "${{ matrix.command }}"}


def test_ci_runs_the_suite_and_all_that_checks() -> None:
    verbs = re.search(r"^for verb in (.*); do$", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    assert verbs
    assert {"check", "test", "validate", "sam-local"} <= set(verbs[1].split())


def test_the_verbs_use_the_environments_own_modules_and_keep_their_bytecode() -> None:
    callers = dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"), "set")
    shown = "shown:\n\t@echo found" + "".join(f" $${name}" for name in callers) + "\n"
    command = ["make", "-f", "Makefile", "-f", "-", "shown"]
    variables = {"PATH": os.environ["PATH"], **callers}
    assert subprocess.check_output(command, cwd=ROOT, env=variables, input=shown, text=True) == "found\n"


def test_actions_are_pinned_by_commit_and_say_their_version() -> None:
    used = re.findall(r"uses: (\S+)(.*)", (ROOT / ".github/workflows/check.yml").read_text("utf-8"))
    assert len(used) == 3
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_hooks_run_the_environments_own_tools_so_that_no_version_stands_twice() -> None:
    [repository] = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith((".venv/bin/ruff ", ".venv/bin/mypy"))
    checks = re.search(r"^check:.*?(?=^\S)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert checks
    for words in ("ruff check", "ruff format", "mypy"):
        assert f"$(BIN)/{words}" in checks[0]


def test_a_program_that_the_hooks_are_handed_is_one_that_make_check_reads() -> None:
    """Pre-commit knows Python by the first line too; what it refuses must have been refused before."""
    programs = [path for path in (ROOT / ".ci").iterdir() if path.read_bytes().startswith(b"#!/usr/bin/env python")]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]
    assert {str(path.relative_to(ROOT)) for path in programs} == set(settings["extend-include"])


def test_everything_that_is_pinned_is_offered_anew() -> None:
    updates = {entry["package-ecosystem"]: entry["directory"] for entry in read(".github/dependabot.yml")["updates"]}
    assert updates == {"pip": "/", "npm": "/tests/node", "github-actions": "/"}
    assert (ROOT / "tests/node/package.json").exists()


def test_contributing_names_every_folder_of_tests() -> None:
    [row] = [
        line for line in (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines() if line.startswith("| `tests/`")
    ]
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    assert set(re.findall(r"`(\w+)`", row)) == folders


def test_the_supported_versions_are_said_where_people_look() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "3.11, 3.12 or 3.13" in (ROOT / name).read_text("utf-8"), name
    assert supported() == ["3.11", "3.12", "3.13"]
    release = PROJECT["version"].rpartition(".")[0]
    assert f"| {release}.x |" in (ROOT / "SECURITY.md").read_text("utf-8")
