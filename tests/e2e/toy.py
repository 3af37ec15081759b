"""A run of `parley up` on the toy bundle, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.processes import descendants

TOY = Path(__file__).resolve().parents[1] / "unit" / "cli" / "toy" / "template.yaml"
READY_SECONDS = 60.0
STOP_SECONDS = 5.0


class Up:
    """A run of `parley up`."""

    def __init__(
        self, folder: Path, *options: str, environ: dict[str, str] | None = None, template: Path = TOY
    ) -> None:
        self.folder = folder
        self.ready_file = folder / "ready.json"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "up", "--template", str(template)),
                *("--ready-file", str(self.ready_file), *options),
            ],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        until(self.ready_file.exists, READY_SECONDS)
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        self.process.send_signal(number)
        return self.process.communicate(timeout=STOP_SECONDS)

    def group_pids(self) -> set[int]:
        """This run's processes."""
        return descendants(self.process.pid)


def until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def refused(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def engine_of(folder: Path) -> str:
    variables = json.loads((folder / ".parley" / "sam-local.json").read_text())
    url: str = variables["Echo"]["AWS_ENDPOINT_URL_SQS"]
    return url
