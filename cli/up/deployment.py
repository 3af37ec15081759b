"""What one run has deployed: the template with this run's parameters, and the resources that exist for it.

Every process of `parley up` is handed this (as JSON) and reads the template for itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cli.up.intrinsics import TemplateError
from cli.up.template import ACCOUNT_ID, Function, Template

LOCAL_API_ID = "local"
"""An API's id; its address is no host anywhere, for on this machine `PublicUrl` is the gateway's."""

_HOST_VARIABLES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What an environment on this machine needs of ours; anything more would hide a variable that Lambda lacks."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where DynamoDB and SQS answer, and with which credentials; `own` is moto in a process of ours."""

    dynamodb_url: str
    sqs_url: str
    region: str
    access_key: str
    secret_key: str
    own: bool

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead an AWS client there."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url,
            "AWS_ENDPOINT_URL_SQS": self.sqs_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }


@dataclass(frozen=True)
class Deployment:
    """One run.

    Attributes:
        resources: By logical id, each resource's `Ref` under "" and its attributes by name.
        log_dir: One file per function and process.
        time_scale: Visibility, delays and schedules are divided by it.
    """

    template_path: Path
    parameters: Mapping[str, str]
    resources: Mapping[str, Mapping[str, str]]
    engine: Engine
    log_dir: Path
    time_scale: float

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Deployment:
        """The reverse of `to_json`."""
        return cls(
            template_path=Path(document["template_path"]),
            parameters=document["parameters"],
            resources=document["resources"],
            engine=Engine(**document["engine"]),
            log_dir=Path(document["log_dir"]),
            time_scale=document["time_scale"],
        )

    def to_json(self) -> dict[str, Any]:
        """What a child process is handed."""
        return {
            "template_path": str(self.template_path),
            "parameters": dict(self.parameters),
            "resources": {logical_id: dict(values) for logical_id, values in self.resources.items()},
            "engine": {name: getattr(self.engine, name) for name in self.engine.__slots__},
            "log_dir": str(self.log_dir),
            "time_scale": self.time_scale,
        }

    @cached_property
    def template(self) -> Template:
        """The template with this run's parameters."""
        return Template(self.template_path, self.parameters, region=self.engine.region)

    def attribute(self, logical_id: str, name: str | None) -> object:
        """What `Ref` (name None) or `Fn::GetAtt` gives for a resource.

        Raises:
            TemplateError: It does not exist on this machine.
        """
        if logical_id in self.template.functions:
            return self.function_arn(logical_id) if name == "Arn" else logical_id
        if logical_id in self.template.apis and name is None:
            return LOCAL_API_ID
        try:
            return self.resources[logical_id][name or ""]
        except KeyError:
            raise TemplateError(f"{logical_id}{f'.{name}' if name else ''} does not exist on this machine") from None

    def function_arn(self, logical_id: str) -> str:
        """A function's ARN."""
        return f"arn:aws:lambda:{self.engine.region}:{ACCOUNT_ID}:function:{logical_id}"

    def function_environment(self, function: Function) -> dict[str, str]:
        """The variables that the template declares for a function."""
        return self.template.environment(function, self.attribute)

    def worker_environment(self, function: Function) -> dict[str, str]:
        """The whole environment of a function's process: Lambda's own variables, the declared, and this machine's."""
        host = {name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ}
        python_path = [self.template.path.parent.resolve(), *self.template.layer_paths()]
        return {
            **host,
            "PYTHONPATH": os.pathsep.join(map(str, python_path)),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(self.template.path.parent.resolve()),
            "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.logical_id}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            **self.function_environment(function),
            **self.engine.environment,
            "TIME_SCALE": f"{self.time_scale:g}",
        }
