"""Packing of payloads."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import codec

EVENTS = Path(__file__).parents[3] / "events"
DICTIONARIES = Path(codec.__file__).with_name("dictionaries")


@given(st.binary(max_size=5000))
def test_a_payload_comes_back_as_it_came(payload):
    number, packed = codec.pack(payload)
    assert codec.unpack(number, packed) == payload
    assert len(packed) <= len(payload)


def test_json_text_of_four_mebibytes_fits():
    payload = (b'{"content":"lorem ipsum dolor sit amet, consectetur"}' * 90_000)[: codec.MAX_PAYLOAD_BYTES]
    number, packed = codec.pack(payload)
    assert number == codec.DEFLATE
    assert codec.unpack(number, packed) == payload


def test_256_kib_of_noise_fits_and_one_byte_more_does_not():
    noise = os.urandom(codec.MAX_PACKED_BYTES)
    assert codec.pack(noise) == (codec.PLAIN, noise)
    with pytest.raises(codec.PayloadTooLargeError):
        codec.pack(noise + b"x")


def test_more_than_four_mebibytes_do_not_fit_however_well_they_deflate():
    with pytest.raises(codec.PayloadTooLargeError):
        codec.pack(b"a" * (codec.MAX_PAYLOAD_BYTES + 1))


@given(st.binary(max_size=5000), st.sampled_from(sorted(codec.BY_PLATFORM)))
def test_a_payload_comes_back_with_its_platforms_dictionary_too(payload, platform):
    number, packed = codec.pack(payload, platform)
    assert codec.unpack(number, packed) == payload
    assert len(packed) <= len(payload)


def test_a_dictionary_halves_what_its_platform_sends():
    for platform, number in codec.BY_PLATFORM.items():
        for sample in (EVENTS / "payloads" / platform).iterdir():
            payload = sample.read_bytes()
            used, packed = codec.pack(payload, platform)
            assert used == number
            assert len(packed) < len(codec.pack(payload)[1])


def test_a_dictionary_that_events_were_packed_with_never_changes():
    found = {int(file.name): hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in DICTIONARIES.iterdir()}
    assert found == {
        2: "a983321e5b0b4b32",
        3: "df0e742d3ec390a4",
        4: "bf6e79613bf84b98",
        5: "4f55aa723e75c8b4",
    }
    assert set(codec.BY_PLATFORM.values()) <= set(found)


def test_what_ingest_could_pack_the_table_can():
    payload = os.urandom(codec.MAX_PACKED_BYTES)
    assert codec.pack(payload, "messagehub") == codec.pack(payload)


def test_an_event_of_a_platform_without_a_dictionary_is_deflated():
    assert codec.pack(b"a" * 1000, "parley")[0] == codec.DEFLATE


def test_an_unknown_codec_is_named():
    with pytest.raises(codec.PayloadCodecError, match="7"):
        codec.unpack(7, b"")
