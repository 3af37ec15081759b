"""A deployment's management API on the template's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.stack import Stack
from tests.functional.stack import stack as new_stack
from tests.functional.webhooks.gateway import Gateway


@pytest.fixture
def stack() -> Iterator[Stack]:
    with new_stack() as made:
        yield made


@pytest.fixture(scope="module")
def unchanged() -> Iterator[Gateway]:
    """One with the assistant `bot`, for requests that are refused: they leave nothing behind."""
    with new_stack() as made:
        gateway = Gateway(made)
        gateway.assistant("bot")
        yield gateway


@pytest.fixture
def api(stack: Stack) -> Gateway:
    return Gateway(stack)
