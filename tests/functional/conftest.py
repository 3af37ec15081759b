"""What the functions write to their logs, as it is written; and each call to AWS is one that their roles allow."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.functional.permissions import denied, recorded


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


@pytest.fixture(autouse=True)
def allowed_by_its_role() -> Iterator[None]:
    """Whatever a functional test is about, what a function asks AWS for meanwhile its role must allow (invariant 8)."""
    with recorded() as calls:
        yield
    assert denied(calls) == set()
