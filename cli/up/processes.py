"""The supervisor's own children: started, awaited, started again when they die, and ended with all of theirs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cli.up.channel import ChannelClosedError, Child

STOP_SECONDS = 1.0
"""What a child has to end by itself; whatever is left of its group is then killed."""

_MAX_DEATHS = 5
_DEATHS_WITHIN_SECONDS = 30.0
_LOG_LINES = 8


class ProcessDiedError(Exception):
    """A child could not be started, keeps dying, or died with the state that it held."""


@dataclass(slots=True)
class _Kept:
    name: str
    module: str
    told: Mapping[str, object]
    descriptors: Sequence[int]
    restart: bool
    child: Child | None = None
    deaths: list[float] = field(default_factory=list)


class Processes:
    """The children of one run."""

    def __init__(self, *, cwd: Path, log_dir: Path, say: Callable[[str], None]) -> None:
        """Starts nothing yet; `say` takes a line for people."""
        self._cwd = cwd
        self._log_dir = log_dir
        self._say = say
        self._kept: list[_Kept] = []

    async def start(
        self,
        name: str,
        module: str,
        told: Mapping[str, object],
        *,
        descriptors: Sequence[int] = (),
        restart: bool = True,
    ) -> None:
        """Starts a child and waits until it is ready.

        Args:
            name: In its log file's name and in what is said of it.
            module: What it runs.
            told: Its first message.
            descriptors: Open file descriptors that it inherits.
            restart: False for a child whose death ends the run.

        Raises:
            ProcessDiedError: It ended before it was ready.
        """
        kept = _Kept(name, module, told, descriptors, restart)
        self._kept.append(kept)
        await self._start(kept)

    async def watch(self) -> None:
        """Starts dead children again, for ever.

        Raises:
            ProcessDiedError: One must not or cannot be started again.
        """
        tasks = [asyncio.ensure_future(self._keep(kept)) for kept in self._kept]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def stop(self) -> None:
        """Ends every child and what they started; returns within a few seconds whatever they do."""
        children = [kept.child for kept in self._kept if kept.child]
        endings = [asyncio.ensure_future(child.ended()) for child in children]  # closing the channel asks them to end
        if endings:
            await asyncio.wait(endings, timeout=STOP_SECONDS)
        for child in children:
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
        await asyncio.gather(*endings)

    async def _start(self, kept: _Kept) -> None:
        path = self._log_dir / f"{kept.name}.log"
        with path.open("ab") as log:
            kept.child = await Child.start(
                kept.module,
                environment=os.environ,
                cwd=self._cwd,
                log=log,
                descriptors=kept.descriptors,
                own_group=True,
            )
        try:
            await kept.child.send(kept.told)
            await kept.child.receive()
        except ChannelClosedError:
            status = await kept.child.ended()
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
            raise ProcessDiedError("\n  ".join([f"{kept.name} ended with status {status}:", *lines])) from None

    async def _keep(self, kept: _Kept) -> None:
        while kept.child:
            with suppress(ChannelClosedError):
                while True:  # until its end
                    self._say((await kept.child.receive())["say"])
            status = await kept.child.ended()
            with suppress(ProcessLookupError):
                os.killpg(kept.child.process.pid, signal.SIGKILL)  # its workers see its end too; this is for certain
            if not kept.restart:
                raise ProcessDiedError(f"{kept.name} ended with status {status}, and this run's state with it")
            now = time.monotonic()
            kept.deaths = [at for at in kept.deaths if now - at < _DEATHS_WITHIN_SECONDS] + [now]
            if len(kept.deaths) > _MAX_DEATHS:
                raise ProcessDiedError(f"{kept.name} keeps ending (status {status}): see its log")
            self._say(f"{kept.name} ended with status {status}: started again")
            await self._start(kept)
