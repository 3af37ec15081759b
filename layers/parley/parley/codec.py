"""How payloads are packed for the queue and the table: deflated when that makes them smaller.

A codec's number is stored beside what it packed and is never given to another, so that what an older version wrote
stays readable.

The table's copies of small payloads are deflated with a dictionary of their platform: what its events have in common
(names of members, values of the platform's own) and nothing of anybody's. It halves them, and an event of ordinary size
fits one write unit (design 7; measured in docs/performance.md). A dictionary is a file named by its codec's number in
`dictionaries/`: never changed, never deleted; a better one gets a new number.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

PLAIN = 0
DEFLATE = 1
BY_PLATFORM: Mapping[str, int] = {"autopilot": 2, "watsonx": 3, "messagehub": 4, "tropo": 5}

MAX_PACKED_BYTES = 256 * 1024
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
_LEVEL = 1  # 1 MB in 1 to 8 ms; level 6 gains a tenth and costs four times that (engine.md 5)
# With a dictionary level 6 gains a sixth more for 5 µs. Larger ones gain nothing by a dictionary, and must come out as
# they did in ingest, or what it has accepted might not fit the table.
_DICTIONARY_LEVEL = 6
_DICTIONARY_MAX_BYTES = 16 * 1024
_DICTIONARIES = Path(__file__).with_name("dictionaries")


class PayloadTooLargeError(Exception):
    """Raised when a payload is over 4 MiB, or over 256 KiB after deflating."""


class PayloadCodecError(Exception):
    """Raised when something was packed with a codec that this version does not know."""


@cache
def _dictionary(number: int) -> bytes:
    return (_DICTIONARIES / str(number)).read_bytes()


def pack(payload: bytes, platform: str | None = None) -> tuple[int, bytes]:
    """The payload as it is queued and stored, with the codec's number.

    Args:
        payload: As it came.
        platform: Whose dictionary may be used; None or one without a dictionary: none.

    Raises:
        PayloadTooLargeError: When it cannot be made to fit 256 KiB (a DynamoDB item takes 400 KB).
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLargeError(f"{len(payload):,} bytes are more than {MAX_PAYLOAD_BYTES:,}")
    number = BY_PLATFORM.get(platform or "", DEFLATE)
    if number == DEFLATE or len(payload) > _DICTIONARY_MAX_BYTES:
        number = DEFLATE
        deflater = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    else:
        deflater = zlib.compressobj(_DICTIONARY_LEVEL, wbits=-zlib.MAX_WBITS, zdict=_dictionary(number))
    deflated = deflater.compress(payload) + deflater.flush()
    codec, packed = (number, deflated) if len(deflated) < len(payload) else (PLAIN, payload)
    if len(packed) > MAX_PACKED_BYTES:
        raise PayloadTooLargeError(
            f"{len(payload):,} bytes are {len(packed):,} after deflating, over {MAX_PACKED_BYTES:,}"
        )
    return codec, packed


def unpack(codec: int, packed: bytes) -> bytes:
    """The payload as it came.

    Raises:
        PayloadCodecError: For an unknown codec.
    """
    if codec == PLAIN:
        return packed
    if codec == DEFLATE:
        return zlib.decompress(packed, wbits=-zlib.MAX_WBITS)
    if codec in BY_PLATFORM.values():
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_dictionary(codec)).decompress(packed)
    raise PayloadCodecError(f"codec {codec} is not known to this version")
