"""DynamoDB's expressions, as far as this project writes them: parsed once, kept as functions.

A condition becomes `(item, names, values) -> bool`, an update `(item, names, values) -> item`. Items are attribute
values as the client takes them, and are never changed in place.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Item = Mapping[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Any]
Condition = Callable[[Item, Names, Values], bool]
Update = Callable[[Item, Names, Values], dict[str, Any]]
_Operand = Callable[[Item, Names, Values], Any]
_Path = tuple[str, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[()<>=,+-]|[#:]?[A-Za-z_][A-Za-z0-9_]*(?:\.[#A-Za-z_][A-Za-z0-9_]*)*)")
_COMPARATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLAUSES = ("SET", "REMOVE", "ADD")
_MISSING: Any = None


class ExpressionError(Exception):
    """Raised for what this grammar does not have."""


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise ExpressionError(f"{text[position:]!r} in {text!r}")
            self._tokens.append(found.group(1))
            position = found.end()
        self._position = 0

    def peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def take(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1]

    def accept(self, *wanted: str) -> str:
        return self.take() if self.peek().upper() in wanted else ""

    def expect(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise ExpressionError(f"{self.peek()!r} is not {wanted!r}")
        self._position += 1

    def listed(self) -> Iterator[None]:
        """Once for each entry of a list with commas."""
        yield
        while self.accept(","):
            yield


def _names(path: _Path, names: Names) -> Iterator[str]:
    return (names[part] if part[0] == "#" else part for part in path)


def _read(item: Item, path: _Path, names: Names) -> Any:
    found: Any = {"M": item}
    for name in _names(path, names):
        found = found["M"].get(name) if found and "M" in found else None
    return found


def _written(item: Item, path: list[str], value: Any) -> dict[str, Any]:
    """A copy of the item with another value under the path; None removes it."""
    head, *rest = path
    if rest:
        if head not in item:
            raise ExpressionError(f"no map at {head}")
        value = {"M": _written(item[head]["M"], rest, value)}
    copy = dict(item)
    if value is None:
        copy.pop(head, None)
    else:
        copy[head] = value
    return copy


def comparable(attribute: Any) -> Any:
    """A value that compares as the table compares: numbers by size, the others by their bytes."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    return value.encode() if kind == "S" else value


def _operand(tokens: _Tokens) -> _Operand:
    token = tokens.take()
    if token[0] == ":":
        return lambda item, names, values: values[token]
    path = tuple(token.split("."))
    return lambda item, names, values: _read(item, path, names)


