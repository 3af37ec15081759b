"""Attribute values: what the tables hold comes back as it went."""

from __future__ import annotations

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from parley.attributes import from_item, to_attribute, to_item

values = st.recursive(
    st.text() | st.integers(-(10**30), 10**30) | st.booleans() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), values, max_size=4))
def test_an_item_comes_back_as_it_went(item):
    assert from_item(to_item(item)) == item


def test_the_sdk_reads_what_we_write():
    read = TypeDeserializer().deserialize
    item = {"s": "é", "n": 3, "b": True, "l": [1, "x"], "m": {"k": b"\xff"}}
    assert {name: read(value) for name, value in to_item(item).items()} == item


def test_none_is_an_absent_attribute_and_other_types_are_refused():
    assert to_item({"a": None, "b": 1}) == {"b": {"N": "1"}}
    with pytest.raises(TypeError, match="float"):
        to_attribute(1.5)
