"""Python values to DynamoDB attribute values and back.

boto3's own serialiser turns every number into Decimal and every binary into a wrapper; the tables hold only texts,
whole numbers, booleans, bytes, lists and maps of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_REFUSED = "a table holds str, int, bool, bytes, list and dict, not {}"


def to_attribute(value: object) -> AttributeValueTypeDef:
    """One value as DynamoDB takes it.

    Raises:
        TypeError: For a type that the tables do not hold.
    """
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [to_attribute(entry) for entry in value]}
        case Mapping():
            return {"M": to_item(value)}
        case _:
            raise TypeError(_REFUSED.format(type(value).__name__))


def to_item(values: Mapping[str, object]) -> dict[str, AttributeValueTypeDef]:
    """A whole item; None is an absent attribute."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_attribute(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401 — the tables' values are of several types
    """One value as Python has it."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "L":
            return [from_attribute(entry) for entry in value]
        case "M":
            return from_item(value)
        case "B":
            return bytes(value)
        case _:
            return value


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A whole item."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}
