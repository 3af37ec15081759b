"""A resource as the document needs it: its keys in answers, its parameters in bodies, its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.openapi.errors import DocumentError
from parley.api.parameters import FORM, JSON
from parley.errors import ParleyError

Schema = Mapping[str, Any]
Kind = type[ParleyError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request may say, parameter by parameter.

    Attributes:
        writable: The keys that the code reads.
        read_only: The keys that it passes over, so that what was read can be sent back.
        required: Those without which it refuses.
        rules: By key, what a value must be.
        example: By key, values that are accepted.
    """

    writable: tuple[str, ...]
    read_only: tuple[str, ...]
    required: tuple[str, ...]
    rules: Mapping[str, Schema]
    example: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Compare with the code.

        Raises:
            DocumentError: A parameter has no rule.
        """
        missing = set(self.writable) - set(self.rules)
        if missing:
            raise DocumentError(f"no rule for {', '.join(sorted(missing))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeBody:
    """What a request may say, where the body is a platform's own and not a list of parameters."""

    form: Schema
    form_example: Mapping[str, Any]
    json: Schema
    json_example: Mapping[str, Any]

    def content(self) -> dict[str, Any]:
        """By media type."""
        return {
            FORM: {"schema": self.form, "example": dict(self.form_example)},
            JSON: {"schema": self.json, "example": dict(self.json_example)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A resource as it is answered: what its keys hold, and what the code's own shape makes of a sample."""

    name: str
    about: str
    keys: Mapping[str, Schema]
    example: Mapping[str, Any]
    optional: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Compare with the code.

        Raises:
            DocumentError: Other keys are described than are answered.
        """
        differing = set(self.keys) ^ (set(self.example) | self.optional)
        if differing:
            raise DocumentError(f"{self.name}: described but not answered, or the other way round: {sorted(differing)}")

    def schema(self) -> dict[str, Any]:
        """Its schema."""
        return {
            "type": "object",
            "description": self.about,
            "required": [key for key in self.keys if key not in self.optional],
            "properties": dict(self.keys),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """What a request is answered with when it is granted; `shown` None is an empty body."""

    about: str
    shown: View | None = None
    page: bool = False
    versioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a route takes and answers.

    Attributes:
        name: As the template calls it: `CreateWebhook`.
        parameters: Those of query and headers.
        successes: By status.
        refused: Kinds of errors beside those that every route may meet.
    """

    name: str
    method: str
    path: str
    successes: Mapping[int, Success]
    parameters: tuple[Schema, ...] = ()
    body: Body | WholeBody | None = None
    refused: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of the API.

    Attributes:
        name: `Webhook`.
        plural: Its lists' last segment; in lower case their key.
        about: A sentence or two.
        path: Of its list, with the resources in which it stands.
        views: Every form in which it is answered.
    """

    name: str
    plural: str
    about: str
    path: str
    views: tuple[View, ...]
    operations: tuple[Operation, ...]
