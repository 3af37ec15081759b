"""The command `parley up` and its options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli import command_line

if TYPE_CHECKING:
    from cli.command_line import Subcommands

PROJECT = Path(__file__).resolve().parents[2]
_MAX_PORT = 65_535
_EXIT_STATUSES = """exit status:
  0  stopped by Ctrl-C or a signal; with --demo, everything verified
  1  something that it runs cannot be kept running; with --demo, something did not verify
  2  the command line is wrong, a port is taken or a file cannot be written"""


def add(commands: Subcommands) -> None:
    """Put it on the command line."""
    up = command_line.add(
        commands,
        "up",
        does="run the whole bundle on this machine",
        about="It needs no Docker and no AWS account. Its state ends with it.",
        examples=["parley up", "parley up --demo", "parley up --port 0 --ready-file ready.json --time-scale 30"],
        exit_statuses=_EXIT_STATUSES,
    )
    up.add_argument("--port", type=_port, help="listen there; 0: any (default: 3000, or the next free one)")
    up.add_argument("--bind", default="127.0.0.1", metavar="ADDR", help="address to listen on (default: %(default)s)")
    up.add_argument(
        "--demo", action="store_true", help="send each platform's event through it and verify what comes out"
    )
    up.add_argument(
        "--json", action="store_true", help="on a terminal too: the ready object on stdout, the rest on stderr"
    )
    up.add_argument("--ready-file", type=Path, metavar="FILE", help="write the ready object there once it serves")
    up.add_argument(
        "--time-scale",
        type=_scale,
        default=1.0,
        metavar="N",
        help="divide visibility, delays and schedules by N (default: 1)",
    )
    up.add_argument(
        "--template",
        type=Path,
        default=PROJECT / "template.yaml",
        metavar="FILE",
        help="what to run (default: the project's template.yaml)",
    )
    up.add_argument(
        "--parameter",
        action="append",
        default=[],
        dest="parameters",
        type=_parameter,
        metavar="NAME=VALUE",
        help="a parameter of the template; keys in Jwks are trusted beside the run's own",
    )
    up.set_defaults(run=_run)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 (any) to {_MAX_PORT}")
    return int(text)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 1 <= scale < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return scale


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _run(arguments: argparse.Namespace) -> int:
    # not at the top: `parley --help` need not load an AWS client
    from cli.up.run import Options, up  # noqa: PLC0415

    return up(
        Options(
            template=arguments.template.resolve(),
            state_dir=Path.cwd() / ".parley",
            port=arguments.port,
            bind=arguments.bind,
            demo=arguments.demo,
            json=arguments.json,
            ready_file=arguments.ready_file,
            time_scale=arguments.time_scale,
            parameters=dict(arguments.parameters),
        )
    )
