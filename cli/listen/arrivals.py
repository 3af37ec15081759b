"""An assistant's events as they arrive: the history API is asked again and again, and each event given once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from cli import moments

if TYPE_CHECKING:
    from cli.api_client import ApiClient, Resource
    from cli.listen.feed import Feed
    from cli.listen.patience import Patience

_PAGE_SIZE = 200


def arrivals(
    client: ApiClient,
    assistant: str,
    feed: Feed,
    patience: Patience,
    *,
    filters: Mapping[str, str],
    sleep: Callable[[], None],
) -> Iterator[Resource]:
    """Events, each once, as the list shows them; without end.

    A look counts when all of its pages were read: what was read of one that failed is read again.

    Args:
        client: Calls the deployment.
        assistant: SID or unique name.
        feed: Knows what was given before.
        patience: Asks again when the deployment cannot answer.
        filters: What the list is narrowed by, as the API names it.
        sleep: Waits between two looks.

    Raises:
        ApiError: As `Patience`.
    """
    while True:
        asked = {**filters, "After": moments.iso(feed.after())}
        yield from feed.take(patience(functools.partial(_look, client, assistant, asked)))
        sleep()


def _look(client: ApiClient, assistant: str, filters: Mapping[str, str]) -> list[Resource]:
    path = ("Assistants", assistant, "Events")
    return list(client.list_all(path, "events", page_size=_PAGE_SIZE, filters=filters))
