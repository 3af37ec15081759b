"""One run of the bundle for every test of this folder, and the folder of that run to type commands in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.bundle import Bundle


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle(tmp_path_factory.mktemp("up"), "--time-scale", "5") as run:
        yield run


@pytest.fixture(autouse=True)
def beside_it(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle.folder)
    for name in ("PARLEY_URL", "PARLEY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
