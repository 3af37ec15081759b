"""What the platforms' payload models have in common: views on what came, never a gate for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from parley.platforms import reading

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidationInfo, ValidatorFunctionWrapHandler


class View(BaseModel):
    """A view on an object of a payload.

    Unknown members pass; every member is optional; one that cannot be read as its type, and a null where the documents
    give a default, count as absent. The raw payload stays what is kept and sent.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _unreadable_is_absent(cls, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        try:
            return read(value)
        except ValidationError:
            return cls.model_fields[info.field_name or ""].get_default(call_default_factory=True)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


def _parsed(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None


Moment = Annotated[datetime | None, BeforeValidator(reading.moment)]
"""A time in any of the platforms' forms, in UTC; zero is absent."""

OneOrMany = BeforeValidator(_one_or_many)
"""For a list that comes as a single object when it has one element."""

JsonText = BeforeValidator(_parsed)
"""For an object that travels as JSON inside a text."""
