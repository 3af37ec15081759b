"""How payloads are packed for the queue and the table: deflated when that makes them smaller.

A codec's number is stored beside what it packed and is never given to another, so that what an older version wrote
stays readable.
"""

from __future__ import annotations

import zlib

PLAIN = 0
DEFLATE = 1

MAX_PACKED_BYTES = 256 * 1024
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
_LEVEL = 1  # 1 MB in 1 to 8 ms; level 6 gains a tenth and costs four times that (engine.md 5)


class PayloadTooLargeError(Exception):
    """Raised when a payload is over 4 MiB, or over 256 KiB after deflating."""


class PayloadCodecError(Exception):
    """Raised when something was packed with a codec that this version does not know."""


def pack(payload: bytes) -> tuple[int, bytes]:
    """The payload as it is queued and stored, with the codec's number.

    Raises:
        PayloadTooLargeError: When it cannot be made to fit 256 KiB (a DynamoDB item takes 400 KB).
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLargeError(f"{len(payload):,} bytes are more than {MAX_PAYLOAD_BYTES:,}")
    deflater = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(payload) + deflater.flush()
    codec, packed = (DEFLATE, deflated) if len(deflated) < len(payload) else (PLAIN, payload)
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
    match codec:
        case 0:
            return packed
        case 1:
            return zlib.decompress(packed, wbits=-zlib.MAX_WBITS)
        case _:
            raise PayloadCodecError(f"codec {codec} is not known to this version")
