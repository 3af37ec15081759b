"""What the functions write to their logs, as it is written."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest


def _written() -> Iterator[logging.StreamHandler[io.StringIO]]:
    for name in list(logging.root.manager.loggerDict):
        for handler in logging.getLogger(name).handlers:
            if type(handler) is logging.StreamHandler:
                yield handler


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """All that the functions have printed and logged so far, tracebacks too.

    Powertools keeps the standard output of its import, which `capsys` does not replace.
    """
    taken = io.StringIO()
    with ExitStack() as stack:
        for handler in _written():
            stack.callback(handler.setStream, handler.stream)
            handler.setStream(taken)
        yield lambda: taken.getvalue() + "".join(capsys.readouterr())
