"""Asking again when a deployment cannot answer for the moment: after a while, then after a longer one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from cli.api_client import RefusedError, UnreachableError

Returned = TypeVar("Returned")

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
_FOR_THE_MOMENT = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


class Patience:
    """Says once that it waits, and once that it goes on."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        unit: Callable[[], float] = random.random,
    ) -> None:
        """Args:
        say: Where people read.
        sleep: Waits so many seconds.
        unit: A random number from 0 to 1, so that many listeners do not come back at once.
        """
        self._say = say
        self._sleep = sleep
        self._unit = unit

    def __call__(self, ask: Callable[[], Returned]) -> Returned:
        """The answer, however long it takes to be had.

        Raises:
            ApiError: For a reason that waiting does not mend, such as a token that has expired.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = ask()
            except (UnreachableError, RefusedError) as error:
                if isinstance(error, RefusedError) and error.status not in _FOR_THE_MOMENT:
                    raise
                if pause == FIRST_PAUSE_SECONDS:
                    self._say(f"{error}\n  Trying again, every {LONGEST_PAUSE_SECONDS:.0f} s at last.")
                self._sleep(pause * (0.5 + self._unit() / 2))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                if pause != FIRST_PAUSE_SECONDS:
                    self._say("It answers again; what came meanwhile follows.")
                return answer
