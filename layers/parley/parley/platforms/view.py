"""What the platforms' payload models have in common: views on what came, never a gate for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator

from parley.platforms import reading

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidatorFunctionWrapHandler

# The context of a validation that must say what it cannot read: for what the team's own bots emit.
STRICT: Mapping[str, bool] = {"strict": True}


def _is_strict(info: ValidationInfo) -> bool:
    return info.context is STRICT


class View(BaseModel):
    """A view on an object of a payload.

    Unknown members pass; every member is optional; one that cannot be read as its type, and a null where the documents
    give a default, count as absent. The raw payload stays what is kept and sent. With the context `STRICT` a member
    that cannot be read is an error.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _unreadable_is_absent(cls, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        try:
            return read(value)
        except ValidationError:
            if value is not None and _is_strict(info):
                raise
            return cls.model_fields[info.field_name or ""].get_default(call_default_factory=True)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


def _parsed(value: object, info: ValidationInfo) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        if _is_strict(info):
            raise ValueError("it is not JSON") from None
        return None


def _moment(value: object, info: ValidationInfo) -> datetime | None:
    found = reading.moment(value)
    if found is None and value and _is_strict(info):
        raise ValueError("it is not a time")
    return found


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""A time in any of the platforms' forms, in UTC; zero is absent."""

OneOrMany = BeforeValidator(_one_or_many)
"""For a list that comes as a single object when it has one element."""

JsonText = BeforeValidator(_parsed)
"""For an object that travels as JSON inside a text."""
