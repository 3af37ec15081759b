"""What a run leaves for others to read: the ready file and, in `.parley`, `url`, `token`, `basic`, `queues.json` and
`sam-local.json`.

Most of them hold a credential or a key, so that only their owner may read them; each is renamed into place whole.
Runs of one folder do not share their files: the second has `.parley/2`.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from cli.connection import LOCAL_TOKEN, LOCAL_URL
from cli.up.ports import is_loopback
from cli.up.seed import SAMPLE_KEY

if TYPE_CHECKING:
    from cli.up.deployment import Deployment

QUEUES = "queues.json"
"""Where `parley redrive` finds the dead-letter queues."""

CONTAINER_HOST = "host.containers.internal"
"""This machine's name inside a container."""

# Where a container finds this machine and its receivers: the bridges of Docker, Podman and their desktop editions.
_CONTAINER_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_ENDPOINTS = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS")


@dataclass(frozen=True, slots=True)
class Ready:
    """A run that serves: what a script needs to use it."""

    api_url: str
    account_sid: str
    token: str
    jwks: Mapping[str, Any]
    console_url: str | None = None

    def to_json(self) -> str:
        """The ready file's content."""
        return json.dumps(asdict(self))


class FilesError(Exception):
    """Raised when this run cannot write where it must; says where and why."""


class Folder:
    """A folder that is this run's alone while it lives."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        """Use `claim`."""
        self.path = path
        self._lock = lock

    @property
    def logs(self) -> Path:
        """One file per function and process."""
        return self.path / "logs"

    @classmethod
    def claim(cls, wanted: Path) -> Folder:
        """The folder, or the first of its `2`, `3`, … that no other run has, with no logs in it.

        The lock ends with this process, also when it is killed; what stood there before is the next run's to replace.

        Raises:
            FilesError: It cannot be made or written to.
        """
        for number in itertools.count(1):
            path = wanted if number == 1 else wanted / str(number)
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = (path / "lock").open("a", encoding="utf-8")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    lock.close()
                    continue
                folder = cls(path, lock)
                shutil.rmtree(folder.logs, ignore_errors=True)
                folder.logs.mkdir(mode=0o700)
            except FileExistsError as error:
                raise FilesError(f"cannot write to {path}: it is no folder") from error
            except OSError as error:
                raise FilesError(f"cannot write to {path}: {error.strerror}") from error
            else:
                return folder
        raise AssertionError

    def release(self) -> None:
        """Leaves it to the next run."""
        self._lock.close()


def check_writable(path: Path) -> None:
    """Refuse a file that could not be written once everything runs.

    Raises:
        FilesError: Its folder does not exist or cannot be written to, or it is a folder itself.
    """
    if path.is_dir():
        raise FilesError(f"cannot write {path}: it is a folder")
    if not path.parent.is_dir():
        raise FilesError(f"cannot write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise FilesError(f"cannot write {path}: {path.parent} is not writable")


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_credentials(folder: Path, ready: Ready) -> None:
    """`url`, `token` for `Authorization: Bearer …` and `basic` for `Authorization: Basic …`, without a newline."""
    write_private(folder / LOCAL_URL, ready.api_url)
    write_private(folder / LOCAL_TOKEN, ready.token)
    credentials = f"{ready.account_sid}:{ready.token}".encode()
    write_private(folder / "basic", base64.b64encode(credentials).decode())


def dead_letters(deployment: Deployment) -> dict[str, Any]:
    """Where the engine's queues answer, and each dead-letter queue with the queue that its messages came from."""
    found = {}
    for queue in deployment.template.queues:
        if queue.redrive:
            dead, source = deployment.resources[queue.redrive[0]], deployment.resources[queue.logical_id]
            found[queue.redrive[0]] = {"url": dead[""], "arn": dead["Arn"], "source_url": source[""]}
    engine = deployment.engine
    return {"sqs_url": engine.sqs_url, "region": engine.region, "own": engine.own, "dead_letters": found}


def sam_local_variables(deployment: Deployment, *, engine_address: str | None) -> dict[str, dict[str, str]]:
    """What `sam local --env-vars` takes: for each function every variable that the template declares.

    `PublicUrl` keeps its default: the sample events' proofs are made for the domain name that stands in them. Their
    tokens' key is trusted beside the run's own, and receivers on this machine are allowed.

    Args:
        deployment: The run.
        engine_address: The address that the engine listens on; None when it is not ours.
    """
    given = deployment.parameters
    keys = [*json.loads(given.get("Jwks") or '{"keys":[]}')["keys"], SAMPLE_KEY]
    networks = [*given.get("AllowedPrivateCidrs", "").split(","), *_CONTAINER_NETWORKS]
    parameters = {
        **{name: value for name, value in given.items() if name != "PublicUrl"},
        "Jwks": json.dumps({"keys": keys}, separators=(",", ":")),
        "AllowedPrivateCidrs": ",".join(network for network in networks if network),
    }
    plain = replace(deployment, parameters=parameters)
    from_container = engine_address is None or not is_loopback(engine_address)
    variables = {}
    for logical_id, function in plain.template.functions.items():
        declared = plain.function_environment(function)
        declared |= {name: plain.engine.environment[name] for name in _ENDPOINTS if name in declared}
        queues = {plain.resources[queue.logical_id][""] for queue in plain.template.queues}
        moved = {*plain.engine.environment.values(), *queues}
        variables[logical_id] = {
            name: _container_url(value) if from_container and value in moved else value
            for name, value in declared.items()
        }
    return variables


def _container_url(url: str) -> str:
    """A URL of this machine's loopback as a container reaches it."""
    parts = urlsplit(url)
    if not parts.hostname or not is_loopback(parts.hostname):
        return url
    return urlunsplit(parts._replace(netloc=f"{CONTAINER_HOST}:{parts.port}"))
