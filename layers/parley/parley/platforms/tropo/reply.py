"""What Tropo hears back: it reads the answer as its next instructions (wire-truth 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.source import Source

# Nothing further to do. Not `{"ok":true}` and never an error page: Tropo would run it, or fire `error`.
EMPTY_PROGRAM = b'{"tropo":[]}'


def answer(source: Source) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body: the source's configured reply, else the empty program."""
    reply = source.options.reply
    body = EMPTY_PROGRAM if reply is None else reply.encode("utf-8", "backslashreplace")
    return 200, {"content-type": "application/json"}, body
