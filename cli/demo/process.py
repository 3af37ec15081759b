"""The receiver as a process of its own: started, told the webhooks' secrets, listened to, ended."""

from __future__ import annotations

import importlib.util
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from cli.demo.errors import DemoError

RECEIVER = Path(__file__).with_name("receiver.py")
_START_SECONDS = 8.0
_STOP_SECONDS = 2.0


def library_folders() -> list[Path]:
    """Where the receiver's libraries stand: nothing else of ours is on its path.

    Raises:
        DemoError: One is not installed.
    """
    folders = []
    for name in ("standardwebhooks", "jwt", "twilio", "cryptography", "cloudevents"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise DemoError(f"the demo needs {name}, which is not installed: make setup")
        folders.append(Path(spec.origin).parents[1])
    return list(dict.fromkeys(folders))


class Receiver:
    """A running receiver. Its stdin is its lifeline: it ends when this process does."""

    def __init__(self) -> None:
        """Starts it.

        Raises:
            DemoError: It did not start.
        """
        folders = [part for folder in library_folders() for part in ("--site-packages", str(folder))]
        # -I -S: no environment, no user site, no .pth files, so that nothing of ours can be imported there.
        # A session of its own: a terminal's Ctrl-C is the supervisor's business.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(RECEIVER), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._reports: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="receiver", daemon=True).start()
        ready = self._expect("ready")
        self.url = f"http://127.0.0.1:{ready['port']}"
        self.libraries: Mapping[str, str] = ready["libraries"]

    def learn(self, told: Mapping[str, Mapping[str, object]]) -> None:
        """Hands it the secret and the answers of each path; on stdin, where no process list shows them.

        Raises:
            DemoError: It is gone.
        """
        try:
            _pipe(self._process.stdin).write(json.dumps(told).encode() + b"\n")
            _pipe(self._process.stdin).flush()
        except OSError as error:
            raise DemoError(f"the receiver is gone: {error}") from error
        self._expect("knows")

    def next_report(self, timeout_seconds: float) -> dict[str, Any] | None:
        """The next callback's report; None when none came in time.

        Raises:
            DemoError: It is gone.
        """
        try:
            report = self._reports.get(timeout=timeout_seconds)
        except queue.Empty:
            return None
        if report is None:
            raise DemoError(f"the receiver ended with status {self._process.wait(_STOP_SECONDS)}")
        return report

    def close(self) -> None:
        """Ends it, and waits for that."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _expect(self, kind: str) -> dict[str, Any]:
        report = self.next_report(_START_SECONDS)
        if report is None or report["kind"] != kind:
            self.close()
            raise DemoError((report or {}).get("reason", f"the receiver did not say {kind} in time"))
        return report

    def _listen(self) -> None:
        with _pipe(self._process.stdout) as lines:
            for line in lines:
                self._reports.put(json.loads(line))
        self._reports.put(None)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise DemoError("the receiver has no pipe")
    return stream
