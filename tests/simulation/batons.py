"""Ordinary functions that take turns: each on a thread of its own, of which exactly one runs, the holder of the baton.

The code under test is synchronous. Where it calls a fake client it gives the baton back, and whoever schedules decides
who goes on; so a run depends on nothing but its seed, however many threads there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class _Thread(threading.Thread):
    """Runs one function after another, each when it is given the baton."""

    def __init__(self) -> None:
        super().__init__(name="simulated", daemon=True)
        self.turn = threading.Lock()
        self.over = threading.Lock()
        self.turn.acquire()
        self.over.acquire()
        self.body: Callable[[], None] = lambda: None
        self.start()

    def run(self) -> None:
        """Forever: idle threads are kept for the next schedule."""
        while True:
            self.turn.acquire()
            self.body()
            self.over.release()


_IDLE: list[_Thread] = []


class Baton:
    """One function that can be left in the middle and gone on with."""

    def __init__(self, body: Callable[[], None]) -> None:
        self._thread = _IDLE.pop() if _IDLE else _Thread()
        self._thread.body = self._run
        self._body = body
        self._error: BaseException | None = None
        self.finished = False

    def _run(self) -> None:
        try:
            self._body()
        except BaseException as error:  # noqa: BLE001 — whoever resumed it gets it
            self._error = error
        self.finished = True

    def resume(self) -> None:
        """Let it run until it gives the baton back.

        Raises:
            BaseException: What the function raised.
        """
        self._thread.turn.release()
        self._thread.over.acquire()
        if self.finished:
            _IDLE.append(self._thread)
            if self._error is not None:
                raise self._error

    def give_back(self) -> None:
        """Called by the function itself: wait for the next turn."""
        self._thread.over.release()
        self._thread.turn.acquire()
