"""`python -m cli.states` writes the page where it belongs."""

from __future__ import annotations

from cli.states.page import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
