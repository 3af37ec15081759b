"""What `$default` knows of other functions is what the template routes to them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from cli.up.template import Template
from functions.webhooks import app, assistants, sources, webhooks

ROUTES = Template(Path(__file__).parents[3] / "template.yaml", {}).routes


def test_the_paths_of_other_functions_are_the_templates():
    others = defaultdict(set)
    for route in ROUTES:
        if route.function != "WebhooksFunction":
            others[route.path].add(route.method)
    assert {path: set(methods) for path, methods in app.ELSEWHERE.items()} == dict(others)


def test_this_functions_paths_are_the_templates():
    ours = {route.path for route in ROUTES if route.function == "WebhooksFunction" and route.path != "$default"}
    assert ours == {getattr(module, name) for module in (assistants, webhooks, sources) for name in ("LIST", "ONE")}
