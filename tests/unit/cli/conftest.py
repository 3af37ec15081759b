from __future__ import annotations

from pathlib import Path

import pytest

from cli.up.template import Template

TOY = Path(__file__).parent / "toy" / "template.yaml"


@pytest.fixture(scope="session")
def toy() -> Template:
    return Template(TOY, {})
