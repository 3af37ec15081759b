"""`python -m cli.openapi FOLDER` writes the document, and the page of errors beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.openapi import refusals
from cli.openapi.document import build, to_text

folder = Path(sys.argv[1])
folder.joinpath("openapi.json").write_text(to_text(build()), encoding="utf-8")
folder.joinpath("errors.md").write_text(refusals.page(), encoding="utf-8")
