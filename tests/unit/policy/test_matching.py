"""Which webhooks want an event."""

from __future__ import annotations

import pytest

from parley.matching import Names, unknown_name, wants
from parley.platforms import PLATFORM_NAMES, platform

AUTOPILOT = platform("autopilot").names
MESSAGEHUB = platform("messagehub").names
EVERYONE = [platform(name).names for name in PLATFORM_NAMES]


@pytest.mark.parametrize(
    ("events", "name", "event_type", "names", "wanted"),
    [
        ("onDialogueStart", "onDialogueStart", "conversation.started", AUTOPILOT, True),
        ("ondialoguestart", "onDialogueStart", "conversation.started", AUTOPILOT, True),
        ("  onDialogueEnd   onDialogueStart ", "onDialogueStart", "conversation.started", AUTOPILOT, True),
        ("conversation.started", "onDialogueStart", "conversation.started", AUTOPILOT, True),
        ("onDialogueEnd", "onDialogueStart", "conversation.started", AUTOPILOT, False),
        ("message_created", "message_created", "message.received", MESSAGEHUB, True),
        ("Message_Created", "message_created", "message.received", MESSAGEHUB, False),
        ("*", "anything", "event.unrecognised", MESSAGEHUB, True),
        ("*", "webhook.paused", "webhook.paused", None, False),
        ("* webhook.paused", "webhook.paused", "webhook.paused", None, True),
        ("automation_event.x", "automation_event.x", "automation.triggered", MESSAGEHUB, True),
        ("message.received", "message_created", "message.sent", MESSAGEHUB, False),
    ],
)
def test_wants(events, name, event_type, names, wanted):
    assert wants(events, name=name, event_type=event_type, names=names) is wanted


@pytest.mark.parametrize(
    "events",
    [
        "onDialogueStart onDialogueEnd",
        "ondialogueend",
        "* delivery.exhausted",
        "message.received result session cdr_logged",
        "automation_event.conversation_created",
    ],
)
def test_known_names(events):
    assert unknown_name(events, EVERYONE) is None


def test_the_nearest_known_names_are_proposed():
    found = unknown_name("onDialogueStart Message_Created", EVERYONE)
    assert found is not None
    name, near = found
    assert name == "Message_Created"
    assert near[0] == "message_created"


def test_an_open_prefix_needs_something_behind_it():
    assert unknown_name("automation_event.", EVERYONE) is not None


def test_a_name_far_from_all_has_no_proposal():
    assert unknown_name("zzzzzzzzzzzz", [Names(("a",), fold_case=False)]) == ("zzzzzzzzzzzz", ())
