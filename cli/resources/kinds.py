"""What the three kinds of resources are called, which parameters they take, and what of them a list shows.

Rules are the API's alone: what it refuses, it names, and nothing is checked here a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Given(Enum):
    """How a parameter's value comes from the command line."""

    HERE = "as the option's value"
    IN_FILE = "in a file or on stdin, for what a shell history must not keep"
    BY_PRESENCE = "true when the option is there"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the API that has an option of its own.

    Attributes:
        key: As answers name it.
        update_only: Whether it means something on an update alone.
    """

    key: str
    help: str
    given: Given = Given.HERE
    update_only: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resources.

    Attributes:
        name: The command, and the name under which items stand in a page.
        path: The last segment of the list's path.
        in_assistant: Whether it belongs to an assistant, which is then the first argument.
        columns: What a list shows.
        example: What names one of them on the command line.
        create_example: What stands behind `create`, after the assistant.
        update_example: What stands behind `update` and the name.
    """

    name: str
    one: str
    path: str
    help: str
    in_assistant: bool
    parameters: tuple[Parameter, ...]
    columns: tuple[str, ...]
    example: str
    create_example: str
    update_example: str


_NAME = Parameter("unique_name", "1 to 64 characters; it can stand wherever the SID can")
_SECRET = Parameter("secret", "the secret, in a file", Given.IN_FILE)
_ROTATE_SECRET = Parameter("rotate_secret", "generate a new secret", Given.BY_PRESENCE, update_only=True)
_OVERLAP = Parameter("overlap_seconds", "how long what is replaced stays live (default: a day)", update_only=True)

ASSISTANTS = Kind(
    name="assistants",
    one="assistant",
    path="Assistants",
    help="the folders for one bot each: its sources, webhooks and events",
    in_assistant=False,
    parameters=(_NAME,),
    columns=("sid", "unique_name", "date_created"),
    example="my-bot",
    create_example="--unique-name my-bot",
    update_example="--unique-name our-bot",
)
WEBHOOKS = Kind(
    name="webhooks",
    one="webhook",
    path="Webhooks",
    help="where Parley calls you",
    in_assistant=True,
    parameters=(
        _NAME,
        Parameter("events", "names, separated by spaces: the platforms' own, message.received and the like, or *"),
        Parameter("webhook_url", "where to call"),
        Parameter("webhook_method", "POST or GET"),
        Parameter("enabled", "true or false"),
        Parameter("format", "how callbacks are written: native or cloudevents"),
        Parameter("jwt", "auto, always or never"),
        Parameter("retry_schedule", "seconds before each retry, separated by spaces"),
        Parameter("headers", "headers of your own as a JSON object, in a file", Given.IN_FILE),
        _SECRET,
        _ROTATE_SECRET,
        _OVERLAP,
    ),
    columns=("sid", "unique_name", "status", "events", "webhook_url"),
    example="my-bot crm",
    create_example="--unique-name crm --events message.received --webhook-url https://crm.example.com/hook",
    update_example="--rotate-secret --overlap-seconds 3600",
)
SOURCES = Kind(
    name="sources",
    one="source",
    path="Sources",
    help="where platforms call Parley",
    in_assistant=True,
    parameters=(
        _NAME,
        Parameter("platform", "autopilot, watsonx, messagehub or tropo"),
        Parameter("options", "its platform's options as a JSON object, in a file", Given.IN_FILE),
        _SECRET,
        _ROTATE_SECRET,
        Parameter("rotate_token", "make a new token for its URL", Given.BY_PRESENCE, update_only=True),
        _OVERLAP,
    ),
    columns=("sid", "unique_name", "platform"),
    example="my-bot twilio",
    create_example="--unique-name twilio --platform autopilot --secret-file auth-token",
    update_example="--rotate-token",
)
KINDS = (ASSISTANTS, WEBHOOKS, SOURCES)
