"""The API's description, which a run serves at /openapi.json. On this machine alone: the template has no such route."""

from __future__ import annotations

import json
from pathlib import Path

from cli.up.responses import JSON_TYPE, HttpResponse

PATH = "/openapi.json"


def document(project: Path, api_url: str) -> HttpResponse | None:
    """The project's committed document with this run as its server; None for a project that has none."""
    file = project / "docs" / "openapi.json"
    if not file.exists():
        return None
    described = json.loads(file.read_text(encoding="utf-8"))
    described["servers"] = [{"url": api_url}]
    return HttpResponse(200, (JSON_TYPE,), json.dumps(described, ensure_ascii=False).encode())
