"""SQS in memory: visibility, delays, receive counts, dead letters and their way back under a new message id."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_DELAY_SECONDS = 900
MAX_BYTES = 1024 * 1024


@dataclass
class Message:
    """A message, as long as its queue has it.

    Attributes:
        number: Its message id; another one after a redrive.
        visible_ms: When it can be received (again).
    """

    body: str
    number: int
    visible_ms: int
    receives: int = 0


@dataclass
class Queue:
    """One queue and its dead letters.

    Attributes:
        max_receives: One receive more makes it a dead letter.
        numbers: Gives message ids.
    """

    name: str
    visibility_ms: int
    max_receives: int
    numbers: Iterator[int]
    messages: dict[int, Message] = field(default_factory=dict)
    dead: list[Message] = field(default_factory=list)

    def send(self, body: str, *, visible_ms: int) -> None:
        """Take a message."""
        number = next(self.numbers)
        self.messages[number] = Message(body, number, visible_ms)

    def visible(self, now_ms: int) -> list[Message]:
        """What can be received; those that were received too often are dead letters from now on."""
        found = [message for message in self.messages.values() if message.visible_ms <= now_ms]
        for message in found:
            if message.receives >= self.max_receives:
                self.dead.append(self.messages.pop(message.number))
        return [message for message in found if message.number in self.messages]

    def next_ms(self) -> int | None:
        """When the next message becomes visible."""
        return min((message.visible_ms for message in self.messages.values()), default=None)

    def receive(self, messages: Sequence[Message], now_ms: int) -> None:
        """Hide them from others for as long as a holder may take."""
        for message in messages:
            message.receives += 1
            message.visible_ms = now_ms + self.visibility_ms

    def delete(self, numbers: Sequence[int]) -> None:
        """They are done with."""
        for number in numbers:
            self.messages.pop(number, None)

    def redrive(self, now_ms: int) -> int:
        """Bring the dead letters back: new messages with new ids that nobody has received."""
        letters, self.dead = self.dead, []
        for letter in letters:
            self.send(letter.body, visible_ms=now_ms)
        return len(letters)


class Client:
    """The client's face of some queues, by their URLs.

    Args:
        refuses: Asked for each entry of a batch.
    """

    def __init__(
        self, queues: Mapping[str, Queue], now_ms: Callable[[], int], refuses: Callable[[], bool] = lambda: False
    ) -> None:
        self._queues = queues
        self._now_ms = now_ms
        self._refuses = refuses

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageGroupId: str) -> dict[str, Any]:  # noqa: N803 — boto3's
        assert MessageGroupId
        assert len(MessageBody.encode()) <= MAX_BYTES
        self._queues[QueueUrl].send(MessageBody, visible_ms=self._now_ms())
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= MAX_BYTES
        failed = []
        for entry in Entries:
            assert entry["MessageGroupId"]
            assert 0 <= entry["DelaySeconds"] <= MAX_DELAY_SECONDS
            if self._refuses():
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
                continue
            self._queues[QueueUrl].send(entry["MessageBody"], visible_ms=self._now_ms() + entry["DelaySeconds"] * 1000)
        return {"Failed": failed} if failed else {}


def numbers() -> Iterator[int]:
    """Message ids."""
    return itertools.count(1)
