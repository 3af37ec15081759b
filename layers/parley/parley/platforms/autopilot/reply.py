"""What Autopilot hears back: 200 without a body; it ignores one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.source import Source


def answer(_source: Source) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    return 200, {}, b""
