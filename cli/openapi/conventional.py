"""The five operations that assistants, webhooks and sources have alike, in Twilio's conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.openapi import parameters
from cli.openapi.resource import Operation, Success
from parley.errors import ConflictError, LimitReachedError, PreconditionFailedError

if TYPE_CHECKING:
    from cli.openapi.resource import Body, Schema, View


def operations(
    view: View, plural: str, path: str, *, create: Body, update: Body, delete_query: tuple[Schema, ...] = ()
) -> tuple[Operation, ...]:
    """List, create, fetch, update, delete.

    Args:
        view: The resource as each of them answers it.
        plural: As `ListWebhooks` has it.
        path: Of the list.
        create: What creation reads.
        update: What a change reads.
        delete_query: What deletion takes in its query.
    """
    one, name = f"{path}/{{{'AssistantSid' if plural == 'Assistants' else 'Sid'}}}", view.name
    about = f"The {name.lower()}."
    return (
        Operation(
            name=f"List{plural}",
            method="GET",
            path=path,
            parameters=parameters.PAGING,
            successes={200: Success(about="A page.", shown=view, page=True)},
        ),
        Operation(
            name=f"Create{name}",
            method="POST",
            path=path,
            body=create,
            successes={201: Success(about=about, shown=view, versioned=True)},
            refused=(ConflictError, LimitReachedError),
        ),
        Operation(
            name=f"Fetch{name}",
            method="GET",
            path=one,
            successes={200: Success(about=about, shown=view, versioned=True)},
        ),
        Operation(
            name=f"Update{name}",
            method="POST",
            path=one,
            parameters=(parameters.IF_MATCH,),
            body=update,
            successes={200: Success(about=about, shown=view, versioned=True)},
            refused=(ConflictError, PreconditionFailedError),
        ),
        Operation(
            name=f"Delete{name}",
            method="DELETE",
            path=one,
            parameters=(*delete_query, parameters.IF_MATCH),
            successes={204: Success(about="It is gone.")},
            refused=(ConflictError, PreconditionFailedError),
        ),
    )
