"""Packing of payloads."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import codec


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


def test_an_unknown_codec_is_named():
    with pytest.raises(codec.PayloadCodecError, match="7"):
        codec.unpack(7, b"")
