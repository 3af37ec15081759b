"""Assistants: the folder for one bot's sources, webhooks and events."""

from __future__ import annotations

from cli.openapi import conventional, parameters
from cli.openapi.resource import Body, Resource, View
from cli.openapi.values import BASE_URL, CREATED_MS, DATES, SAMPLE_ACCOUNT, SAMPLE_ASSISTANT, UNIQUE_NAME, link, sid
from functions.webhooks import assistants, shapes
from parley.config_table.assistants import Assistant
from parley.sids import ACCOUNT, ASSISTANT

_SAMPLE = Assistant(
    sid=SAMPLE_ASSISTANT,
    account_sid=SAMPLE_ACCOUNT,
    unique_name="support-bot",
    created_ms=CREATED_MS,
    updated_ms=CREATED_MS,
    version=1,
)
_EXAMPLE = shapes.assistant(_SAMPLE, BASE_URL)

_ABOUT = "The folder for one bot: its sources, webhooks and events."
_VIEW = View(
    name="Assistant",
    about=_ABOUT,
    keys={
        "sid": sid(ASSISTANT, "The assistant."),
        "account_sid": sid(ACCOUNT, "Whose it is."),
        "unique_name": UNIQUE_NAME,
        **DATES,
        "url": link("Of the assistant."),
        "links": {
            "type": "object",
            "description": "What it holds.",
            "required": list(_EXAMPLE["links"]),
            "properties": {name: link(f"Its {name}.") for name in _EXAMPLE["links"]},
        },
    },
    example=_EXAMPLE,
)


def _body(*required: str) -> Body:
    return Body(
        writable=assistants.WRITABLE,
        read_only=assistants.READ_ONLY,
        required=required,
        rules={"unique_name": UNIQUE_NAME},
        example={"unique_name": "support-bot"},
    )


RESOURCE = Resource(
    name="Assistant",
    plural="Assistants",
    about=_ABOUT,
    path=assistants.LIST,
    views=(_VIEW,),
    operations=conventional.operations(
        _VIEW,
        "Assistants",
        assistants.LIST,
        create=_body("unique_name"),
        update=_body(),
        delete_query=(
            parameters.of_query(
                "Cascade",
                "Delete all that it holds too; without it, an assistant with webhooks or sources is refused (409)."
                " Where there is more than one request removes, the answer is 409 and the same request goes on.",
                {"type": "boolean", "default": False},
            ),
        ),
    ),
)
