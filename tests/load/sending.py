"""A platform's events at a steady rate, each sent until it is accepted, always under one identity."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field

import aiohttp

from tests.e2e.bundle import DEMO_MESSAGEHUB

REPEAT_SECONDS = 0.5
AT_ONCE = 100


@dataclass
class Sent:
    """What was accepted when, in monotonic seconds by the events' numbers, and how often one had to be sent again."""

    accepted: dict[int, float] = field(default_factory=dict)
    repeats: int = 0


async def send(api_url: str, *, events: int, per_second: float, sent: Sent, first: int = 1) -> None:
    """Send them, numbered from `first` on; whoever watches `sent` sees how far it is."""
    started = time.monotonic()
    limit = aiohttp.ClientTimeout(total=15)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(timeout=limit, connector=connector) as session, asyncio.TaskGroup() as tasks:
        for index in range(events):
            await asyncio.sleep(max(0.0, started + index / per_second - time.monotonic()))
            tasks.create_task(_send_one(session, api_url + DEMO_MESSAGEHUB, first + index, sent))


async def _send_one(session: aiohttp.ClientSession, url: str, number: int, sent: Sent) -> None:
    body = json.dumps(
        {
            "event": "message_created",
            "id": number,
            "message_type": "incoming",
            "content": f"メッセージ {number} " + "x" * 400,
            "conversation": {"id": number // 5 + 1},
        }
    ).encode()
    headers = {"Content-Type": "application/json", "X-Chatwoot-Delivery": f"load-{number}"}
    while True:
        try:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                if answer.status == 200:
                    sent.accepted[number] = time.monotonic()
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass  # the worker that had it was killed: nobody said that it was accepted
        sent.repeats += 1
        await asyncio.sleep(REPEAT_SECONDS)
