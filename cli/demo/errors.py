"""How the demo ends early."""

from __future__ import annotations


class DemoError(Exception):
    """Raised when the demo cannot go on; says why."""
