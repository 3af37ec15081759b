"""`python -m cli.openapi FOLDER` writes the document, and the pages of errors and of the API beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.openapi import reference_page, refusals
from cli.openapi.document import build, to_text

folder = Path(sys.argv[1])
document = build()
folder.joinpath("openapi.json").write_text(to_text(document), encoding="utf-8")
folder.joinpath("api.md").write_text(reference_page.page(document), encoding="utf-8")
folder.joinpath("errors.md").write_text(refusals.page(), encoding="utf-8")
