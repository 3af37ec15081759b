from __future__ import annotations

import argparse

import pytest

from cli import narrowing


@pytest.fixture
def command() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    narrowing.add_filters(made)
    narrowing.add_times(made)
    return made


def test_what_is_not_asked_for_is_left_out(command: argparse.ArgumentParser) -> None:
    assert narrowing.filters(command.parse_args([])) == {}
    assert narrowing.times(command.parse_args([])) == {}


def test_filters_and_times_are_named_as_the_api_names_them(command: argparse.ArgumentParser) -> None:
    line = "--type message.received --platform parley --conversation 42 --after 2026-11-20T08:00:00Z"
    arguments = command.parse_args(line.split())
    assert narrowing.filters(arguments) == {"Type": "message.received", "Platform": "parley", "ConversationId": "42"}
    assert narrowing.times(arguments) == {"After": "2026-11-20T08:00:00Z"}


def test_an_empty_conversation_is_refused_by_the_api_and_not_taken_for_all(command: argparse.ArgumentParser) -> None:
    assert narrowing.filters(command.parse_args(["--conversation", ""])) == {"ConversationId": ""}
