"""Loops: a webhook that leads back to an ingest URL makes each lap a new event, and nothing else ends it.

Every callback says how often its event has come through a Parley; ingest refuses one that has gone round too often.
Own hosts are refused as targets before that (`targets.py`), but a receiver may pass a callback on.
"""

from __future__ import annotations

from collections.abc import Mapping

from parley.errors import LoopError

HEADER = "Parley-Hops"
MAX_HOPS = 4  # bot to bot to bot is a design; five stacks in a row are a circle


def given(headers: Mapping[str, str]) -> int:
    """What a call says of itself; 0 where it says nothing that can be read.

    Args:
        headers: With names in lower case.

    Raises:
        LoopError: It has been round too often.
    """
    text = headers.get(HEADER.lower(), "0")
    hops = int(text) if text.isascii() and text.isdigit() and len(text) < len("1000") else 0
    if hops > MAX_HOPS:
        raise LoopError(f"This call has come through Parley {hops} times: a webhook leads back to an ingest URL")
    return hops
