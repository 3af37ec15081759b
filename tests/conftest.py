"""For the whole suite: it is never silent for long, whatever a test waits for, and Ctrl-C is what it is at a terminal.

`sam build`, deployments on this machine and receivers that hang take their time. Which tests reach how far is said in
pyproject.toml (`--allow-hosts`), and its `-ra` makes the summary name what was skipped, and why.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is another's load as often as ours; what must be quick is asserted in processor time.
settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")

# A proxy of the caller's leads out of this machine, and no test goes there. Of the two spellings the small one counts.
_direct = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "localhost", "127.0.0.1", "::1"]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, _direct))

QUIET_SECONDS = 8
_COLLECTING = "looking for the tests"


class Heartbeat:
    """Names the tests that are running when nothing has been written for a while."""

    def __init__(self, output: int) -> None:
        self._output = output
        self._started: dict[str, float] = {}
        self._written = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def pytest_sessionstart(self) -> None:
        """Start watching."""
        self._started[_COLLECTING] = time.monotonic()
        self._thread.start()

    def pytest_unconfigure(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._output)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._started.pop(_COLLECTING, None)
        self._started[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended, and the reporter has written its mark."""
        self._started.pop(nodeid, None)
        self._written = time.monotonic()

    def _beat(self) -> None:
        while not self._stop.wait(1):
            now = time.monotonic()
            if now - self._written >= QUIET_SECONDS:
                self._written = now
                for running, started in tuple(self._started.items()):
                    os.write(self._output, f"\n  {now - started:.0f} s in {running}\n".encode())


def pytest_configure(config: pytest.Config) -> None:
    """Watch over the terminal's own descriptor: while a test runs, pytest keeps what goes to standard output.

    Where processes share the tests, it is the one that writes the summary which also watches the others.
    """
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Heartbeat(os.dup(1)), "heartbeat")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT as at a terminal: where the suite runs in the background of a script, it and its children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
