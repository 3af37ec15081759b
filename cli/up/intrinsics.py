"""CloudFormation's YAML: short tags, intrinsic functions, conditions.

Knows the language and nothing of any resource type. Values that only exist once something is deployed (a queue's
URL, a table's ARN) are asked of a callback, so that the same template can be read before and after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import yaml

Attribute: TypeAlias = Callable[[str, "str | None"], object]
"""(logical id, attribute name or None for `Ref`) → the deployed value."""

Evaluated: TypeAlias = Any
"""Plain data of whatever shape the template gave it."""

NO_VALUE = object()
"""What `AWS::NoValue` becomes: the key or entry that holds it is left out."""

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


class TemplateError(Exception):
    """The template says something that this machine cannot carry out, or refers to what it does not declare."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader is optional in PyYAML
    """YAML with CloudFormation's short tags (`!Ref x` = `{Ref: x}`)."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, object]:
    if isinstance(node, yaml.ScalarNode):
        value: Evaluated = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise TemplateError(f"!{suffix} stands before nothing")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def load(text: str) -> dict[str, Any]:
    """The template as plain data, intrinsic functions in their long form.

    Raises:
        TemplateError: Not YAML, or not a mapping.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 (a subclass of the safe loader)
    except yaml.YAMLError as error:
        raise TemplateError(f"not YAML: {error}") from error
    if not isinstance(document, dict):
        raise TemplateError("the template is not a mapping")
    return document


class Evaluator:
    """Evaluates intrinsic functions against parameters, conditions, mappings and an attribute callback."""

    def __init__(self, document: Mapping[str, Any], known: Mapping[str, object], attribute: Attribute) -> None:
        """Takes the whole template, the values of parameters and pseudo parameters, and the callback."""
        self._mappings: Mapping[str, Any] = document.get("Mappings", {})
        self._conditions: Mapping[str, Any] = document.get("Conditions", {})
        self._known = {"AWS::NoValue": NO_VALUE, **known}
        self._attribute = attribute
        self._functions: dict[str, Callable[[Any], object]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Equals": lambda pair: self.value(pair[0]) == self.value(pair[1]),
            "Fn::Not": lambda one: not self.value(one[0]),
            "Fn::And": lambda many: all(self.value(each) for each in many),
            "Fn::Or": lambda many: any(self.value(each) for each in many),
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": lambda pair: str(self.value(pair[1])).split(str(pair[0])),
            "Fn::FindInMap": self._find_in_map,
        }

    def value(self, node: object) -> Evaluated:
        """The node with every intrinsic function in it evaluated."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"{name} is not understood by `parley up`")
        evaluated = {key: self.value(item) for key, item in node.items()}
        return {key: item for key, item in evaluated.items() if item is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Whether the named condition holds.

        Raises:
            TemplateError: The template declares no such condition.
        """
        if name not in self._conditions:
            raise TemplateError(f"no condition {name!r} is declared")
        return bool(self.value(self._conditions[name]))

    def _ref(self, name: str) -> object:
        return self._known[name] if name in self._known else self._attribute(name, None)

    def _get_att(self, path: object) -> object:
        logical_id, name = path if isinstance(path, list) else str(path).split(".", 1)
        return self._attribute(logical_id, name)

    def _sub(self, argument: object) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):  # ${!Literal} stands for ${Literal}
                return f"${{{name[1:]}}}"
            if name in own:
                return str(self.value(own[name]))
            if "." in name:
                return str(self._get_att(name))
            return str(self._ref(name))

        return _PLACEHOLDER.sub(replace, str(text))

    def _if(self, argument: list[Any]) -> object:
        name, then, otherwise = argument
        return self.value(then if self.condition(name) else otherwise)

    def _join(self, argument: list[Any]) -> str:
        separator, items = argument
        return str(separator).join(str(item) for item in self.value(items))

    def _select(self, argument: list[Any]) -> object:
        index, items = self.value(argument)
        return items[int(index)]

    def _find_in_map(self, argument: list[Any]) -> object:
        name, first, second = self.value(argument)
        try:
            return self._mappings[name][first][second]
        except KeyError as error:
            raise TemplateError(f"no mapping {name}.{first}.{second}") from error
