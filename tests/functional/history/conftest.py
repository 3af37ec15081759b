from __future__ import annotations

import pytest

from tests.functional.history.history import History
from tests.functional.stack import stack


@pytest.fixture
def history():
    with stack() as made:
        yield History(made)
