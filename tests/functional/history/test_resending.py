"""One delivery sent again now, whatever became of it; its receiver knows it by the same webhook-id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.data_table import undelivered
from parley.sids import delivery_sid
from tests.functional.dispatcher import world as dispatch
from tests.functional.history.history import EVENTS, deliveries

EVENT = dispatch.event(1)
HOOK = dispatch.webhook(1)
SID = delivery_sid(EVENT.sid, HOOK.sid)
PATH = deliveries(1, SID)


class Sent:
    """One event at one webhook whose answers are a list; the last one stays."""

    def __init__(self, history, answers, **changes) -> None:
        self.history = history
        self.answers = answers
        self.world = history.world(
            dispatch.webhook(1, retry_schedule=(5, 300), **changes),
            answer=lambda number, attempt: self.answers[min(attempt, len(self.answers)) - 1],
        )
        self.world.accept(EVENT)
        self.run()

    def run(self, seconds: float = 0) -> None:
        self.world.now_ms += round(seconds * 1000)
        while self.world.deliver("events") or self.world.deliver("retries"):
            pass

    def again(self, **more):
        status, body = self.history.post(PATH, **more)
        return status, body

    @property
    def posts(self) -> int:
        assert set(self.world.posts) == {(1, SID)}
        return len(self.world.posts)

    def now(self):
        _, body = self.history.get(PATH)
        triggers = [line["trigger"] for line in body["attempts"]]
        return body["status"], body["reason"], triggers

    def pause(self, status: str) -> None:
        hook = self.world.configuration.hooks[HOOK.sid]
        self.world.configuration.set_status(hook, status, reason="failing")
        self.world.restart()


def test_one_that_is_retried_has_its_next_attempt_now(history):
    sent = Sent(history, [500, 500, 200])
    status, body = sent.again()
    assert (status, body["status"], len(body["attempts"])) == (202, "retrying", 1)
    sent.run()
    assert sent.posts == 2
    assert sent.now() == ("retrying", None, ["first", "resend"])
    # the schedule goes on from there, and the message of the attempt that it replaced is stale
    sent.run(10)
    assert sent.posts == 2
    sent.run(300)
    assert sent.now() == ("delivered", None, ["first", "resend", "retry"])


def test_one_that_was_delivered_at_first_is_sent_again(history):
    sent = Sent(history, [200])
    status, body = sent.again()
    assert (status, body["status"], body["reason"]) == (202, "retrying", "resend")
    sent.run()
    assert sent.posts == 2
    assert sent.now() == ("delivered", None, ["first", "resend"])
    _, body = history.get(f"{EVENTS}/{EVENT.sid}")
    [row] = body["results"]
    assert (row["status"], row["attempts"]) == ("delivered", 2)
    assert [row["status"] for row in history.rows(deliveries(1))] == ["delivered"]


def test_a_resend_that_fails_leaves_what_was_delivered_delivered(history):
    sent = Sent(history, [200, 500])
    for number in range(2, 4):
        assert sent.again()[0] == 202
        sent.run()
        assert sent.posts == number
        sent.run(5 * 86_400)
        sent.world.sweep()
        sent.run()
        assert sent.posts == number, "no schedule starts anew"
    assert sent.now() == ("delivered", None, ["first", "resend", "resend"])
    assert not sent.world.waiting()


def exhausted(history, *then):
    sent = Sent(history, [500, 500, 500, *then])
    for seconds in (6, 400):
        sent.run(seconds)
        sent.world.sweep()
        sent.run()
    assert sent.now() == ("exhausted", "schedule_ended", ["first", "retry", "retry"])
    return sent


def test_one_that_was_exhausted_is_delivered_after_all(history):
    sent = exhausted(history, 200)
    sent.again()
    assert sent.now()[:2] == ("retrying", "resend")
    assert [row["status"] for row in history.rows(deliveries(1), "Status=exhausted")] == []
    sent.run()
    assert sent.now() == ("delivered", None, ["first", "retry", "retry", "resend"])
    assert not sent.world.waiting()


def test_one_that_was_exhausted_is_exhausted_again_and_not_announced_again(history):
    sent = exhausted(history, 500)
    before = sent.world.numbers
    sent.again()
    sent.run()
    assert sent.posts == 4
    assert sent.now() == ("exhausted", "schedule_ended", ["first", "retry", "retry", "resend"])
    assert sent.world.numbers == before + 1, "the resend's own message"
    assert not sent.world.waiting()


def test_asked_for_twice_at_once_is_one_attempt(history):
    sent = Sent(history, [200])
    assert sent.again()[0] == sent.again()[0] == 202
    sent.run()
    assert sent.posts == 2


def test_a_resend_whose_message_is_lost_is_found_by_its_due_time(history):
    sent = Sent(history, [200])
    sent.again()
    sent.world.messages.clear()
    [item] = sent.world.waiting()
    sent.world.now_ms = item.due_ms + 1
    sent.world.sweep()
    sent.run()
    assert sent.posts == 2
    assert sent.now()[0] == "delivered"


def test_a_paused_webhook_is_tried_and_what_fails_waits_on_as_it_was(history):
    sent = Sent(history, [500, 500, 200])
    sent.pause("paused")
    sent.run(6)
    assert sent.now()[:2] == ("waiting", "paused")
    assert sent.again()[0] == 202
    sent.run()
    assert sent.posts == 2
    assert sent.now() == ("waiting", "paused", ["first", "resend"])
    [item] = sent.world.waiting()
    assert item.attempts == 1, "no attempt of its schedule was used"
    sent.again()
    sent.run()
    assert sent.now() == ("delivered", None, ["first", "resend", "resend"])


def test_a_resend_that_meets_a_deleted_webhook_ends_as_it_had_ended(history):
    sent = Sent(history, [200])
    sent.again()
    sent.world.configuration.delete(HOOK)
    sent.world.restart()
    sent.run()
    assert sent.posts == 1
    assert sent.now()[0] == "delivered"


def test_a_disabled_webhook_is_not_called(history):
    sent = Sent(history, [200], status="disabled")
    assert sent.world.posts == []
    history.put(dispatch.event(2), packed_results=b"")
    status, body = history.post(deliveries(1, delivery_sid(dispatch.event(2).sid, HOOK.sid)))
    assert (status, body["code"]) == (409, 20409)
    assert "Enable it" in body["message"]


def test_one_that_ends_just_now_is_a_conflict(history):
    sent = Sent(history, [500, 200])
    [item] = sent.world.waiting()
    table = history.stack.data_table
    ended = replace(item, attempts=2, status="delivered", next_attempt_ms=None, due_ms=None)
    assert undelivered.save(history.stack.dynamodb, table, item, ended)
    assert sent.again()[0] == 409
    undelivered.move_to_finished(history.stack.dynamodb, table, ended)
    assert sent.again()[0] == 202


def test_a_latecomer_does_not_undo_a_resend(history):
    """The process that ended it was held up before it moved it; meanwhile it was moved and sent again."""
    sent = exhausted(history, 200)
    [over] = sent.world.finished()
    sent.again()
    undelivered.move_to_finished(history.stack.dynamodb, history.stack.data_table, over)
    assert len(sent.world.waiting()) == 1
    sent.run()
    undelivered.move_to_finished(history.stack.dynamodb, history.stack.data_table, over)
    assert sent.now()[0] == "delivered"


def test_a_queue_that_cannot_be_reached_is_said_and_the_attempt_is_made_all_the_same(history):
    sent = Sent(history, [200])

    class Refusing:
        def send_message_batch(self, **request):
            return {"Failed": request["Entries"]}

    history.api = history.build(Refusing(), "retries")
    status, body = sent.again()
    assert (status, body["code"]) == (503, 20503)
    assert len(sent.world.waiting()) == 1, "the sweeper finds it"


@pytest.mark.parametrize(
    ("path", "query", "more", "status"),
    [
        (deliveries(1, delivery_sid(dispatch.event(2).sid, HOOK.sid)), "", {}, 404),
        (deliveries(1, "DLx"), "", {}, 404),
        (deliveries(2, SID), "", {}, 404),
        (PATH, "", {"scopes": "read write emit"}, 403),
        (PATH, "", {"account": "AC" + "f" * 32}, 404),
        (PATH, "Now=1", {}, 400),
    ],
)
def test_refusals(history, path, query, more, status):
    sent = Sent(history, [200])
    given, body = history.post(path, query, **more)
    assert given == status == body["status"]
    sent.run()
    assert sent.posts == 1


def test_an_event_that_was_never_for_the_webhook_has_no_delivery(history):
    sent = Sent(history, [200], events="note.added")
    assert sent.world.posts == []
    assert sent.again()[0] == 404
