"""What the function calls is what its role allows, on the tables, the partitions and the queue (invariant 8)."""

from __future__ import annotations

import pytest

from tests.functional.ingest.test_emit import START, Bot
from tests.functional.ingest.test_ingest import sample
from tests.functional.permissions import Call, check, recorded
from tests.functional.stack import stack


@pytest.fixture
def calls() -> set[Call]:
    """Each platform's call, one that is not genuine, and the own bot's event, twice under one key."""
    with stack() as made, recorded() as calls:
        bot = Bot(made)
        for name, platform in (
            ("autopilot", "autopilot"),
            ("watsonx", "watsonx"),
            ("messagehub", "messagehub"),
            ("unsigned", "messagehub"),
            ("tropo", "tropo"),
        ):
            body = sample(platform, "*")
            assert bot.call(name, body, headers=bot.proof(name, body))["statusCode"] == 200, name
        assert bot.call("messagehub", b"{}")["statusCode"] == 401
        assert bot.call("tropo", b"", path="/ingest/tropo/SR00000000000000000000000000000000/none")["statusCode"] == 404
        assert [bot.emit(START, key="k")["statusCode"] for _ in range(2)] == [201, 200]
        assert bot.emit(START, assistant="bot")["statusCode"] == 201
    return calls


def test_every_call_is_allowed_and_everything_that_is_allowed_is_needed(calls: set[Call]) -> None:
    check("IngestFunction", calls)
