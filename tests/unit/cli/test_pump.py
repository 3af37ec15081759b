from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.up import lineage
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

    def __init__(self, *answers: object, may_loop: bool = False) -> None:
        self.function = SimpleNamespace(may_loop=may_loop)
        self.chains: list[Mapping[str, int]] = []
        self.answers = list(answers)
        self.batches: list[list[str]] = []
        self.running = self.most = 0

    async def invoke(self, event: dict[str, Any], chain: Mapping[str, int]) -> object:
        self.chains.append(chain)
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


def after(invocations: int, body: str, function: str = "F") -> dict[str, Any]:
    """A message at the end of a chain of the function's own."""
    chain: dict[str, int] = {}
    header = ""
    for _ in range(invocations):
        header = lineage.header(function, chain)
        chain = lineage.counts([header.replace("|", "%7C")])  # as boto3 sends it
    return {**messages([body])[0], "Attributes": {"AWSTraceHeader": header}}


def test_a_chain_is_counted_for_each_function_and_the_longest_counts() -> None:
    both = lineage.counts([lineage.header("G", lineage.counts([after(3, "a")["Attributes"]["AWSTraceHeader"]]))])

    assert both == {lineage.key("F"): 3, lineage.key("G"): 1}
    assert lineage.counts([lineage.header("F", {}), lineage.header("F", both), "", "nonsense", "Lineage=1:x"]) == {
        lineage.key("F"): 4,
        lineage.key("G"): 1,
    }


def test_a_loop_is_stopped_at_sixteen_and_its_message_left_to_the_dead_letter_queue() -> None:
    queue, function = Queue(), Function()
    asyncio.run(pump(queue, function).handle([after(15, "a"), after(16, "b"), after(99, "c", "G"), *messages("d")]))

    assert function.batches == [["a", "c", "d"]]
    assert queue.deleted == ["a", "c", "d"]
    assert function.chains == [{lineage.key("F"): 15, lineage.key("G"): 99}]


def test_a_function_that_may_loop_is_not_stopped() -> None:
    function = Function(may_loop=True)
    asyncio.run(pump(Queue(), function).handle([after(99, "a")]))

    assert function.batches == [["a"]]
