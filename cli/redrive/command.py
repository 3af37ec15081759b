"""The command `parley redrive`: what lies in the dead-letter queues goes back to where it came from."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from threading import Event
from typing import TYPE_CHECKING

from cli import command_line, connection, progress
from cli.command_line import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, fail
from cli.resources import show

if TYPE_CHECKING:
    from cli.command_line import Subcommands
    from cli.redrive.moves import Moved
    from cli.redrive.places import DeadLetters, Place

MAX_RATE = 500  # SQS's own limit for a move task
_EXIT_STATUSES = """exit status:
  0    all that lay there was moved, or nothing lay there
  1    something was not moved; the reason is on stderr
  2    the command line is wrong, or names no deployment
  130  Ctrl-C: what was moved stays moved, the rest lies where it was"""


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one queue, and with `--json` in these words.

    Attributes:
        found: What could be moved when the command began.
        held: What somebody else had received then; it shows itself again.
        status: `counted` (a dry run), `completed`, `cancelled` or `failed`.
    """

    queue: str
    found: int
    held: int
    moved: int
    status: str
    reason: str | None


def add(commands: Subcommands) -> None:
    """Put it on the command line."""
    redrive = command_line.add(
        commands,
        "redrive",
        does="move what lies in the dead-letter queues back to where it came from",
        about="Mend the cause first: what fails again is a dead letter again. A message may come twice; an event that "
        "is known is not sent again, and every copy of a callback has the same webhook-id.",
        examples=(
            "parley redrive --dry-run",
            "parley redrive --stack-name parley --region eu-west-1",
            "parley redrive --stack-name parley --queue EventsDeadLetterQueue --rate 20",
        ),
        exit_statuses=_EXIT_STATUSES,
    )
    where = redrive.add_argument_group("which deployment (default: the run of `parley up` in this folder)")
    connection.add_stack_options(where)
    redrive.add_argument("--queue", metavar="NAME", help="this one alone, by its name in the template (default: all)")
    redrive.add_argument("--rate", type=_rate, metavar="N", help=f"messages a second, at most; 1 to {MAX_RATE}")
    redrive.add_argument("--dry-run", action="store_true", help="only count what lies there")
    redrive.add_argument("--json", action="store_true", help="for programs: one object on stdout at the end")
    redrive.set_defaults(run=_run)


def _rate(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MAX_RATE}")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    # not at the top: `parley --help` need not load an AWS client
    from cli.redrive import places  # noqa: PLC0415

    try:
        if arguments.stack_name:
            asking = places.session(region=arguments.region, profile=arguments.profile)
            place = places.of_stack(asking, arguments.stack_name)
        else:
            place = places.of_run(os.environ)
        queues = place.named(arguments.queue)
    except places.NoPlaceError as error:
        return fail(error, EXIT_USAGE)
    except places.UNREACHABLE as error:
        return fail(show.printable(str(error)))
    with _ctrl_c() as stop:
        rows = [_redrive(place, queue, arguments, stop) for queue in queues]
    if arguments.json:
        show.as_json({"queues": [asdict(row) for row in rows]}, sys.stdout)
    else:
        for row in rows:
            print(_line(row))
    if any(row.status == "failed" for row in rows):
        return EXIT_FAILED
    return EXIT_INTERRUPTED if stop.is_set() else 0


def _redrive(place: Place, queue: DeadLetters, arguments: argparse.Namespace, stop: Event) -> Row:
    from cli.redrive import by_hand, by_task, moves, places  # noqa: PLC0415 — as above

    found, moved = moves.Counted(0, 0), 0

    def failed(error: Exception) -> Row:
        reason = show.printable(str(error))
        fail(f"{queue.name}: {reason}")
        return Row(queue.name, found.visible, found.held, moved, moves.FAILED, reason)

    try:
        found = moves.count(place.sqs, queue)
        if arguments.dry_run:
            return Row(queue.name, found.visible, found.held, 0, "counted", None)
        if stop.is_set():
            return Row(queue.name, found.visible, found.held, 0, moves.CANCELLED, None)
        if not found.visible:
            return Row(queue.name, 0, found.held, 0, moves.COMPLETED, None)
        with nullcontext(_untold) if arguments.json else progress.shown(queue.name, sys.stderr) as meter:

            def report(done: int, total: int) -> None:
                nonlocal moved
                moved = done
                meter(done, total)

            move = by_task.move if place.has_move_tasks else by_hand.move
            ended: Moved = move(place.sqs, queue, rate=arguments.rate, stop=stop, report=report)
    except places.UNREACHABLE as error:
        return failed(error)
    if ended.status == moves.FAILED:
        fail(f"{queue.name}: {ended.reason}")
    return Row(queue.name, found.visible, found.held, ended.moved, ended.status, ended.reason)


def _line(row: Row) -> str:
    said = f"{row.queue}: {row.found} found"
    if row.status != "counted":
        said += f", {row.moved} moved"
    if row.held:
        said += f", {row.held} held by somebody else for the moment"
    return said if row.status in ("counted", "completed") else f"{said} ({row.status})"


def _untold(done: int, total: int | None, note: str = "") -> None:
    """A meter for programs, which read the end alone."""


@contextmanager
def _ctrl_c() -> Iterator[Event]:
    """Set by the first Ctrl-C; the second one ends the process where it is, which loses nothing either."""
    stop = Event()

    def interrupted(_number: int, _frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