def _compare(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """What is missing, or of another type, compares with nothing."""
    if left is None or right is None or left.keys() != right.keys():
        return False
    return compare(comparable(left), comparable(right))


def _any_of(tokens: _Tokens) -> Condition:
    parts = [_all_of(tokens)]
    while tokens.accept("OR"):
        parts.append(_all_of(tokens))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: any(part(item, names, values) for part in parts)


def _all_of(tokens: _Tokens) -> Condition:
    parts = [_negation(tokens)]
    while tokens.accept("AND"):
        parts.append(_negation(tokens))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: all(part(item, names, values) for part in parts)


def _negation(tokens: _Tokens) -> Condition:
    if tokens.accept("NOT"):
        inner = _negation(tokens)
        return lambda item, names, values: not inner(item, names, values)
    if tokens.accept("("):
        inner = _any_of(tokens)
        tokens.expect(")")
        return inner
    match tokens.peek():
        case "attribute_exists" | "attribute_not_exists" as function:
            tokens.take()
            tokens.expect("(")
            operand, wanted = _operand(tokens), function == "attribute_exists"
            tokens.expect(")")
            return lambda item, names, values: (operand(item, names, values) is not None) == wanted
        case "begins_with":
            tokens.take()
            tokens.expect("(")
            operand = _operand(tokens)
            tokens.expect(",")
            prefix = _operand(tokens)
            tokens.expect(")")
            return lambda item, names, values: _compare(
                lambda left, right: left.startswith(right), operand(item, names, values), prefix(item, names, values)
            )
        case _:
            return _comparison(tokens)


def _comparison(tokens: _Tokens) -> Condition:
    left = _operand(tokens)
    if tokens.accept("IN"):
        tokens.expect("(")
        among = [_operand(tokens) for _ in tokens.listed()]
        tokens.expect(")")
        return lambda item, names, values: any(
            _compare(operator.eq, left(item, names, values), each(item, names, values)) for each in among
        )
    if tokens.accept("BETWEEN"):
        low = _operand(tokens)
        tokens.take()
        high = _operand(tokens)
        return lambda item, names, values: (
            _compare(operator.ge, left(item, names, values), low(item, names, values))
            and _compare(operator.le, left(item, names, values), high(item, names, values))
        )
    sign = tokens.take()
    right = _operand(tokens)
    if sign == "<>":
        return lambda item, names, values: (
            not _compare(operator.eq, left(item, names, values), right(item, names, values))
        )
    compare = _COMPARATORS[sign]
    return lambda item, names, values: _compare(compare, left(item, names, values), right(item, names, values))


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """A condition, filter or key condition.

    Raises:
        ExpressionError: It is not of this grammar.
    """
    tokens = _Tokens(text)
    made = _any_of(tokens)
    if tokens.peek():
        raise ExpressionError(f"{tokens.peek()!r} in {text!r}")
    return made


def _value(tokens: _Tokens) -> _Operand:
    first = _summand(tokens)
    sign = tokens.accept("+", "-")
    if not sign:
        return first
    second = _summand(tokens)

    def total(item: Item, names: Names, values: Values) -> Any:
        left, right = (int(each(item, names, values)["N"]) for each in (first, second))
        return {"N": str(left + right if sign == "+" else left - right)}

    return total


def _summand(tokens: _Tokens) -> _Operand:
    function = tokens.accept("IF_NOT_EXISTS", "LIST_APPEND")
    if not function:
        return _operand(tokens)
    tokens.expect("(")
    first = _operand(tokens)
    tokens.expect(",")
    second = _value(tokens)
    tokens.expect(")")
    if function == "if_not_exists":
        return lambda item, names, values: first(item, names, values) or second(item, names, values)
    return lambda item, names, values: {"L": [*first(item, names, values)["L"], *second(item, names, values)["L"]]}


@lru_cache(maxsize=1024)
def update(text: str) -> Update:
    """An update; every value is taken from the item as it was before.

    Raises:
        ExpressionError: It is not of this grammar.
    """
    tokens = _Tokens(text)
    sets: list[tuple[_Path, _Operand]] = []
    removals: list[_Path] = []
    additions: list[tuple[_Path, str]] = []
    while clause := tokens.accept(*_CLAUSES):
        for _ in tokens.listed():
            path = tuple(tokens.take().split("."))
            match clause.upper():
                case "SET":
                    tokens.expect("=")
                    sets.append((path, _value(tokens)))
                case "REMOVE":
                    removals.append(path)
                case _:
                    additions.append((path, tokens.take()))
    if tokens.peek() or not (sets or removals or additions):
        raise ExpressionError(f"{tokens.peek()!r} in {text!r}")

    def apply(item: Item, names: Names, values: Values) -> dict[str, Any]:
        after = dict(item)
        for path, operand in sets:
            value = operand(item, names, values)
            if value is _MISSING:
                raise ExpressionError(f"no value for {path} in {text!r}")
            after = _written(after, list(_names(path, names)), value)
        for path in removals:
            after = _written(after, list(_names(path, names)), None)
        for path, name in additions:
            before = _read(item, path, names) or {"N": "0"}
            total = int(before["N"]) + int(values[name]["N"])
            after = _written(after, list(_names(path, names)), {"N": str(total)})
        return after

    return apply
