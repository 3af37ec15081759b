"""The Lambda environments of one function that one invoker holds: started on demand, reused, replaced when they die.

Between two events an environment is frozen, as Lambda's are: its threads stand still, its timers run out and its
connections go stale meanwhile.

An invocation that ends without an answer (killed, timed out, crashed) is a failure like one that raised; what that
means is the invoker's business.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.up import lineage
from cli.up.channel import ChannelClosedError, Child

if TYPE_CHECKING:
    from cli.up.channel import Json
    from cli.up.deployment import Deployment
    from cli.up.template import Function

MAX_EVENT_BYTES = 6_291_456
"""Lambda's limit for the event of a synchronous invocation."""

_LOG_LINES = 5


class InvocationError(Exception):
    """The function raised, timed out, died or could not be imported; its text says which."""


class Pool:
    """At most `size` environments of one function; the most recently used is used next, as Lambda does."""

    def __init__(self, deployment: Deployment, function: Function, *, size: int) -> None:
        """Starts nothing yet."""
        self.function = function
        self._deployment = deployment
        self._environment = deployment.worker_environment(function)
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Child] = []

    async def warm(self, tell: Callable[[str], None]) -> None:
        """Starts one environment ahead of the first event; `tell` is told when it cannot be started."""
        async with self._slots:
            try:
                self._rest(await self._start())
            except InvocationError as error:
                tell(f"{self.function.logical_id}: {error}")

    async def invoke(self, event: object, chain: Mapping[str, int] | None = None) -> Json:
        """What the handler returned for the event; `chain` counts the invocations that led to it.

        Raises:
            InvocationError: It did not return.
        """
        async with self._slots:
            worker = await self._take_idle() or await self._start()
            try:
                answer = await asyncio.wait_for(self._ask(worker, event, chain or {}), self.function.timeout_seconds)
            except TimeoutError:
                worker.kill()
                await worker.ended()
                message = f"Task timed out after {self.function.timeout_seconds:.2f} seconds"
                self._note(message)
                raise InvocationError(message) from None
            except ChannelClosedError:
                status = await worker.ended()
                raise InvocationError(f"the environment ended with status {status}: {self._log_tail()}") from None
            except BaseException:
                worker.kill()  # its answer would be taken for the next event's
                raise
            self._rest(worker)
        if "error" in answer:
            raise InvocationError(f"{answer['error']['errorType']}: {answer['error']['errorMessage']}")
        return answer["result"]

    def _rest(self, worker: Child) -> None:
        worker.freeze()
        self._idle.append(worker)

    async def _take_idle(self) -> Child | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                worker.thaw()
                return worker
            worker.kill()
            await worker.ended()
        return None

    async def _start(self) -> Child:
        with self._log_path().open("ab") as log:
            worker = await Child.start(
                "cli.up.worker",
                environment=self._environment,
                cwd=self._deployment.template.path.parent,
                log=log,
            )
        try:
            first = await worker.receive()
        except ChannelClosedError:
            first = {"error": {"errorType": "Runtime.ExitError", "errorMessage": self._log_tail()}}
        if "error" in first:
            await worker.ended()
            error = first["error"]
            raise InvocationError(
                f"{self.function.handler} cannot start: {error['errorType']}: {error['errorMessage']}"
            )
        return worker

    async def _ask(self, worker: Child, event: object, chain: Mapping[str, int]) -> Json:
        await worker.send(
            {
                "event": event,
                "request_id": str(uuid.uuid4()),
                "deadline_ms": int((time.time() + self.function.timeout_seconds) * 1000),
                "arn": self._deployment.function_arn(self.function.logical_id),
                "trace": lineage.header(self.function.logical_id, chain),
            }
        )
        return await worker.receive()

    def _log_path(self) -> Path:
        return self._deployment.log_dir / f"{self.function.logical_id}.log"

    def _note(self, message: str) -> None:
        with self._log_path().open("a", encoding="utf-8") as log:
            log.write(f"{message}\n")

    def _log_tail(self) -> str:
        try:
            lines = self._log_path().read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "no log"
        return " | ".join(line.strip() for line in lines[-_LOG_LINES:] if line.strip()) or "nothing in its log"
