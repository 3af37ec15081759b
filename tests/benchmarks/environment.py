"""A Lambda environment on this machine: Lambda's own runtime client, a Runtime API that hands it one event, the built
artifact where Lambda would have it. Source of the protocol: the developer guide's "Using the Lambda runtime API".
"""

from __future__ import annotations

import http.server
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements-bench.txt"
RUNTIME = "python3.13"
_SECONDS = 30.0
_API = "/2018-06-01/runtime"
_MACHINE = "aarch64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start.

    Attributes:
        seconds: From the process's start to the answer of its first invocation.
        cpu_seconds: What of that its threads were at work.
        first_cpu_seconds: What of that came after its initialisation, which can be had ahead (docs/performance.md).
        peak_bytes: The most memory that the process had.
        log: What it wrote.
    """

    seconds: float
    cpu_seconds: float
    first_cpu_seconds: float
    peak_bytes: int
    answer: Any
    log: str


class _RuntimeApi(http.server.ThreadingHTTPServer):
    """Hands one event to one environment."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An environment that is ended leaves its next request behind."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = b""
        self.taken = False
        self.pid = 0
        self.initialised_cpu = 0.0
        self.answered = threading.Event()
        self.answered_at = 0.0
        self.failed = False
        self.answer = b""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.taken:
            time.sleep(_SECONDS)  # there is no second event: Lambda would freeze it
            return
        self.server.taken = True
        self.server.initialised_cpu = _cpu_seconds(self.server.pid)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 20) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.event)))
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self) -> None:
        at = time.perf_counter()
        self.server.answer = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answered_at = at
        self.server.failed = not self.path.endswith("/response")
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 — the base class's name
        pass


@contextmanager
def _runtime_api(event: Mapping[str, Any]) -> Iterator[_RuntimeApi]:
    with _RuntimeApi() as api:
        api.event = json.dumps(event).encode()
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield api
        api.shutdown()


@cache
def interpreter() -> str:
    """Lambda's Python where this machine has it, else the one that runs here."""
    path = shutil.which(RUNTIME)
    usable = path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
    return path if path and usable else sys.executable


def is_lambdas() -> bool:
    """Whether it is Lambda's version."""
    return interpreter() != sys.executable or sys.version_info[:2] == (3, 13)


@cache
def version() -> str:
    """`3.13`."""
    text = subprocess.run([interpreter(), "-V"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+\.\d+)\.", text)
    assert found
    return found[1]


def runtime_packages(folder: Path) -> Path:
    """What Lambda has beside a function and its layer: the runtime client and the SDK, with bytecode. Made once."""
    target = folder / f"runtime-{version()}"
    made = target / ".made"
    if made.exists() and made.read_text() == REQUIREMENTS.read_text():
        return target
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-compile", "--require-hashes", "--no-deps", "--requirement", str(REQUIREMENTS)),
            *("--target", str(target), "--implementation", "cp", "--python-version", version()),
            "--only-binary=:all:",
            *(f"--platform=manylinux_2_{minor}_{_MACHINE}" for minor in (34, 28)),
            f"--platform=manylinux2014_{_MACHINE}",
        ],
        check=True,
    )
    compile_all(target)
    made.write_text(REQUIREMENTS.read_text())
    return target


def compile_all(folder: Path) -> None:
    """Bytecode that is valid whatever the files' dates are, as in the layer."""
    command = [interpreter(), "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=True)


@dataclass(frozen=True, slots=True)
class Code:
    """What is started.

    Attributes:
        task: `/var/task`.
        path: Beside it: `/opt/python`, then the runtime's own.
        handler: As the template names it.
    """

    task: Path
    path: tuple[Path, ...]
    handler: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Python finds it."""
        return {
            "PYTHONPATH": os.pathsep.join(map(str, self.path)),
            "PYTHONDONTWRITEBYTECODE": "1",  # /var/task and /opt are read-only
            "PYTHONNOUSERSITE": "1",
            "LAMBDA_TASK_ROOT": str(self.task),
            "_HANDLER": self.handler,
        }


def start(code: Code, event: Mapping[str, Any], environ: Mapping[str, str], *options: str) -> Start:
    """Start an environment, give it an event, take the answer, end it.

    Args:
        code: What is started.
        event: The invocation's.
        environ: The function's variables.
        options: Of the interpreter.
    """
    with _runtime_api(event) as api:
        variables = {
            **environ,
            **code.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_address[1]}",
        }
        started = time.perf_counter()
        with subprocess.Popen(
            [interpreter(), *options, "-m", "awslambdaric", code.handler],
            cwd=code.task,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            api.pid = process.pid
            answered = api.answered.wait(_SECONDS)
            peak, cpu = _peak_bytes(process.pid), _cpu_seconds(process.pid)
            process.kill()
            assert process.stdout
            log = process.stdout.read().decode(errors="replace")
        if not answered or api.failed:
            raise RuntimeError(f"{code.handler} did not answer its first invocation: {api.answer.decode()}\n{log}")
        first = cpu - api.initialised_cpu
        return Start(api.answered_at - started, cpu, first, peak, json.loads(api.answer), log)


def _cpu_seconds(pid: int) -> float:
    """By the scheduler's own account, in nanoseconds; a thread that has ended is not in it."""
    times = (task.read_text().split()[0] for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(time) for time in times) / 1e9


def _peak_bytes(pid: int) -> int:
    """The kernel's high-water mark; a child's own, which its parent's size at the fork does not raise."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0
