"""What the function calls is what its role allows, on the tables and partitions that it names (invariant 8)."""

from __future__ import annotations

import pytest

from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, deliveries, in_conversation
from tests.functional.permissions import check, recorded


@pytest.fixture
def calls(history):
    world = history.world(*(dispatch.webhook(number) for number in (1, 2)), answer=lambda number, _: 200 * number)
    for event in (dispatch.event(1), dispatch.event(2), in_conversation("12", 3)):
        world.accept(event)
    while world.deliver("events"):
        pass
    history.api = history.build(history.stack.sqs, history.stack.retry_queue_url)
    with recorded() as made:
        first = deliveries(1, delivery_sid(dispatch.event(1).sid, dispatch.webhook(1).sid))
        for method, path, query, status in (
            ("GET", EVENTS, "", 200),
            ("GET", EVENTS, "ConversationId=12&Type=message.received", 200),
            ("GET", EVENTS.replace(dispatch.ASSISTANT, "my%20bot"), "", 200),
            ("GET", f"{EVENTS}/{dispatch.event(1).sid}", "", 200),
            ("GET", deliveries(1), "", 200),
            ("GET", deliveries(2), "Status=delivered", 200),
            ("GET", deliveries(1).replace(dispatch.webhook(1).sid, "hook%201"), "", 200),
            ("GET", first, "", 200),
            ("POST", first, "", 202),
            ("DELETE", f"{EVENTS}/{dispatch.event(1).sid}", "", 204),
            ("DELETE", EVENTS, "ConversationId=12", 204),
        ):
            assert history.call(method, path, query)[0] == status, (method, path)
        replays = deliveries(1).replace("Deliveries", "Replays")
        status, replay = history.post(replays, body={"Mode": "failed"})
        assert status in (201, 202), replay
        assert history.get(replays)[0] == history.get(f"{replays}/{replay['sid']}")[0] == 200
        assert history.post(f"{replays}/{replay['sid']}", body={"Status": "cancelled"})[0] == 200
    return made


def test_every_call_is_allowed_and_every_action_that_is_allowed_is_used(calls):
    check("HistoryFunction", calls)
