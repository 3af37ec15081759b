"""The page's files, read once: what each is served as, whole and compressed.

They are named by a list of types, so that nothing else that may lie in the folder is served.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Attributes:
        tag: Weak, as it stands for the compressed and the plain bytes alike (RFC 9110, 8.8.1).
    """

    content_type: str
    tag: str
    plain: bytes
    compressed: bytes


def load(folder: Path) -> Mapping[str, File]:
    """Every file of the folder by its name."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in CONTENT_TYPES:
            content = path.read_bytes()
            found[path.name] = File(
                content_type=CONTENT_TYPES[path.suffix],
                tag=f'W/"{hashlib.sha256(content).hexdigest()[:20]}"',
                plain=content,
                # without a time in it, the same bytes in every environment
                compressed=gzip.compress(content, 9, mtime=0),
            )
    return found
