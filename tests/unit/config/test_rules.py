"""The fields' rules as pure functions, over more values than examples name."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.webhooks import header_sets, rotation, webhook_values
from functions.webhooks.deployment import MASK, until_settled
from functions.webhooks.unique_names import unique_name
from parley.api import caller, dates, parameters, versions
from parley.config_table.transactions import ChangedMeanwhileError
from parley.errors import (
    ConflictError,
    ForbiddenError,
    InvalidParameterError,
    PreconditionFailedError,
    TooLargeError,
    UnauthorizedError,
)
from parley.http import Request
from parley.signing import callback
from parley.targets import TargetPolicy

RULES = webhook_values.Rules(TargetPolicy(), retention_days=30)
ACCOUNT = "AC" + "0" * 32


def request(body: bytes, content_type: str = parameters.FORM) -> Request:
    return Request(
        method="POST",
        path="/v1/Assistants",
        raw_query="",
        headers={"content-type": content_type},
        body=body,
        domain_name="d",
        stage="$default",
        host="h",
        received_ms=0,
        route_key="r",
    )


@given(st.text(min_size=1, max_size=64))
def test_a_name_is_kept_as_given_or_refused(name):
    reachable = (
        not set(name) & set("/?#%")
        and name.strip()
        and name not in (".", "..")
        and not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name)
    )
    if reachable:
        assert unique_name({"unique_name": name}) == name
    else:
        with pytest.raises(InvalidParameterError, match="UniqueName"):
            unique_name({"unique_name": name})


@given(st.binary(max_size=200), st.sampled_from([parameters.FORM, parameters.JSON, "", "text/plain"]))
def test_any_body_is_read_or_refused(body, content_type):
    try:
        found = parameters.read_body(request(body, content_type), writable=("unique_name",))
    except (InvalidParameterError, TooLargeError):
        return
    assert set(found) <= {"unique_name"}


@given(st.dictionaries(st.sampled_from(["unique_name", "events", "UniqueName"]), st.text(min_size=1), max_size=2))
def test_a_json_body_is_read_by_key(values):
    body = json.dumps(values, ensure_ascii=True).encode()
    spelled_twice = {"unique_name", "UniqueName"} <= set(values)
    broken = any("\ud800" <= character <= "\udfff" for text in values.values() for character in text)
    if spelled_twice or broken:
        with pytest.raises(InvalidParameterError):
            parameters.read_body(request(body, parameters.JSON), writable=("unique_name", "events"))
        return
    found = parameters.read_body(request(body, parameters.JSON), writable=("unique_name", "events"))
    assert found == {("unique_name" if key == "UniqueName" else key): value for key, value in values.items()}


@pytest.mark.parametrize(
    "body", ['{"headers":{"A":"1","A":"2"}}', '{"headers":{"A":[{"b":1,"b":1}]},"unique_name":"x"}']
)
def test_a_name_that_stands_twice_in_an_inner_object_is_refused_not_dropped(body):
    """The value that a caller does not see would win: of a header, of an option."""
    with pytest.raises(InvalidParameterError, match="more than once in one object"):
        parameters.read_body(request(body.encode(), parameters.JSON), writable=("events", "headers"))


def test_nested_objects_do_not_stand_in_for_the_body():
    body = b'{"headers":{"unique_name":"inner"},"unique_name":"outer"}'
    found = parameters.read_body(request(body, parameters.JSON), writable=("unique_name", "headers"))
    assert found == {"headers": {"unique_name": "inner"}, "unique_name": "outer"}


@pytest.mark.parametrize("value", ["true", "True", "TRUE", True])
def test_true_is_spelled_as_clients_do(value):
    assert parameters.flag_of({"enabled": value}, "enabled") is True


@pytest.mark.parametrize("value", ["1", 1, 0, "yes", None, [], "tru"])
def test_what_is_no_flag_is_refused(value):
    with pytest.raises(InvalidParameterError, match="true or false"):
        parameters.flag_of({"enabled": value}, "enabled")


@pytest.mark.parametrize("value", ["٣", "1.0", 1.5, True, "", "-1", "99999999999", " 5", None])
def test_what_is_no_whole_number_in_range_is_refused(value):
    with pytest.raises(InvalidParameterError, match="0 to 100"):
        parameters.whole_of({"n": value}, "n", least=0, most=100)


def test_an_error_quotes_long_values_shortened():
    with pytest.raises(InvalidParameterError) as refused:
        parameters.choice_of({"jwt": "x" * 5000}, "jwt", ("auto",))
    assert len(refused.value.message) < 200


@given(
    st.lists(
        st.sampled_from(
            [
                "*",
                "onDialogueEnd",
                "ONDIALOGUEEND",
                "message_created",
                "turn.completed",
                "automation_event.x",
                "webhook.paused",
            ]
        ),
        min_size=1,
    ),
    st.sampled_from([" ", "\t", "  "]),
)
def test_known_events_are_echoed_verbatim(names, separator):
    events = separator.join(names)
    assert webhook_values.read({"events": events}, RULES).events == events


@pytest.mark.parametrize("events", ["automation_event.", "MESSAGE_CREATED", "dev.parley.turn.completed", "**", "all"])
def test_unknown_events_are_refused(events):
    with pytest.raises(InvalidParameterError, match="Events"):
        webhook_values.read({"events": events}, RULES)


@given(st.text(max_size=40))
def test_a_header_name_is_a_token_or_refused(name):
    try:
        header_sets.check_name("Headers", name)
    except InvalidParameterError:
        return
    assert name.isascii()
    assert name
    assert not set(name) & set(' \t\r\n:;,"()<>@[]{}/\\=?')


RESERVED = [*header_sets.HOP_BY_HOP, *header_sets.FRAMING, *(f"{name}x" for name in header_sets.SIGNATURES)]


@given(
    st.sampled_from([*RESERVED, *callback._RESERVED, *callback._RESERVED_PREFIXES]), st.sampled_from(["", "-x", "Y"])
)
def test_a_header_that_is_taken_is_also_sent(name, more):
    """What signing would pass over is refused when it is given, not dropped when it is sent."""
    for spelled in (name + more, (name + more).title(), (name + more).upper()):
        try:
            header_sets.check_name("Headers", spelled)
        except InvalidParameterError:
            continue
        assert not callback.is_reserved(spelled)


@given(st.text(max_size=60))
def test_a_header_value_is_one_line_that_http_does_not_trim(value):
    carried = (
        value and value == value.strip() and not any(c in value for c in map(chr, (*range(9), *range(10, 32), 127)))
    )
    if carried:
        assert header_sets.check_value("Headers", "X", value) == value
        return
    with pytest.raises(InvalidParameterError) as refused:
        header_sets.check_value("Headers", "X", value)
    assert len(value) < 4 or value not in refused.value.message


def test_the_mask_is_a_value_only_where_something_is_stored():
    assert rotation.next_secret({"secret": MASK}, has_one=True) is None
    with pytest.raises(InvalidParameterError, match="Secret"):
        rotation.next_secret({"secret": MASK}, has_one=False)
    with pytest.raises(InvalidParameterError, match="Secret"):
        rotation.first_secret({"secret": MASK})


def test_overlap_begins_now_and_lasts_a_day_by_default():
    rotating = ("secret",)
    assert rotation.previous_until({"secret": "s"}, now_ms=5000, rotating=rotating) == 5 + 86_400
    assert rotation.previous_until({"secret": "s", "overlap_seconds": "0"}, now_ms=5000, rotating=rotating) == 5


@pytest.mark.parametrize("tag", ['"3"', "3", "*", ' "1" , "3" ', None])
def test_the_present_version_passes(tag):
    versions.check(tag, 3)


@pytest.mark.parametrize("tag", ['"2"', 'W/"3"', "2,4", '"33"'])
def test_another_version_does_not(tag):
    with pytest.raises(PreconditionFailedError):
        versions.check(tag, 3)


def test_a_caller_is_who_the_authorizer_says_until_the_token_expires():
    context: dict[str, object] = {"account": ACCOUNT, "scopes": "read write", "expires": "100", "token_id": "t"}
    found = caller.identify(context, now_seconds=99.9)
    caller.require(found, "read")
    with pytest.raises(ForbiddenError, match="replay"):
        caller.require(found, "replay")
    broken: list[dict[str, object]] = [
        {},
        context | {"expires": 200},
        context | {"expires": "-5"},
        context | {"account": "AC1"},
    ]
    for other, now in [*((each, 0.0) for each in broken), (context, 100.0)]:
        with pytest.raises(UnauthorizedError):
            caller.identify(other, now_seconds=now)


def test_dates_are_iso_in_whole_seconds():
    assert dates.iso(1_438_286_400_999) == "2015-07-30T20:00:00Z"
    assert dates.iso(None) is None


def test_a_change_that_never_settles_is_a_conflict_and_others_are_repeated():
    tries = []

    def third_time_lucky():
        tries.append(1)
        if len(tries) < 3:
            raise ChangedMeanwhileError
        return "done"

    assert until_settled(third_time_lucky) == "done"

    def never():
        raise ChangedMeanwhileError

    with pytest.raises(ConflictError):
        until_settled(never)
