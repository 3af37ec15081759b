"""What a request says: form bodies as Twilio's clients send them, JSON bodies, and queries.

A parameter is known by the key that it has in answers (`unique_name`) and is named in errors as it travels in a form
(`UniqueName`). What a caller read can be sent back: read-only keys are passed over. Anything else unknown is refused,
for a misspelt parameter that changes nothing would be found out too late.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from parley.errors import InvalidParameterError, TooLargeError

if TYPE_CHECKING:
    from parley.http import Request

MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_TYPES = f"{FORM} or {JSON}"
_MAX_QUOTED = 100


def pascal(key: str) -> str:
    """`unique_name` as it travels in a form: `UniqueName`; which stays as it is."""
    return "".join(word[:1].upper() + word[1:] for word in key.split("_"))


def quoted(value: object) -> str:
    """A refused value for an error, at a length that a person reads."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…")


def read_query(raw_query: str, *, allowed: Collection[str]) -> dict[str, str]:
    """The query's parameters, from the text that was sent: the gateway joins repeated ones with commas.

    Raises:
        InvalidParameterError: One is unknown, repeated or not UTF-8.
    """
    return _once(_pairs(raw_query, "the query"), {name: name for name in allowed}, frozenset())


def read_body(request: Request, *, writable: Collection[str], read_only: Collection[str] = ()) -> dict[str, Any]:
    """The body's parameters by key; texts from a form, JSON's types from JSON.

    Args:
        request: With a form, a JSON object, or nothing.
        writable: The keys that this request may set.
        read_only: The keys of the answer that are passed over.

    Raises:
        InvalidParameterError: The body cannot be read, or a parameter is unknown, repeated or empty.
        TooLargeError: It is larger than any configuration.
    """
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLargeError(f"The body has {len(request.body):,} bytes. Allowed: {MAX_BODY_BYTES:,}")
    content_type = request.headers.get("content-type", FORM if not request.body else "")
    media_type = content_type.partition(";")[0].strip().lower()
    ignored = frozenset(read_only)
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise InvalidParameterError("body", "it is not UTF-8") from None
    if media_type == FORM:
        found: dict[str, Any] = _once(_pairs(text, "the body"), {pascal(key): key for key in writable}, _both(ignored))
    elif media_type == JSON or media_type.endswith("+json"):
        names = {name: key for key in writable for name in (key, pascal(key))}
        found = _once(_members(text), names, _both(ignored))
    else:
        raise InvalidParameterError("Content-Type", quoted(content_type), _TYPES)
    for key, value in found.items():
        if value == "":
            raise InvalidParameterError(pascal(key), "an empty value clears nothing", "a value, or leave it out")
    return found


def _both(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(name for key in keys for name in (key, pascal(key)))


def _pairs(text: str, where: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise InvalidParameterError(where, "it is not UTF-8") from None
    except ValueError:
        raise InvalidParameterError(where, f"more than {MAX_FIELDS} parameters") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _members(text: str) -> list[tuple[str, Any]]:
    """A JSON object's members, repeated ones too."""
    objects: list[list[tuple[str, Any]]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        objects.append(pairs)
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=keep, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is valid JSON and no text
    except (ValueError, RecursionError):
        raise InvalidParameterError("body", "it is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidParameterError("body", "it is not a JSON object", "an object of parameters")
    *inner, outermost = objects  # objects end from the inside out: the last one is the body
    for pairs in inner:
        if len(dict(pairs)) < len(pairs):
            raise InvalidParameterError("body", "a name is given more than once in one object", "each name once")
    return outermost


def _once(pairs: list[tuple[str, Any]], names: Mapping[str, str], ignored: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        key = names.get(name)
        if key is None:
            if name in ignored:
                continue
            allowed = ", ".join(sorted({pascal(key) for key in names.values()})) or "none here"
            raise InvalidParameterError(name[:_MAX_QUOTED], "there is no such parameter", allowed)
        if key in found:
            raise InvalidParameterError(name, "it is given more than once", "once")
        found[key] = value
    return found


def text_of(values: Mapping[str, Any], key: str, *, most: int, secret: bool = False) -> str | None:
    """A text, or None when it was not given.

    Raises:
        InvalidParameterError: It is something else, or longer than `most` characters.
    """
    if key not in values:
        return None
    value = values[key]
    if not isinstance(value, str):
        raise InvalidParameterError(pascal(key), "not a text" if secret else f"{quoted(value)} is not a text", "a text")
    if len(value) > most:
        raise InvalidParameterError(pascal(key), f"it has {len(value):,} characters", f"1 to {most:,} characters")
    return value


def flag_of(values: Mapping[str, Any], key: str) -> bool | None:
    """True or false, or None when it was not given; `true` and `True` in a form.

    Raises:
        InvalidParameterError: It is something else.
    """
    if key not in values:
        return None
    value = values[key]
    named = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(named, bool):
        raise InvalidParameterError(pascal(key), quoted(value), "true or false")
    return named


def whole_of(values: Mapping[str, Any], key: str, *, least: int, most: int) -> int | None:
    """A whole number, or None when it was not given.

    Raises:
        InvalidParameterError: It is something else, or out of range.
    """
    if key not in values:
        return None
    value = values[key]
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    readable = isinstance(digits, str) and digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))
    if not readable or not least <= int(digits) <= most:
        raise InvalidParameterError(pascal(key), quoted(value), f"{least:,} to {most:,}")
    return int(digits)


def choice_of(values: Mapping[str, Any], key: str, choices: Collection[str]) -> str | None:
    """One of several words, or None when it was not given.

    Raises:
        InvalidParameterError: It is another word.
    """
    value = text_of(values, key, most=MAX_BODY_BYTES)
    if value is not None and value not in choices:
        raise InvalidParameterError(pascal(key), quoted(value), ", ".join(choices))
    return value


def object_of(values: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """A JSON object, as itself or as its text, or None when it was not given. Its values may be secret.

    Raises:
        InvalidParameterError: It is something else, or names a member twice.
    """
    if key not in values:
        return None
    value = values[key]
    if isinstance(value, str):
        try:
            members = _members(value)
        except InvalidParameterError:
            raise InvalidParameterError(pascal(key), "not a JSON object", 'for example {"Name":"value"}') from None
        value = dict(members)
        if len(value) < len(members):
            raise InvalidParameterError(pascal(key), "a name is given more than once", "each name once")
    if not isinstance(value, dict):
        raise InvalidParameterError(pascal(key), "not a JSON object", 'for example {"Name":"value"}')
    return value
