"""What the dispatcher is given from outside: tables, queues, HTTP, time and chance; tests give others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import random
from typing import TYPE_CHECKING, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from functions.dispatcher.commit import Together
from parley.telemetry import Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from functions.dispatcher.routes import Routes
    from functions.dispatcher.vitals import Vitals
    from parley.attempts import Outcome
    from parley.platforms.interface import Callback
    from parley.settings import DispatcherSettings

Returned = TypeVar("Returned")

# What DynamoDB and SQS say when they are throttled or briefly away: trying again is right, posting again is not.
_TRANSIENT = frozenset({
    "InternalServerError", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
    "ServiceUnavailable", "ThrottlingException",
})  # fmt: skip
_ATTEMPT_MS = 11_000  # its time limit, and what a table that does not hang takes to write
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


class Poster(Protocol):
    """The HTTP client."""

    def post_all(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        """Make these calls at once; a receiver's fault is an outcome, never an exception."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside.

    Attributes:
        unit: A random number from 0 to 1.
        tally: What this batch comes to; told once, at its end.
        together: What this environment knows of commits that share a request.
    """

    settings: DispatcherSettings
    dynamodb: DynamoDBClient
    sqs: SQSClient
    poster: Poster
    routes: Routes
    vitals: Vitals
    now_ms: Callable[[], int]
    unit: Callable[[], float] = random
    sleep: Callable[[float], None] = time.sleep
    tally: Tally = field(default_factory=Tally)
    together: Together = field(default_factory=Together)

    def has_time(self, deadline_ms: int) -> bool:
        """Whether one more attempt fits before the deadline."""
        return self.now_ms() + _ATTEMPT_MS < deadline_ms

    def persist(self, write: Callable[[], Returned], *, deadline_ms: int) -> Returned:
        """Write, and again while the table or queue is throttled, until the deadline.

        Raises:
            ClientError: When it refuses for another reason, or the time is up.
            BotoCoreError: When it cannot be reached and the time is up.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return write()
            except (ClientError, BotoCoreError) as error:
                transient = isinstance(error, BotoCoreError) or error.response["Error"]["Code"] in _TRANSIENT
                if not transient or self.now_ms() + pause * 1000 >= deadline_ms:
                    raise
            self.sleep(pause * (0.5 + self.unit() / 2))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
