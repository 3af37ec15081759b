"""How the processes of `parley up` talk: JSON frames with a length before them, over one socket per child.

The socket is also the lifeline. A child whose parent is gone, even by SIGKILL, reads the end of the stream and exits
at once; its own children see the same. A frozen child cannot read: so who leads a process group ends all of it, which
needs no child to be awake. (The kernel would do so for an orphaned group, but in a container whose first process is the
session's shell no group is ever orphaned.)
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

Json: TypeAlias = Any
"""Whatever `json.loads` gives."""

_LENGTH = struct.Struct(">I")


class ChannelClosedError(Exception):
    """The other side is gone: its process has ended or was killed."""


def frame(message: object) -> bytes:
    """One message as it goes over the socket."""
    content = json.dumps(message).encode()
    return _LENGTH.pack(len(content)) + content


class Parent:
    """A child's view of the process that started it."""

    def __init__(self, connection: socket.socket) -> None:
        """Starts listening; frames wait in a queue so that the end of the stream is seen whatever the child does."""
        self._connection = connection
        self._frames: queue.SimpleQueue[Json] = queue.SimpleQueue()
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    @classmethod
    def connect(cls, argv: Sequence[str]) -> Parent:
        """The parent behind the file descriptor that `Child.start` put last on the command line."""
        # Ctrl-C reaches every process of a terminal; only the supervisor answers it, by closing the channels.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return cls(socket.socket(fileno=int(argv[-1])))

    def receive(self) -> Json:
        """The next message; waits for it."""
        return self._frames.get()

    def send(self, message: object) -> None:
        """Sends one message."""
        with self._sending:
            self._connection.sendall(frame(message))

    def tell(self, text: str) -> None:
        """A line that the supervisor says to people."""
        self.send({"say": text})

    def _listen(self) -> None:
        with self._connection.makefile("rb") as stream:
            while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
                [length] = _LENGTH.unpack(head)
                self._frames.put(json.loads(stream.read(length)))
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)  # nobody is left to work for; the main thread may be inside a handler and cannot be asked


class Child:
    """A process that this one started, with the socket between them."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Use `start`."""
        self.process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(
        cls,
        module: str,
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: IO[bytes] | None = None,
        descriptors: Sequence[int] = (),
        own_group: bool = False,
    ) -> Child:
        """Runs `python -m module`.

        Args:
            module: Its `main` ends with `Parent.connect(sys.argv)`.
            environment: The child's whole environment.
            cwd: The child's working directory.
            log: Where its output goes; None keeps ours.
            descriptors: Open file descriptors that it inherits under the same numbers.
            own_group: Lead a process group, which its own children join: killing the group leaves none of them.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 (it takes a millisecond, and needs no watcher of its end)
                [sys.executable, "-u", "-m", module, str(theirs.fileno())],
                pass_fds=(theirs.fileno(), *descriptors),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd=cwd,
                process_group=0 if own_group else None,
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, reader, writer)

    @property
    def alive(self) -> bool:
        """Whether its end of the socket is still open."""
        return not self._reader.at_eof() and self.process.poll() is None

    async def send(self, message: object) -> None:
        """Sends one message.

        Raises:
            ChannelClosedError: The child is gone.
        """
        try:
            self._writer.write(frame(message))
            await self._writer.drain()
        except ConnectionError as error:
            raise ChannelClosedError from error

    async def receive(self) -> Json:
        """The child's next message.

        Raises:
            ChannelClosedError: The child is gone.
        """
        try:
            [length] = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return json.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChannelClosedError from error

    def freeze(self) -> None:
        """Stops the child where it is, all its threads; so stopped it still ends by `kill`."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen child go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends the child without asking."""
        self._writer.close()
        self.process.kill()

    async def ended(self) -> int:
        """Waits for the child's end and returns its exit status."""
        self._writer.close()
        while (status := self.process.poll()) is None:  # noqa: ASYNC110 (a waiting thread each would outlive the loop)
            await asyncio.sleep(0.02)
        return status
