"""`python -m cli.openapi FILE` writes the document; without FILE, to standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.openapi.document import build, to_text

text = to_text(build())
if len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
else:
    sys.stdout.write(text)
