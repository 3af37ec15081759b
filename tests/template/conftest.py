"""template.yaml, as written and as translated, once for all tests of it."""

from __future__ import annotations

import pytest

from tests.template.translation import Template, read, translate


@pytest.fixture(scope="session")
def written() -> Template:
    """template.yaml as it stands, before the SAM transform."""
    return read()


@pytest.fixture(scope="session")
def translated() -> Template:
    """template.yaml after the SAM transform: what CloudFormation deploys."""
    return translate()
