"""Comparing a proof that somebody presented with the one that was expected."""

from __future__ import annotations

import hmac


def equal(presented: str, expected: str) -> bool:
    """Whether two texts are the same, in constant time.

    On bytes: `hmac.compare_digest` raises TypeError on a `str` that is not ASCII, and a header may hold anything, lone
    surrogates included (a forger would otherwise choose between 403 and 500).
    """
    return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
