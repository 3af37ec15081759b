"""Views on MessageHub's (Chatwoot's) objects and events (seed 003, wire-truth 2.3 and 2.4), old shapes and new.

`message_type` and `created_at` are text at an event's top level and numbers inside `conversation.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from parley.platforms.view import Moment, View

# Empty attributes come as `[]` or as `{}` (wire-truth 2.4).
Attributes = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value == [] else value)]


class Account(View):
    """An account."""

    id: int | None = None
    name: str | None = None


class Inbox(View):
    """An inbox."""

    id: int | None = None
    name: str | None = None


class Person(View):
    """A contact, a user, an agent bot or Captain: `type` says which; a contact's has none in present versions."""

    id: int | None = None
    name: str | None = None
    email: str | None = None
    type: str | None = None
    avatar: str | None = None
    account: Account | None = None
    phone_number: str | None = None
    identifier: str | None = None
    thumbnail: str | None = None
    blocked: bool | None = None
    available_name: str | None = None
    avatar_url: str | None = None
    availability_status: str | None = None
    description: str | None = None
    created_at: Moment = None
    additional_attributes: Attributes = Field(default_factory=dict)
    custom_attributes: Attributes = Field(default_factory=dict)


class Browser(View):
    """The visitor's browser."""

    device_name: str | None = None
    browser_name: str | None = None
    platform_name: str | None = None
    browser_version: str | None = None
    platform_version: str | None = None


class InitiatedAt(View):
    """When a conversation or a widget was opened, by the visitor's browser."""

    timestamp: Moment = None


class ConversationAttributes(View):
    """Where a conversation began."""

    browser: Browser | None = None
    referer: str | None = None
    initiated_at: InitiatedAt | None = None


class ContactInbox(View):
    """A contact in an inbox. Present versions add `pubsub_token`, a credential of the visitor: never log it."""

    id: int | None = None
    contact_id: int | None = None
    inbox_id: int | None = None
    source_id: str | None = None
    created_at: Moment = None
    updated_at: Moment = None
    hmac_verified: bool | None = None


class Attachment(View):
    """A file of a message."""

    id: int | None = None
    file_type: str | None = None
    data_url: str | None = None


class Message(View):
    """A message."""

    id: int | None = None
    content: str | None = None
    message_type: int | str | None = None
    created_at: Moment = None
    private: bool | None = None
    source_id: str | None = None
    content_type: str | None = None
    content_attributes: Attributes = Field(default_factory=dict)
    sender: Person | None = None
    account: Account | None = None
    conversation: Conversation | None = None
    inbox: Inbox | None = None
    attachments: list[Attachment] = Field(default_factory=list)
    account_id: int | None = None
    inbox_id: int | None = None
    conversation_id: int | None = None
    status: str | None = None
    updated_at: Moment = None
    sender_type: str | None = None
    sender_id: int | None = None
    additional_attributes: Attributes = Field(default_factory=dict)
    external_source_ids: Attributes = Field(default_factory=dict)
    processed_message_content: str | None = None
    sentiment: Attributes = Field(default_factory=dict)


class Meta(View):
    """Who talks in a conversation; an assignee may be a user or an agent bot (`assignee_type`)."""

    sender: Person | None = None
    assignee: Person | None = None
    assignee_type: str | None = None
    team: dict[str, Any] | None = None
    hmac_verified: bool | None = None


class Conversation(View):
    """A conversation.

    `id` is unique in its account only. `messages` holds the last public message, which need not be the event's.
    `timestamp` is the last activity's, not the creation's. Times of 0 mean never.
    """

    additional_attributes: ConversationAttributes | None = None
    can_reply: bool | None = None
    channel: str | None = None
    id: int | None = None
    inbox_id: int | None = None
    contact_inbox: ContactInbox | None = None
    messages: list[Message] = Field(default_factory=list)
    meta: Meta | None = None
    status: str | None = None
    unread_count: int | None = None
    agent_last_seen_at: Moment = None
    contact_last_seen_at: Moment = None
    timestamp: Moment = None
    account_id: int | None = None
    account: Account | None = None
    labels: list[str] = Field(default_factory=list)
    custom_attributes: Attributes = Field(default_factory=dict)
    snoozed_until: Moment = None
    first_reply_created_at: Moment = None
    priority: str | None = None
    waiting_since: Moment = None
    last_activity_at: Moment = None
    created_at: Moment = None
    updated_at: Moment = None


class Change(View):
    """What an attribute was and is."""

    previous_value: Any = None
    current_value: Any = None


class ConversationEvent(Conversation):
    """conversation_created, conversation_updated, conversation_status_changed, automation rules and macros.

    `changed_attributes` is an array of one-member objects, null, or absent.
    """

    event: str | None = None
    changed_attributes: list[dict[str, Change]] = Field(default_factory=list)


class MessageEvent(Message):
    """message_created, message_updated."""

    event: str | None = None


class EventInfo(View):
    """How a widget was opened; `initiated_at` and `referer` can be missing."""

    initiated_at: InitiatedAt | None = None
    referer: str | None = None
    widget_language: str | None = None
    browser_language: str | None = None
    browser: Browser | None = None


class WebwidgetTriggered(View):
    """webwidget_triggered; `id` is the contact inbox's, and a first visit has no conversation."""

    id: int | None = None
    contact: Person | None = None
    inbox: Inbox | None = None
    account: Account | None = None
    current_conversation: Conversation | None = None
    source_id: str | None = None
    event: str | None = None
    event_info: EventInfo | None = None


class ContactEvent(Person):
    """contact_created, contact_updated."""

    event: str | None = None
    changed_attributes: list[dict[str, Change]] = Field(default_factory=list)


class InboxEvent(Inbox):
    """inbox_created, inbox_updated: the channel's settings, as a rule without id and name."""

    event: str | None = None
    changed_attributes: list[dict[str, Change]] = Field(default_factory=list)


class TypingEvent(View):
    """conversation_typing_on, conversation_typing_off: no id of its own."""

    event: str | None = None
    user: Person | None = None
    conversation: Conversation | None = None
    is_private: bool | None = None


EVENTS: Mapping[str, type[View]] = {
    "conversation_created": ConversationEvent,
    "conversation_updated": ConversationEvent,
    "conversation_status_changed": ConversationEvent,
    "conversation_opened": ConversationEvent,
    "conversation_resolved": ConversationEvent,
    "macro.executed": ConversationEvent,
    "message_created": MessageEvent,
    "message_updated": MessageEvent,
    "webwidget_triggered": WebwidgetTriggered,
    "contact_created": ContactEvent,
    "contact_updated": ContactEvent,
    "inbox_created": InboxEvent,
    "inbox_updated": InboxEvent,
    "conversation_typing_on": TypingEvent,
    "conversation_typing_off": TypingEvent,
}
