"""What becomes of every sample: golden.json, made by `tests.unit.cloudevents.samples`, was read before it was kept."""

from __future__ import annotations

import json

import jsonschema
import pytest

from parley.cloudevents import schemas
from parley.platforms import PLATFORM_NAMES, platform, vocabulary
from parley.vocabulary import PLATFORM_TYPES, UNRECOGNISED_TYPE
from tests.unit.cloudevents import samples
from tests.unit.platforms import examples

GOLDEN = json.loads(samples.GOLDEN.read_text(encoding="utf-8"))
OURS = dict([*samples.payloads(), *samples.variants()])
THEIRS = dict(samples.fixtures())
# Samples of exactly what the table calls unrecognised.
UNRECOGNISED = {
    "messagehub: message_created activity",
    "messagehub: unknown name",
    "messagehub: no JSON",
    "watsonx: pre-message webhook",
}


@pytest.mark.parametrize("label", OURS)
def test_each_sample_becomes_what_was_read_and_kept(label):
    assert samples.summary(OURS[label]) == GOLDEN[label]


@pytest.mark.skipif(
    not examples.FIXTURES.exists(),
    reason="../shared/fixtures is not there: recorded examples that are not ours to hand on",
)
def test_each_stored_callback_becomes_what_was_read_and_kept():
    kept = {label: GOLDEN[label] for label in GOLDEN if label.startswith("fixtures/")}
    assert {label: samples.summary(event) for label, event in THEIRS.items()} == kept


def test_no_sample_is_forgotten():
    assert set(OURS) == {label for label in GOLDEN if not label.startswith("fixtures/")}


def test_nothing_that_a_row_covers_is_unrecognised():
    fallen = {label for label, kept in GOLDEN.items() if kept["type"].endswith(UNRECOGNISED_TYPE)}
    assert fallen == UNRECOGNISED


def test_every_type_but_one_has_a_sample():
    seen = {kept["type"].removeprefix("dev.parley.") for kept in GOLDEN.values()}
    assert set(PLATFORM_TYPES) - seen == {"inbox.created"}  # as inbox.updated


@pytest.mark.parametrize("label", [*OURS, *THEIRS])
def test_the_data_of_each_is_valid_by_its_types_schema(label):
    event = OURS.get(label) or THEIRS[label]
    content = schemas.read(f"{event.type}.json")
    assert content is not None
    validator = jsonschema.Draft202012Validator(
        json.loads(content), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert [error.message for error in validator.iter_errors(samples.rendered(event)["data"])] == []


@pytest.mark.parametrize("label", [*OURS, *THEIRS])
def test_nothing_is_null_or_empty_and_no_field_is_outside_its_schema(label):
    event = OURS.get(label) or THEIRS[label]
    content = schemas.read(f"{event.type}.json")
    assert content is not None
    data = samples.rendered(event)["data"]
    data.pop("original", None)
    check_named(data, json.loads(content))


def check_named(value, schema):
    assert value not in (None, "", [], {}), schema
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"])
        for name, entry in value.items():
            check_named(entry, schema["properties"][name])
    elif isinstance(value, list) and "items" in schema:
        for entry in value:
            check_named(entry, schema["items"])


def test_each_type_that_naming_gives_has_a_row_and_each_row_such_a_type():
    for name in PLATFORM_NAMES:
        rows = vocabulary(name).rows
        own = {event_type for row in rows if not row.shared for event_type in row.types}
        shared = {event_type for row in rows if row.shared for event_type in row.types}
        given = {event.type for _, event in [*samples.payloads(), *samples.variants()] if event.platform == name}
        assert given - {UNRECOGNISED_TYPE} <= own
        assert own - given <= {"inbox.created"}
        assert shared <= own


def test_the_events_that_rows_name_are_those_that_the_platform_knows():
    for name in PLATFORM_NAMES:
        words = " ".join(row.events for row in vocabulary(name).rows).replace(",", " ").split()
        known = platform(name).names.known
        assert set(known) <= set(words)
        assert {word for word in words if "_" in word or word.startswith("on")} - {"automation_event.X"} <= set(known)
