"""One event source mapping: receives from a queue, invokes the function with a batch, deletes all but the failures.

Receive counts, delays, visibility and the move to the dead-letter queue are the engine's: moto, MiniStack and ElasticMQ
do them as SQS does, and a moved message keeps its id there, as in SQS. An invocation that ends without an answer
deletes nothing, so its messages come back after their visibility timeout.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cli.up import lineage
from cli.up.batch import MalformedFailuresError, cut, failed_ids
from cli.up.channel import Parent
from cli.up.deployment import Deployment
from cli.up.events import sqs_event
from cli.up.pool import InvocationError, Pool
from cli.up.resources import sqs_client

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

    from cli.up.template import EventSource

T = TypeVar("T")

POLL_SECONDS = 0.02
"""Between two empty receives. A receive that waits would hold the engine's lock."""

IDLE_POLL_SECONDS = 0.1
"""The same after `IDLE_AFTER_POLLS` empty ones: an idle machine's fan should stay off."""

IDLE_AFTER_POLLS = 100
_SQS_BATCH = 10


class Pump:
    """One mapping at work."""

    def __init__(
        self, source: EventSource, pool: Pool, sqs: SQSClient, *, queue: Mapping[str, str], region: str
    ) -> None:
        """Starts nothing yet; `queue` is the queue's `Ref` and attributes."""
        self._source = source
        self._pool = pool
        self._sqs = sqs
        self._queue = queue
        self._region = region
        self._threads = ThreadPoolExecutor(max_workers=4)

    async def run(self, concurrency: int) -> None:
        """Works until cancelled, on at most `concurrency` batches at once."""
        free = asyncio.Semaphore(concurrency)
        empty = 0
        async with asyncio.TaskGroup() as tasks:
            while True:
                await free.acquire()  # nothing is received that no environment could take
                batches = list(cut(await self._call(self._receive) or []))
                if not batches:
                    free.release()
                    empty += 1
                    await asyncio.sleep(POLL_SECONDS if empty < IDLE_AFTER_POLLS else IDLE_POLL_SECONDS)
                    continue
                empty = 0
                tasks.create_task(self._work(batches, free))

    async def _work(self, batches: Sequence[Sequence[Mapping[str, Any]]], free: asyncio.Semaphore) -> None:
        try:
            for batch in batches:
                await self.handle(batch)
        finally:
            free.release()

    async def handle(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Invokes the function with one batch and deletes what it has dealt with."""
        if not self._pool.function.may_loop:
            batch = self._without_loops(batch)
        if not batch:
            return
        chain = lineage.counts(map(_trace_header, batch))
        ids = [message["MessageId"] for message in batch]
        try:
            result = await self._pool.invoke(sqs_event(batch, self._queue["Arn"], self._region), chain)
            failed = failed_ids(result, ids) if self._source.report_failures else frozenset()
        except (InvocationError, MalformedFailuresError) as error:
            say(f"{self._source.name}: {len(ids)} message(s) come back after their visibility timeout: {error}")
            return
        done = [message for message in batch if message["MessageId"] not in failed]
        await self._call(self._delete, done)

    def _without_loops(self, batch: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Leaves out messages that the function has led to itself too often; they go where failed ones go."""
        function = lineage.key(self._source.function)
        counts = [lineage.counts([_trace_header(message)]).get(function, 0) for message in batch]
        kept = [message for message, count in zip(batch, counts, strict=True) if count < lineage.MAX_INVOCATIONS]
        if len(kept) < len(batch):
            say(f"{self._source.name}: a recursive loop: not invoked for {len(batch) - len(kept)} message(s)")
        return kept

    async def _call(self, function: Callable[..., T], *arguments: object) -> T | None:
        """A call of the engine in a thread; None when it failed, after a pause."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except (BotoCoreError, ClientError) as error:
            # like the real poller: what was not deleted comes back, and the next receive may work
            say(f"{self._source.name}: {error}")
            await asyncio.sleep(1)
            return None

    def _receive(self) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue[""],
            MaxNumberOfMessages=min(self._source.batch_size, _SQS_BATCH),
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _delete(self, messages: Sequence[Mapping[str, Any]]) -> None:
        if messages:
            entries: list[Any] = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._queue[""], Entries=entries)


def _trace_header(message: Mapping[str, Any]) -> str:
    return str(message.get("Attributes", {}).get("AWSTraceHeader", ""))


def say(text: str) -> None:
    """A line for this process's log."""
    print(text, file=sys.stderr, flush=True)


async def _main(parent: Parent) -> None:
    told = parent.receive()
    deployment = Deployment.from_json(told["deployment"])
    source = next(source for source in deployment.template.mappings if source.name == told["mapping"])
    size = min(told["workers"], source.maximum_concurrency or told["workers"])
    pool = Pool(deployment, deployment.template.functions[source.function], size=size)
    pump = Pump(
        source,
        pool,
        sqs_client(deployment.engine),
        queue=deployment.resources[source.queue],
        region=deployment.engine.region,
    )
    parent.send({"ready": True})
    await pool.warm(parent.tell)
    await pump.run(size)


def main() -> None:
    """Pumps until the supervisor is gone."""
    asyncio.run(_main(Parent.connect(sys.argv)))


if __name__ == "__main__":
    main()
