"""`python -m cli.vocabulary` writes the page and the schemas where they belong."""

from __future__ import annotations

from cli.vocabulary.files import generated

for path, text in generated().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
