"""Options that narrow a list of events or deliveries or say how much of it is shown, and the list that they ask for."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from cli import moments, option_values
from parley.platforms import PLATFORM_NAMES
from parley.vocabulary import PARLEY, TYPES

if TYPE_CHECKING:
    import argparse

    from cli.api_client import ApiClient, Resource

_SHOWN = 50
_LARGEST_PAGE = 1000


def add_filters(command: argparse.ArgumentParser) -> None:
    """Options that say which events."""
    platforms = (*PLATFORM_NAMES, PARLEY)
    command.add_argument("--type", choices=TYPES, metavar="TYPE", help="only of this common type")
    command.add_argument("--platform", choices=platforms, metavar="NAME", help=f"only from it: {', '.join(platforms)}")
    command.add_argument("--conversation", metavar="ID", help="only of this conversation")


def filters(arguments: argparse.Namespace) -> dict[str, str]:
    """What `add_filters`' options ask for, as the API names it."""
    asked = {"Type": arguments.type, "Platform": arguments.platform, "ConversationId": arguments.conversation}
    # an empty one too: the API refuses it, where to leave it out would ask for all (`--conversation "$UNSET"`)
    return {name: value for name, value in asked.items() if value is not None}


def add_times(command: argparse.ArgumentParser) -> None:
    """Options that narrow a list by when events were accepted."""
    for name, does in (("after", "accepted from then on"), ("before", "accepted before then")):
        help_text = f"only {does}: 30m, 2h or 7d ago, 2026-11-20, 2026-11-20T08:00:00Z"
        command.add_argument(f"--{name}", type=moments.moment, metavar="TIME", help=help_text)


def times(arguments: argparse.Namespace) -> dict[str, str]:
    """What `add_times`' options ask for, as the API names it."""
    asked = {"After": arguments.after, "Before": arguments.before}
    return {name: value for name, value in asked.items() if value is not None}


def add_limit(command: argparse.ArgumentParser) -> None:
    """Options that say how much of a list is shown, and how."""
    how_many = command.add_mutually_exclusive_group()
    how_many.add_argument(
        "--limit", type=option_values.count, default=_SHOWN, metavar="N", help="so many at most (default: %(default)s)"
    )
    how_many.add_argument("--all", action="store_true", help="all there are")
    command.add_argument("--json", action="store_true", help="the API's items, for programs")


def listed(
    client: ApiClient, path: tuple[str, ...], key: str, asked: dict[str, str], arguments: argparse.Namespace
) -> list[Resource]:
    """As many of a list's items as `add_limit`'s options ask for; says on stderr when there are more.

    Args:
        client: Calls the deployment.
        path: Of the list.
        key: The name under which its items stand.
        asked: What the list is narrowed by, as the API names it.
        arguments: The command's.
    """
    limit = None if arguments.all else arguments.limit
    # one more, to know whether there are more
    size = _LARGEST_PAGE if limit is None else min(limit + 1, _LARGEST_PAGE)
    items = client.list_all(path, key, page_size=size, filters=asked)
    found = list(itertools.islice(items, None if limit is None else limit + 1))
    if limit is not None and len(found) > limit:
        print(f"parley: only the first {limit} {key}; --limit N or --all shows more", file=sys.stderr)
    return found[:limit]
