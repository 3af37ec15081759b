"""Views on Tropo's objects (seed 001, wire-truth section 3): the result, its actions, and the session before it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field
from pydantic.alias_generators import to_camel

from parley.platforms.view import Moment, OneOrMany, View

_CALLED_ID = AliasChoices("calledid", "calledID", "calledId")  # the wire's, the seed's, the Python client's


class TropoObject(View):
    """Tropo's names are camelCase."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)


class CallState(TropoObject):
    """What a result, an outbound call's action and `_call` say of the call. `call_id` is neither caller nor called."""

    session_id: str | None = None
    call_id: str | None = None
    user_type: str | None = None
    state: str | None = Field(default=None, validation_alias=AliasChoices("state", "callState"))
    session_duration: int = 0
    sequence: int = 0
    complete: bool | None = None
    error: str | None = None
    called_id: str | None = Field(default=None, validation_alias=_CALLED_ID)


class Action(CallState):
    """What one instruction came to: an ask, a record, a transfer, or an outbound call (`call-…`).

    Two actions may have one name. `disposition` is SUCCESS, FAILED, EXTERNAL_EVENT, TIMEOUT, BUSY, REJECTED or another.
    """

    name: str | None = None
    attempts: int | None = None
    disposition: str | None = None
    confidence: int | None = None
    interpretation: str | None = None
    utterance: str | None = None
    value: str | None = None
    concept: str | None = None
    xml: str | None = None
    duration: int = 0
    connected_duration: int = 0
    timestamp: Moment = None
    url: str | None = None
    upload_status: str | None = None
    call: CallState | None = Field(default=None, validation_alias="_call")


class Result(CallState):
    """The result: `actions` is an object, an array or absent; a transfer's durations stand here or in its action."""

    actions: Annotated[list[Action], OneOrMany] = Field(default_factory=list)
    required: bool = True
    duration: int = 0
    connected_duration: int = 0
    call: CallState | None = Field(default=None, validation_alias="_call")
    properties: list[dict[str, Any]] = Field(default_factory=list)


class Endpoint(TropoObject):
    """Who calls or is called."""

    id: str | None = None
    e164_id: str | None = Field(default=None, validation_alias="e164Id")
    name: str | None = None
    channel: str | None = None
    network: str | None = None


class InitialMedia(TropoObject):
    """A part of an inbound multimedia message."""

    status: str | None = None
    media: str | None = None
    text: str | None = None
    disposition: str | None = None


class Session(TropoObject):
    """The session, which comes before any result; `to` and `from` are absent when a token launched it."""

    id: str | None = None
    account_id: str | None = None
    application_id: str | None = None
    timestamp: Moment = None
    user_type: str | None = None
    initial_text: str | None = None
    call_id: str | None = None
    to: Endpoint | None = None
    from_: Endpoint | None = Field(default=None, validation_alias="from")
    headers: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    subject: str | None = None
    initial_media: Annotated[list[InitialMedia], OneOrMany] = Field(default_factory=list)


class Body(TropoObject):
    """A call's body: one of the two."""

    result: Result | None = None
    session: Session | None = None
