from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from cli.up.batch import MalformedFailuresError, cut, failed_ids
from cli.up.pool import InvocationError, Pool
from cli.up.pump import Pump
from cli.up.template import EventSource

IDS = ["a", "b", "c"]


@pytest.mark.parametrize("result", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}])
def test_these_answers_are_a_success_of_the_whole_batch(result: object) -> None:
    assert failed_ids(result, IDS) == frozenset()


def test_named_failures_stay() -> None:
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "b"}]}, IDS) == {"b"}


@pytest.mark.parametrize(
    "result",
    [
        "text",
        {"batchItemFailures": "b"},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"id": "b"}]},
        {"batchItemFailures": [{"itemIdentifier": "unknown"}]},
        {"batchItemFailures": ["b"]},
    ],
)
def test_a_malformed_answer_fails_the_whole_batch(result: object) -> None:
    with pytest.raises(MalformedFailuresError):
        failed_ids(result, IDS)


def test_a_batch_is_cut_to_the_size_of_an_event() -> None:
    messages = [{"MessageId": str(n), "Body": "x" * 3000} for n in range(5)]

    assert [len(batch) for batch in cut(messages, limit_bytes=11_000)] == [2, 2, 1]
    assert [len(batch) for batch in cut(messages)] == [5]
    assert [len(batch) for batch in cut(messages, limit_bytes=1)] == [1] * 5
    assert list(cut([])) == []


class Queue:
    """What the pump calls of an SQS client."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = [
            {"MessageId": body, "ReceiptHandle": f"r-{body}", "Body": body, "MD5OfBody": "m"} for body in bodies
        ]
        self.deleted: list[str] = []
        self.sizes: list[int] = []

    def receive_message(self, **request: Any) -> dict[str, Any]:
        assert request["WaitTimeSeconds"] == 0
        taken, self.waiting = self.waiting[:2], self.waiting[2:]
        return {"Messages": taken} if taken else {}

    def delete_message_batch(self, **request: Any) -> None:
        self.deleted.extend(entry["ReceiptHandle"].removeprefix("r-") for entry in request["Entries"])


class Function:
    """What the pump calls of a pool."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.batches: list[list[str]] = []
        self.running = self.most = 0

    async def invoke(self, event: dict[str, Any]) -> object:
        self.batches.append([record["body"] for record in event["Records"]])
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def pump(queue: Queue, function: Function, *, report_failures: bool = True) -> Pump:
    source = EventSource("M", "F", "Q", 10, report_failures, None)
    return Pump(source, cast("Pool", function), cast("Any", queue), queue={"": "url", "Arn": "arn"}, region="r")


def messages(bodies: Sequence[str]) -> list[dict[str, Any]]:
    return Queue(*bodies).waiting


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        (None, ["a", "b", "c"]),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, ["a", "c"]),
        ({"batchItemFailures": [{"itemIdentifier": each} for each in IDS]}, []),
        ({"batchItemFailures": [{"itemIdentifier": "x"}]}, []),
        (InvocationError("killed"), []),
    ],
)
def test_all_but_the_failures_are_deleted(answer: object, deleted: list[str]) -> None:
    queue = Queue()
    asyncio.run(pump(queue, Function(answer)).handle(messages(IDS)))

    assert queue.deleted == deleted


def test_a_mapping_without_reports_ignores_what_the_function_answers() -> None:
    queue = Queue()
    failing = Function({"batchItemFailures": [{"itemIdentifier": "b"}]})
    asyncio.run(pump(queue, failing, report_failures=False).handle(messages(IDS)))

    assert queue.deleted == IDS


def test_no_more_batches_are_received_than_may_run_at_once() -> None:
    queue, function = Queue(*"abcdefgh"), Function()

    async def scenario() -> None:
        work = asyncio.ensure_future(pump(queue, function).run(2))
        while len(queue.deleted) < 8:  # noqa: ASYNC110 (the fake queue has nothing to wait on)
            await asyncio.sleep(0.005)
        work.cancel()

    asyncio.run(asyncio.wait_for(scenario(), 5))
    assert function.batches == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]
    assert function.most == 2
