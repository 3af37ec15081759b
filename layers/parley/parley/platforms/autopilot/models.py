"""Views on Autopilot's event parameters (seed 000): the common ones and each event's own.

Values are texts on the wire, numbers and booleans too; `Memory` and `Fields` are JSON inside a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from parley.platforms.view import JsonText, Moment, View


def _fields(value: object) -> object:
    # the seed describes an array and shows an object that holds one
    return value.get("fields") if isinstance(value, Mapping) else value


class RecognisedField(View):
    """A field that was recognised in what the person said."""

    name: str | None = None
    type: str | None = None
    value: Any = None


class AutopilotEvent(View):
    """The parameters of every event. `sid` identifies it: 32 hex digits without a two-letter prefix."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_pascal)

    sid: str | None = None
    event_date: Moment = None
    webhook_sid: str | None = None
    event: str | None = Field(default=None, validation_alias=AliasChoices("Event", "EventType"))
    account_sid: str | None = None
    assistant_sid: str | None = None
    dialogue_sid: str | None = None
    user_identifier: str | None = None
    current_task: str | None = None
    language: str | None = None
    dialogue_payload_url: str | None = None
    memory: Annotated[dict[str, Any] | None, JsonText] = None
    channel: str | None = None


class DialogueStart(AutopilotEvent):
    """onDialogueStart: a user starts a dialogue."""

    dialogue_entry_point: str | None = None


class DialogueTurn(AutopilotEvent):
    """onDialogueTurn: the bot responds."""

    current_input: str | None = None
    fields: Annotated[list[RecognisedField], BeforeValidator(_fields), JsonText] = Field(
        default_factory=list, validation_alias=AliasChoices("Fields", "Field")
    )
    assistant_response: str | None = None


class DialogueEnd(AutopilotEvent):
    """onDialogueEnd: a user ends the dialogue. The documents' list of reasons is lost: any text."""

    dialogue_end_reason: str | None = None


class DialogueTaskStart(AutopilotEvent):
    """onDialogueTaskStart: a task is first invoked. The documents' list of methods is lost: any text."""

    invocation_method: str | None = None


class DialogueTaskEnd(AutopilotEvent):
    """onDialogueTaskEnd: a task is concluded. The documents' list of reasons is lost: any text."""

    task_end_reason: str | None = None


class CollectAttempt(AutopilotEvent):
    """onCollectAttempt: a question is answered.

    `collect_success` is false for an answer of the wrong type, and true in spite of failed allowed values or a failed
    webhook validation. `collect_sid` is said to begin with CT and is shown with UL: its prefix means nothing.
    """

    collect_name: str | None = None
    collect_sid: str | None = None
    collect_field_type: str | None = None
    collect_attempt: int | None = None
    collect_field_filled: bool | None = None
    collect_field_name: str | None = None
    collect_success: bool | None = None
    collect_error_message: str | None = None
    collect_validation: bool | None = None
    current_input: str | None = None
    collect_output: str | None = None


class ActionsFetch(AutopilotEvent):
    """onActionsFetch: Autopilot asked for the actions' JSON. `actions_validation` is `valid` or `not-valid`."""

    actions_url: str | None = None
    actions_method: str | None = None
    actions_http_response: int | None = None
    actions_validation: str | None = None
    actions_error: str | None = None


EVENTS: Mapping[str, type[AutopilotEvent]] = {
    "onDialogueStart": DialogueStart,
    "onDialogueTurn": DialogueTurn,
    "onDialogueEnd": DialogueEnd,
    "onDialogueTaskStart": DialogueTaskStart,
    "onDialogueTaskEnd": DialogueTaskEnd,
    "onCollectAttempt": CollectAttempt,
    "onActionsFetch": ActionsFetch,
}
