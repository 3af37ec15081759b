"""What template.yaml declares, as far as this machine runs it: functions, routes, schedules, mappings, tables, queues.

Everything here is read from the template; no logical id, route or setting has a second home in this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.up.intrinsics import Attribute, Evaluator, TemplateError, load

MAX_ENVIRONMENT_BYTES = 4096
"""Lambda's limit for all of a function's environment variables together."""

ACCOUNT_ID = "123456789012"
"""The AWS account that this machine plays: moto's own, and AWS's in its documentation."""

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that exists only once the resource does; `attribute` None is its `Ref`."""

    logical_id: str
    attribute: str | None


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda authorizer of the HTTP API, payload format 2.0 with simple responses."""

    name: str
    function: str
    identity_headers: tuple[str, ...]  # lower case
    cache_seconds: int


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API; method `ANY` and path `$default` as API Gateway writes them."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None

    @property
    def key(self) -> str:
        """The route key: `GET /v1/Assistants`, or `$default`."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule that invokes a function every so often."""

    name: str
    function: str
    every_seconds: float
    input: str | None  # JSON that replaces EventBridge's event


@dataclass(frozen=True, slots=True)
class EventSource:
    """An event source mapping from a queue to a function."""

    name: str
    function: str
    queue: str
    batch_size: int
    report_failures: bool
    maximum_concurrency: int | None


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function; the environment's values may still hold intrinsic functions."""

    logical_id: str
    handler: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, object]
    may_loop: bool = False  # `RecursiveLoop: Allow`


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table, its schema in the words of the CreateTable API (CloudFormation uses the same)."""

    logical_id: str
    name: str | None
    schema: Mapping[str, Any]
    ttl_attribute: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue; `redrive` is the dead-letter queue's logical id and the receives before it."""

    logical_id: str
    name: str | None
    visibility_seconds: int
    attributes: Mapping[str, str]
    redrive: tuple[str, int] | None


