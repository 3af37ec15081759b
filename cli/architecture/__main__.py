"""`python -m cli.architecture` writes the page where it belongs."""

from __future__ import annotations

from cli.architecture.page import PAGE, page, template

PAGE.write_text(page(template()), encoding="utf-8")
