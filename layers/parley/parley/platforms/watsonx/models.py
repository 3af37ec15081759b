"""Views on watsonx's log events (seed 002, wire-truth 4.3 and 4.4): the envelope, a logged message, a call's record.

IBM's own sources contradict each other in the call's record: both spellings are read, every member is optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, Field

from parley.platforms.view import Moment, View


class EventName(View):
    """Which event."""

    name: str | None = None


class Envelope(View):
    """The body, its members in either order."""

    event: EventName | None = None
    payload: dict[str, Any] = Field(default_factory=dict)


class System(View):
    """The session's system variables."""

    timezone: str | None = None
    user_id: str | None = None
    turn_count: int | None = None
    locale: str | None = None
    reference_time: str | None = None
    session_start_time: str | None = None
    state: str | None = None
    skip_user_input: bool | None = None


class GlobalContext(View):
    """What all skills share."""

    system: System | None = None
    session_id: str | None = None


class Context(View):
    """The conversation's context; the names of skills have spaces (`main skill`)."""

    global_: GlobalContext | None = Field(default=None, validation_alias="global")
    skills: dict[str, Any] = Field(default_factory=dict)
    integrations: dict[str, Any] = Field(default_factory=dict)


class Input(View):
    """What the person sent."""

    message_type: str | None = None
    text: str | None = None
    intents: list[dict[str, Any]] = Field(default_factory=list)
    entities: list[dict[str, Any]] = Field(default_factory=list)
    suggestion_id: str | None = None
    attachments: list[dict[str, Any]] = Field(default_factory=list)
    analytics: dict[str, Any] | None = None
    options: dict[str, Any] | None = None


class Generic(View):
    """One part of an answer."""

    response_type: str | None = None
    text: str | None = None


class Output(View):
    """What the assistant answered."""

    generic: list[Generic] = Field(default_factory=list)
    intents: list[dict[str, Any]] = Field(default_factory=list)
    entities: list[dict[str, Any]] = Field(default_factory=list)
    actions: list[dict[str, Any]] = Field(default_factory=list)
    debug: dict[str, Any] | None = None
    user_defined: dict[str, Any] | None = None
    spelling: dict[str, Any] | None = None


class MessageRequest(View):
    """The request of a logged message."""

    input: Input | None = None
    context: Context | None = None
    user_id: str | None = None


class MessageResponse(View):
    """The response of a logged message."""

    output: Output | None = None
    context: Context | None = None
    user_id: str | None = None


class MessageLogged(View):
    """message_logged: one log object of the v2 API, and what IBM may add to it."""

    log_id: str | None = None
    request: MessageRequest | None = None
    response: MessageResponse | None = None
    assistant_id: str | None = None
    session_id: str | None = None
    skill_id: str | None = None
    snapshot: str | None = None
    request_timestamp: Moment = None
    response_timestamp: Moment = None
    language: str | None = None
    customer_id: str | None = None


class CallWarning(View):
    """A warning or error of a call."""

    code: str | None = Field(default=None, validation_alias=AliasChoices("code", "id"))
    message: str | None = None


class Stream(View):
    """One direction of a call's audio."""

    average_jitter: float | None = None
    canonical_name: str | None = None
    maximum_jitter: float | None = None
    packets_lost: int | None = None
    packets_transmitted: int | None = None
    tool_name: str | None = None


class NetworkSummary(View):
    """Both directions; only where RTCP is enabled."""

    inbound_stream: Stream | None = None
    outbound_stream: Stream | None = None


class Security(View):
    """What of a call was encrypted or authenticated."""

    media_encrypted: bool | None = None
    signaling_encrypted: bool | None = None
    sip_authenticated: bool | None = None


class Call(View):
    """The call. `end_reason` is assistant_transfer, assistant_hangup, caller_hangup, failed, or another."""

    start_timestamp: Moment = None
    stop_timestamp: Moment = None
    milliseconds_elapsed: int | None = None
    outbound: bool | None = None
    end_reason: str | None = None
    security: Security | None = None


class SipHeaders(View):
    """SIP headers; the caller is in `from_uri` (of an outbound call: the called, in `to_uri`)."""

    call_id: str | None = None
    from_uri: str | None = None
    to_uri: str | None = None


class SessionInitiation(View):
    """How the call was set up."""

    invite_arrival_time: Moment = Field(
        default=None, validation_alias=AliasChoices("invite_arrival_time", "invite_arrival_timestamp")
    )
    setup_milliseconds: int | None = None
    headers: SipHeaders | None = None


class MaxResponse(View):
    """The slowest answers of a call, in milliseconds; 0 is a value."""

    assistant: int | None = None
    text_to_speech: int | None = None
    speech_to_text: int | None = None


class Streaming(View):
    """One exchange with a speech service; `transaction_id` may span turns."""

    response_milliseconds: int | None = None
    start_timestamp: Moment = None
    stop_timestamp: Moment = None
    transaction_id: str | None = None
    echo_detected: bool | None = None
    confidence: float | None = None


class TurnAssistant(View):
    """The assistant's part of a turn; `log_id` is the logged message's."""

    log_id: str | None = None
    response_milliseconds: int | None = None
    start_timestamp: Moment = None


class TurnRequest(View):
    """What began a turn."""

    type: str | None = None
    streaming_statistics: Streaming | None = None


class TurnResponse(View):
    """One thing that was done in answer."""

    type: str | None = None
    barge_in_occurred: bool | None = None
    streaming_statistics: Streaming | None = None


class Turn(View):
    """One turn of a call."""

    assistant: TurnAssistant | None = None
    request: TurnRequest | None = None
    response: list[TurnResponse] = Field(default_factory=list)


class InteractionSummary(View):
    """What passed between the caller and one assistant."""

    session_id: str | None = None
    assistant_id: str | None = None
    start_timestamp: Moment = None
    stop_timestamp: Moment = None
    turns: list[Turn] = Field(default_factory=list)


class CdrLogged(View):
    """cdr_logged: a call detail record. `primary_phone_number` is the assistant's, not the caller's."""

    primary_phone_number: str | None = None
    global_session_id: str | None = None
    failure_occurred: bool | None = None
    transfer_occurred: bool | None = None
    active_calls: int | None = None
    global_sip_trunk_call_id: str | None = Field(default=None, validation_alias="x-global-sip-trunk-call-id")
    warnings_and_errors: list[CallWarning] = Field(default_factory=list)
    realtime_transport_network_summary: NetworkSummary | None = None
    call: Call | None = None
    session_initiation_protocol: SessionInitiation | None = None
    max_response_milliseconds: MaxResponse | None = None
    assistant_interaction_summaries: list[InteractionSummary] = Field(default_factory=list)
    failure_details: str | None = None
    injected_custom_data: dict[str, Any] | None = None


EVENTS: Mapping[str, type[View]] = {"message_logged": MessageLogged, "cdr_logged": CdrLogged}
