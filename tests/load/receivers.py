"""The receivers of a run, in a process that imports nothing of ours: what a call is answered follows from its path.

`/fine…` 200; `/half` 200 or 500, as a coin falls; `/hang` never; `/down` 500, a little late, while the file `down` is
there, then 200. Each call is a line of the file `calls`: when it came (monotonic seconds, which processes of one
machine share), path, the event's number, `webhook-id`, what it is answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

HANG_SECONDS = 3600.0
DOWN_SECONDS = 0.2


class Receivers:
    """Answers, and writes down."""

    def __init__(self, folder: str, seed: int) -> None:
        self._down = Path(folder, "down")
        self._calls = Path(folder, "calls").open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 — until the end
        self._chance = random.Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        came = time.monotonic()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = head[0].split(" ")[1]
        is_down = path == "/down" and self._down.exists()
        status = 200
        if path == "/hang":
            status = 0
        elif is_down or (path == "/half" and self._chance.random() < 0.5):
            status = 500
        self._calls.write(f"{came}\t{path}\t{json.loads(body)['id']}\t{headers['webhook-id']}\t{status}\n")
        if not status:
            await asyncio.sleep(HANG_SECONDS)
        if is_down:
            await asyncio.sleep(DOWN_SECONDS)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)


async def main(folder: str, seed: int) -> None:
    """Serve for ever; the port is the first line of the output."""
    receivers = Receivers(folder, seed)
    server = await asyncio.start_server(receivers.serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
