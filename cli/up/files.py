"""What a run leaves for others to read: the ready file, `.parley/token`, `.parley/basic`, `.parley/sam-local.json`.

All of them hold a credential or a key, so that only their owner may read them; each is renamed into place whole.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from cli.up.ports import is_loopback
from cli.up.seed import SAMPLE_KEY

if TYPE_CHECKING:
    from cli.up.deployment import Deployment

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


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
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
    """`token` for `Authorization: Bearer …` and `basic` for `Authorization: Basic …`, without a newline."""
    write_private(folder / "token", ready.token)
    credentials = f"{ready.account_sid}:{ready.token}".encode()
    write_private(folder / "basic", base64.b64encode(credentials).decode())


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
