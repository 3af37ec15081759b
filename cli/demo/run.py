"""`parley up --demo`: wiring only. Receiver, resources, the play, the total, what to try next."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TextIO

from cli.demo import texts
from cli.demo.calls import ManagementApi
from cli.demo.configure import configure
from cli.demo.errors import DemoError
from cli.demo.play import Play
from cli.demo.process import Receiver
from cli.demo.scenario import SUBSCRIBERS, Callback
from cli.demo.show import Plain, Show, Terminal

if TYPE_CHECKING:
    from cli.up.files import Ready

_LOOK_EVERY_SECONDS = 1.0


def run(ready: Ready, folder: str, stopping: threading.Event, *, stream: TextIO | None = None) -> int:
    """Plays the demo on a bundle that serves.

    On a terminal the receiver lives on, and shows what still comes, until this process ends.

    Args:
        ready: Where it serves, and the token.
        folder: Where the run leaves its files, as it is written in a command.
        stopping: Set when the run ends early.
        stream: For people to read; stdout when not given.

    Returns:
        0 when every event came out verified and every forgery was refused, else 1.
    """
    stream = stream or sys.stdout
    terminal = stream.isatty()
    show: Show = Terminal(stream) if terminal else Plain(stream)
    try:
        receiver = Receiver()
        threading.Thread(target=_close_at, args=(stopping, receiver), name="demo-stop", daemon=True).start()
        try:
            configured = configure(ManagementApi(ready.api_url, ready.token), SUBSCRIBERS, receiver.url)
            receiver.learn(
                {
                    each.path: {"secret": configured.webhooks[each.path].secret, "answers": each.answers}
                    for each in SUBSCRIBERS
                }
            )
            show.say(*texts.opening(receiver.url, receiver.libraries))
            total = Play(configured, receiver, show).run()
        finally:
            if not terminal:
                receiver.close()
    except (DemoError, OSError) as error:  # OSError: a sample that is not there
        if not stopping.is_set():
            show.say("", f"The demo failed: {error}", good=False)
        return 1
    show.say(*texts.closing(total, folder), good=not total.problems)
    if not total.problems:
        show.say(*texts.next_steps(ready.api_url, folder, configured, terminal=terminal))
    if terminal:
        threading.Thread(target=_follow, args=(receiver, show, stopping), name="demo-receiver", daemon=True).start()
    return 1 if total.problems else 0


def _close_at(stopping: threading.Event, receiver: Receiver) -> None:
    """Ends the receiver with the run, and thereby whatever waits for it."""
    stopping.wait()
    receiver.close()


def _follow(receiver: Receiver, show: Show, stopping: threading.Event) -> None:
    """Shows what people send themselves."""
    while not stopping.is_set():
        try:
            report = receiver.next_report(_LOOK_EVERY_SECONDS)
        except DemoError:
            return
        if report is not None:
            callback = Callback.from_report(report)
            show.say(texts.later(callback), good=not callback.problems)
