"""The command `parley doctor`: what is well with a deployment and what is not, with what to do about it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli import command_line, connection
from cli.command_line import EXIT_FAILED, UsageError
from cli.doctor import api
from cli.doctor.findings import NOTE, PROBLEM, UNCHECKED, Finding
from cli.resources import show

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.command_line import Subcommands

_ABOUT = """It changes nothing. Asked are the API and, with --stack-name and AWS credentials, SQS, CloudWatch, Lambda
and CloudFormation. What could not be asked is said so and is no problem."""
_EXIT_STATUSES = """exit status:
  0  all that could be checked is well
  1  there are problems; beneath each stands what to do
  2  the command line is wrong, or names no deployment"""


def add(commands: Subcommands) -> None:
    """Put it on the command line."""
    doctor = command_line.add(
        commands,
        "doctor",
        does="check a deployment, and say what to do about what is wrong",
        about=_ABOUT,
        examples=[
            "parley doctor",
            "parley doctor --api-url https://hooks.example.com --stack-name parley --region eu-west-1",
            "parley doctor --json",
        ],
        exit_statuses=_EXIT_STATUSES,
    )
    connection.add_stack_options(doctor.add_argument_group("AWS"))
    doctor.add_argument("--json", action="store_true", help="a list of findings, for programs")
    command_line.on_deployment(doctor, _doctor)


def _doctor(client: ApiClient, arguments: argparse.Namespace) -> int:
    if arguments.stack_name and connection.is_local(client.connection.url):
        address = f"--api-url or {connection.URL_VARIABLE}"
        raise UsageError(f"--stack-name is a deployment in AWS: give its address too, {address} (its output ApiUrl)")
    found = [*api.checks(client), *_queues(client, arguments)]
    if arguments.json:
        show.as_json([asdict(finding) for finding in found], sys.stdout)
    else:
        _print(found)
    return EXIT_FAILED if any(finding.status == PROBLEM for finding in found) else 0


def _queues(client: ApiClient, arguments: argparse.Namespace) -> Iterator[Finding]:
    # not at the top: an AWS client, which `parley --help` need not load
    from cli.doctor import queues  # noqa: PLC0415
    from cli.redrive import places  # noqa: PLC0415

    stack = arguments.stack_name
    try:
        if stack is None:
            if not connection.is_local(client.connection.url):
                yield queues.unchecked("nothing says which stack it is")
                return
            yield from queues.of_run(places.of_run(os.environ))
            return
        session = places.session(region=arguments.region, profile=arguments.profile)
        yield from queues.of_stack(places.of_stack(session, stack), session, stack)
    except places.NoPlaceError as error:
        yield queues.broken(stack, error) if stack else queues.unchecked(str(error))
    except places.UNREACHABLE as error:  # no credentials, no region, no permission, no way there
        yield queues.unasked(str(error)) if stack else queues.unchecked(str(error))


def _print(found: Sequence[Finding]) -> None:
    """A line for each, and beneath it what to do: plain text, so that it can be pasted into an issue."""
    widths = [
        max(len(text) for text in column) for column in zip(*((each.status, each.check) for each in found), strict=True)
    ]
    for finding in found:
        status, check = finding.status.ljust(widths[0]), show.printable(finding.check).ljust(widths[1])
        print(f"{status}  {check}  {show.printable(finding.said)}")
        if finding.advice:
            print(f"{' ' * widths[0]}  -> {show.printable(finding.advice)}")
    counts = {status: sum(finding.status == status for finding in found) for status in (PROBLEM, NOTE, UNCHECKED)}
    problems = counts[PROBLEM]
    said = ["no problems" if not problems else f"{problems} problem{'s' if problems > 1 else ''}"]
    said += [f"{counts[NOTE]} to note"] if counts[NOTE] else []
    said += [f"{counts[UNCHECKED]} not checked"] if counts[UNCHECKED] else []
    print(f"\n{', '.join(said)}")
