"""`Secret`, `RotateSecret` and `OverlapSeconds`, on webhooks and sources alike. No error quotes a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.webhooks.deployment import MASK
from parley.api.parameters import flag_of, text_of, whole_of
from parley.errors import InvalidParameterError

MOST_CHARACTERS = 1024
DEFAULT_OVERLAP_SECONDS = 86_400
MOST_OVERLAP_SECONDS = 604_800
ROTATIONS = ("rotate_secret", "overlap_seconds")


def first_secret(values: Mapping[str, Any]) -> str | None:
    """The secret of a new resource, or None when it was not given.

    Raises:
        InvalidParameterError: It is refused.
    """
    secret = text_of(values, "secret", most=MOST_CHARACTERS, secret=True)
    if secret == MASK:
        raise InvalidParameterError("Secret", "it is the mask, and there is no secret behind it yet", "the secret")
    return secret


def next_secret(values: Mapping[str, Any], *, has_one: bool) -> str | None:
    """The secret that takes the place of the present one, or None to keep that; the mask keeps it.

    Raises:
        InvalidParameterError: It is refused, or given together with `RotateSecret`.
    """
    secret = text_of(values, "secret", most=MOST_CHARACTERS, secret=True)
    if secret == MASK:
        if not has_one:
            raise InvalidParameterError("Secret", "it is the mask, and there is no secret behind it", "the secret")
        secret = None
    if secret is not None and flag_of(values, "rotate_secret"):
        raise InvalidParameterError("RotateSecret", "it generates a secret, and Secret gives one", "one of the two")
    return secret


def previous_until(values: Mapping[str, Any], *, now_ms: int, rotating: tuple[str, ...]) -> int:
    """Until when what is replaced stays live, Unix seconds.

    Args:
        values: The request's parameters.
        now_ms: Unix milliseconds.
        rotating: The parameters that `OverlapSeconds` goes with.

    Raises:
        InvalidParameterError: It is out of range, or goes with nothing.
    """
    overlap_seconds = whole_of(values, "overlap_seconds", least=0, most=MOST_OVERLAP_SECONDS)
    if overlap_seconds is not None and not any(key in values for key in rotating):
        raise InvalidParameterError("OverlapSeconds", "nothing is being replaced", "beside a new secret or token")
    return now_ms // 1000 + (DEFAULT_OVERLAP_SECONDS if overlap_seconds is None else overlap_seconds)
