"""The queues' fake does what SQS does to messages that nobody deletes."""

from __future__ import annotations

from tests.simulation.queues import Client, Queue, numbers


def _queue(max_receives: int = 2) -> Queue:
    return Queue("events", 120_000, max_receives, numbers())


def test_a_message_that_is_received_is_hidden_and_comes_back():
    queue = _queue()
    queue.send("one", visible_ms=5_000)
    assert queue.visible(4_999) == []
    (message,) = queue.visible(5_000)
    queue.receive([message], 5_000)
    assert (message.receives, queue.visible(124_999)) == (1, [])
    assert queue.visible(125_000) == [message]
    queue.delete([message.number])
    assert queue.visible(125_000) == []


def test_one_that_was_received_too_often_is_a_dead_letter_and_comes_back_as_another():
    queue = _queue(max_receives=1)
    queue.send("one", visible_ms=0)
    (message,) = queue.visible(0)
    queue.receive([message], 0)
    assert queue.visible(120_000) == []
    assert queue.dead == [message]
    assert queue.redrive(120_000) == 1
    (again,) = queue.visible(120_000)
    assert (again.body, again.receives) == ("one", 0)
    assert again.number != message.number


def test_a_batch_may_be_taken_in_part():
    answers = iter((False, True))
    queue = _queue()
    client = Client({"url": queue}, lambda: 0, lambda: next(answers))
    entries = [
        {"Id": str(number), "MessageBody": body, "MessageGroupId": "g", "DelaySeconds": 1}
        for number, body in enumerate(("one", "two"))
    ]
    answer = client.send_message_batch(QueueUrl="url", Entries=entries)
    assert [entry["Id"] for entry in answer["Failed"]] == ["1"]
    assert [message.body for message in queue.visible(1_000)] == ["one"]
