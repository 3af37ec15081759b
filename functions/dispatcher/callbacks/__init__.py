"""Knows how to send a callback to a receiver that may be hostile, and what came of it; nothing of events or tables.

aiohttp makes two TLS contexts when it is imported, which nothing here uses, and reads the system's certificates for
each: time of every cold start (docs/performance.md). So they get none. Callbacks are verified by one of `poster`'s.
"""

from __future__ import annotations

import ssl


def _trust_nobody(_context: ssl.SSLContext) -> None:
    """What aiohttp's contexts are given: the verifying one, were it used after all, would refuse every certificate."""


ssl.SSLContext.set_default_verify_paths = _trust_nobody  # type: ignore[assignment, method-assign] # for the next lines
try:
    import aiohttp  # noqa: F401
finally:
    del ssl.SSLContext.set_default_verify_paths  # what it inherits is back
