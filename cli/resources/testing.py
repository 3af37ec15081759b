"""The command `parley webhooks test`: a sample event, sent to one webhook alone, and what was answered."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli import command_line
from cli.deliveries import EXIT_STATUSES, attempts_of, show_outcome

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.command_line import Subcommands


def add(verbs: Subcommands) -> None:
    """Put it among the verbs of webhooks."""
    test = command_line.add(
        verbs,
        "test",
        does="send a webhook a sample event, and show what is answered",
        about="The callback is made and signed like any other, has the header `Parley-Test: true` and one attempt.",
        examples=["parley webhooks test my-bot crm", "parley webhooks test my-bot crm --type message.received"],
        exit_statuses=EXIT_STATUSES,
    )
    test.add_argument("assistant", metavar="ASSISTANT", help="its SID or unique name")
    test.add_argument("webhook", metavar="WEBHOOK", help="its SID or unique name")
    test.add_argument(
        "--type",
        metavar="NAME",
        help="a common type or a platform's event name (default: one that the webhook subscribed to)",
    )
    test.add_argument("--json", action="store_true", help="the API's answer, for programs")
    command_line.on_deployment(test, _test)


def _test(client: ApiClient, arguments: argparse.Namespace) -> int:
    webhook = ("Assistants", arguments.assistant, "Webhooks", arguments.webhook)
    queued = client.call("POST", (*webhook, "Test"), form=[("Type", arguments.type)] if arguments.type else [])
    path = (*webhook, "Deliveries", queued["sid"])
    return show_outcome(client, path, attempts_of(queued), as_json=arguments.json)
