"""`sam local` against the engine of a `parley up` on this machine: the processes, and how a container reaches us."""

from __future__ import annotations

import importlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
CONTAINER_HOST = "host.containers.internal"
READY_SECONDS = 30.0
# Until the image is built that holds the layer, and the container runs.
START_SECONDS = 90.0


@dataclass(frozen=True)
class Bundle:
    """A running `parley up`.

    Attributes:
        folder: Where it runs: its `.parley` is there.
        ready: The ready file's object.
    """

    folder: Path
    ready: dict[str, Any]

    @property
    def variables_file(self) -> Path:
        return self.folder / ".parley" / "sam-local.json"

    @property
    def variables(self) -> dict[str, dict[str, str]]:
        variables: dict[str, dict[str, str]] = json.loads(self.variables_file.read_text())
        return variables


@contextmanager
def bundle(folder: Path) -> Iterator[Bundle]:
    """The bundle, reachable for containers."""
    ready = folder / "ready"
    command = [sys.executable, "-m", "cli.main", "up", "--bind", "0.0.0.0", "--port", "0", "--ready-file", str(ready)]  # noqa: S104
    with _process(command, folder, "up") as process:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            assert process.poll() is None, (folder / "up.log").read_text()
            assert time.monotonic() < deadline, "parley up was not ready in time"
            time.sleep(0.05)
        yield Bundle(folder, json.loads(ready.read_text()))


@dataclass(frozen=True)
class Sam:
    """How `sam local` is called.

    Attributes:
        build: What `sam build` made, for x86_64.
        folder: Where logs go.
    """

    build: Path
    folder: Path

    def command(self, *verb: str, variables: Path) -> list[str]:
        """A command as the README has it, with what this machine needs beside it."""
        return [
            "sam", "local", *verb,
            "--template", str(self.build / "template.yaml"),
            "--env-vars", str(variables),
            "--parameter-overrides", "Architecture=x86_64",
            "--skip-pull-image",
            *_add_host(),
        ]  # fmt: skip

    def invoke(self, logical_id: str, event: Path, variables: Path) -> Any:
        """What `sam local invoke` prints: it exits with 0 when a function fails, and prints the error."""
        command = self.command("invoke", logical_id, "--event", str(event), variables=variables)
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serve(self, verb: str, variables: Path) -> Iterator[str]:
        """`start-api` or `start-lambda`; a function's container starts at its first call and stays. Yields the URL."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = ["--port", str(port), "--warm-containers", "LAZY"]
        with _process(self.command(verb, *options, variables=variables), self.folder, verb) as process:
            deadline = time.monotonic() + READY_SECONDS
            while not _listens(port):
                assert process.poll() is None, (self.folder / f"{verb}.log").read_text()
                assert time.monotonic() < deadline, f"sam local {verb} was not ready in time"
                time.sleep(0.1)
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(READY_SECONDS)
                _remove_containers((self.folder / f"{verb}.log").read_text())


@contextmanager
def _process(command: list[str], folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, "SAM_CLI_TELEMETRY": "0"}
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _containers() -> Iterator[Any]:
    """The runtime's client, which has no types."""
    client = importlib.import_module("docker").from_env()
    try:
        yield client
    finally:
        client.close()


def _add_host() -> list[str]:
    """Podman names this machine in every container; Docker must be told to."""
    with _containers() as client:
        engines = {component["Name"] for component in client.version()["Components"]}
    return [] if "Podman Engine" in engines else ["--add-host", f"{CONTAINER_HOST}:host-gateway"]


def _remove_containers(log: str) -> None:
    """Remove what `sam local` now and then leaves behind of the containers that it names in its log."""
    named = set(re.findall(r"SAM_CONTAINER_ID: ([0-9a-f]+)", log))
    with _containers() as client:
        for container in client.containers.list(all=True, ignore_removed=True):
            if container.id in named:
                container.remove(force=True)
