"""Lambda's recursive loop detection: how often a function was invoked in the chain that led to a message.

The count travels in the trace header: the runtime puts it into a function's environment, boto3 sends it with every
request, and SQS keeps it with the message as `AWSTraceHeader`. What Lambda writes there is not documented beyond its
name, `Lineage`; what it does is (developer guide, "Use Lambda recursive loop detection to prevent infinite loops").
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

MAX_INVOCATIONS = 16
"""Of one function in one chain; Lambda stops "approximately" there."""

_LINEAGE = re.compile(r"Lineage=1:([0-9a-f:|]+)")
_LINK = re.compile(r"([0-9a-f]{8}):([0-9]{1,4})")


def counts(headers: Iterable[str]) -> dict[str, int]:
    """The invocations of each function, by `key`, in the longest of the chains that led to a batch's messages."""
    longest: dict[str, int] = {}
    for header in headers:
        if found := _LINEAGE.search(unquote(header)):
            for function, count in _LINK.findall(found[1]):
                longest[function] = max(longest.get(function, 0), int(count))
    return longest


def key(function: str) -> str:
    """How a chain names a function."""
    return hashlib.sha256(function.encode()).hexdigest()[:8]


def header(function: str, before: Mapping[str, int]) -> str:
    """The trace header of an invocation after what came before it in its chain."""
    chain = {**before, key(function): before.get(key(function), 0) + 1}
    links = "|".join(f"{name}:{count}" for name, count in chain.items())
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=0;Lineage=1:{links}"