class Template:
    """A SAM template with values for its parameters."""

    def __init__(self, path: Path, parameters: Mapping[str, str], *, region: str = "us-east-1") -> None:
        """Reads the file; parameters that are not given take their defaults, values for undeclared ones are not used.

        Raises:
            TemplateError: Unreadable, or a parameter has neither a value nor a default.
        """
        self.path = path
        try:
            self._document = load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise TemplateError(f"cannot read {path}: {error.strerror}") from error
        declared = self._parameters
        self._known: dict[str, object] = {
            "AWS::Region": region,
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "parley-local",
        }
        for name, declaration in declared.items():
            value = parameters.get(name, declaration.get("Default"))
            if value is None:
                raise TemplateError(f"parameter {name} has no default and was given no value")
            is_list = str(declaration.get("Type", "String")).startswith(("List<", "CommaDelimitedList"))
            self._known[name] = str(value).split(",") if is_list else str(value)
        self._structure = Evaluator(self._document, self._known, Reference)
        self.functions = {function.logical_id: function for function in self._read_functions()}
        self.apis = frozenset(logical_id for logical_id, _ in self._apis())
        self.authorizers = self._read_authorizers()
        self.routes = tuple(self._read_routes())
        self.schedules = tuple(self._read_schedules())
        self.mappings = tuple(self._read_mappings())
        self.tables = tuple(self._read_tables())
        self.queues = tuple(self._read_queues())

    @property
    def _parameters(self) -> Mapping[str, Any]:
        parameters: Mapping[str, Any] = self._document.get("Parameters", {})
        return parameters

    def check_declared(self, names: Iterable[str]) -> None:
        """Refuse values for parameters that the template does not have, as a deployment would.

        Raises:
            TemplateError: There is no such parameter.
        """
        if unknown := sorted(set(names) - set(self._parameters)):
            raise TemplateError(f"no parameter {unknown[0]}; there are {', '.join(self._parameters) or 'none'}")

    def layer_paths(self) -> tuple[Path, ...]:
        """The folders whose content stands in a function's `/opt/python`."""
        layers = [*self._resources("AWS::Serverless::LayerVersion")]
        return tuple((self.path.parent / str(properties["ContentUri"])).resolve() for _, properties in layers)

    def environment(self, function: Function, attribute: Attribute) -> dict[str, str]:
        """The function's variables as Lambda would hand them over.

        Raises:
            TemplateError: More than Lambda's 4 KB.
        """
        evaluator = Evaluator(self._document, self._known, attribute)
        evaluated = evaluator.value(dict(function.environment))
        environment = {name: _text(value) for name, value in evaluated.items() if isinstance(value, str | int | float)}
        if left := sorted(set(evaluated) - set(environment)):
            raise TemplateError(f"{function.logical_id}: no text in the environment variables {', '.join(left)}")
        size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
        if size > MAX_ENVIRONMENT_BYTES:
            raise TemplateError(f"{function.logical_id}: {size} bytes of environment, Lambda takes 4096")
        return environment

    def refers_to(self, function: Function) -> frozenset[str]:
        """Logical ids of the resources that a function's environment names."""
        values = (self._structure.value(value) for value in function.environment.values())
        return frozenset(value.logical_id for value in values if isinstance(value, Reference))

    def _resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self._document.get("Resources", {}).items():
            if resource.get("Type") != kind:
                continue
            if "Condition" in resource and not self._structure.condition(resource["Condition"]):
                continue
            yield logical_id, resource.get("Properties", {})

    def _read_functions(self) -> Iterator[Function]:
        shared: Mapping[str, Any] = self._document.get("Globals", {}).get("Function", {})
        for logical_id, own in self._resources("AWS::Serverless::Function"):
            variables = {
                **shared.get("Environment", {}).get("Variables", {}),
                **own.get("Environment", {}).get("Variables", {}),
            }
            value = self._structure.value
            yield Function(
                logical_id=logical_id,
                handler=str(value(own.get("Handler", shared.get("Handler")))),
                timeout_seconds=float(value(own.get("Timeout", shared.get("Timeout", 3)))),
                memory_mb=int(value(own.get("MemorySize", shared.get("MemorySize", 128)))),
                environment=variables,
                may_loop=own.get("RecursiveLoop", shared.get("RecursiveLoop")) == "Allow",
            )

    def _apis(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        shared: Mapping[str, Any] = self._document.get("Globals", {}).get("HttpApi", {})
        for logical_id, own in self._resources("AWS::Serverless::HttpApi"):
            yield logical_id, {**shared, **own}

    def _read_authorizers(self) -> dict[str, Authorizer]:
        found = {}
        for _, api in self._apis():
            for name, declared in api.get("Auth", {}).get("Authorizers", {}).items():
                function = self._structure.value(declared["FunctionArn"])
                if not isinstance(function, Reference):
                    raise TemplateError(f"authorizer {name}: FunctionArn names no function of this template")
                if (
                    not declared.get("EnableSimpleResponses")
                    or str(declared["AuthorizerPayloadFormatVersion"]) != "2.0"
                ):
                    raise TemplateError(f"authorizer {name}: only payload 2.0 with simple responses is emulated")
                identity = declared.get("Identity", {})
                found[name] = Authorizer(
                    name=name,
                    function=function.logical_id,
                    identity_headers=tuple(str(header).lower() for header in identity.get("Headers", ())),
                    cache_seconds=int(self._structure.value(identity.get("ReauthorizeEvery", 0))),
                )
        return found

    def _default_authorizer(self) -> str | None:
        return next((api["Auth"].get("DefaultAuthorizer") for _, api in self._apis() if "Auth" in api), None)

    def _events(self, kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """(function, event's name, properties) of every event of a kind."""
        for logical_id, properties in self._resources("AWS::Serverless::Function"):
            for name, event in properties.get("Events", {}).items():
                if event["Type"] == kind:
                    yield logical_id, name, self._structure.value(event.get("Properties", {}))

    def _read_routes(self) -> Iterator[Route]:
        default = self._default_authorizer()
        for function, _, properties in self._events("HttpApi"):
            path = properties.get("Path", "$default")
            method = str(properties.get("Method", "ANY")).upper().replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY")
            authorizer = self._authorizer(path, properties.get("Auth", {}).get("Authorizer", default))
            yield Route(method=method, path=path, function=function, authorizer=authorizer)
        for _, api in self._apis():
            for path, operations in api.get("DefinitionBody", {}).get("paths", {}).items():
                for method, operation in operations.items():
                    [name] = (operation["security"] or [["NONE"]])[0] if "security" in operation else [default]
                    function = self._called(operation["x-amazon-apigateway-integration"]["uri"])
                    authorizer = self._authorizer(path, name)
                    yield Route(method=method.upper(), path=path, function=function, authorizer=authorizer)

    def _authorizer(self, path: str, name: str | None) -> Authorizer | None:
        if name in (None, "NONE"):
            return None
        if name not in self.authorizers:
            raise TemplateError(f"route {path}: no authorizer {name!r} is declared")
        return self.authorizers[name]

    def _called(self, uri: object) -> str:
        """The function that an integration's address leads to, be it by an alias."""
        named: list[str] = []

        def note(logical_id: str, attribute: str | None) -> Reference:
            named.append(logical_id)
            return Reference(logical_id, attribute)

        Evaluator(self._document, self._known, note).value(uri)
        aliases = {
            alias: self._structure.value(found["FunctionName"])
            for alias, found in self._resources("AWS::Lambda::Alias")
        }
        found = [aliases[name].logical_id if name in aliases else name for name in named]
        if len(found) != 1 or found[0] not in self.functions:
            raise TemplateError(f"the integration {uri} calls no function of this template")
        return found[0]

    def _read_schedules(self) -> Iterator[Schedule]:
        for function, name, properties in self._events("Schedule"):
            if properties.get("Enabled", True) and properties.get("State", "ENABLED") == "ENABLED":
                yield Schedule(
                    name=f"{function}{name}",
                    function=function,
                    every_seconds=rate_seconds(str(properties["Schedule"])),
                    input=properties.get("Input"),
                )

    def _read_mappings(self) -> Iterator[EventSource]:
        for function, name, properties in self._events("SQS"):
            yield _mapping(f"{function}{name}", Reference(function, None), properties["Queue"], properties)
        for logical_id, raw in self._resources("AWS::Lambda::EventSourceMapping"):
            properties = self._structure.value(raw)
            yield _mapping(logical_id, properties["FunctionName"], properties["EventSourceArn"], properties)

    def _read_tables(self) -> Iterator[Table]:
        for logical_id, raw in self._resources("AWS::DynamoDB::Table"):
            properties = self._structure.value(raw)
            ttl = properties.get("TimeToLiveSpecification", {})
            schema_keys = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
            yield Table(
                logical_id=logical_id,
                name=properties.get("TableName"),
                schema={key: properties[key] for key in schema_keys if key in properties},
                ttl_attribute=ttl.get("AttributeName") if ttl.get("Enabled") else None,
            )

    def _read_queues(self) -> Iterator[Queue]:
        for logical_id, raw in self._resources("AWS::SQS::Queue"):
            properties = self._structure.value(raw)
            policy = properties.get("RedrivePolicy")
            kept = ("MessageRetentionPeriod", "DelaySeconds", "MaximumMessageSize")
            yield Queue(
                logical_id=logical_id,
                name=properties.get("QueueName"),
                visibility_seconds=int(properties.get("VisibilityTimeout", 30)),
                attributes={key: str(properties[key]) for key in kept if key in properties},
                redrive=(policy["deadLetterTargetArn"].logical_id, int(policy["maxReceiveCount"])) if policy else None,
            )


def _mapping(name: str, function: object, queue: object, properties: Mapping[str, Any]) -> EventSource:
    if not isinstance(function, Reference) or not isinstance(queue, Reference):
        raise TemplateError(f"mapping {name}: its function and queue must be resources of this template")
    return EventSource(
        name=name,
        function=function.logical_id,
        queue=queue.logical_id,
        batch_size=int(properties.get("BatchSize", 10)),
        report_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        maximum_concurrency=int(limit)
        if (limit := properties.get("ScalingConfig", {}).get("MaximumConcurrency"))
        else None,
    )


def rate_seconds(expression: str) -> float:
    """Seconds of `rate(1 minute)`.

    Raises:
        TemplateError: Anything else; cron expressions are not emulated.
    """
    words = expression.removeprefix("rate(").removesuffix(")").split()
    match words:
        case [number, unit] if number.isdigit() and unit.rstrip("s") in _UNITS and expression.startswith("rate("):
            return float(int(number) * _UNITS[unit.rstrip("s")])
    raise TemplateError(f"the schedule {expression!r} is not a rate(…): not emulated")


def _text(value: object) -> str:
    """A scalar as CloudFormation makes it a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
