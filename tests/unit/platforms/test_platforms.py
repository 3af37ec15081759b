from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parley import platforms
from parley.platforms import PLATFORM_NAMES, platform
from parley.vocabulary import PLATFORM_TYPES
from tests.unit.platforms import test_naming
from tests.unit.platforms.examples import URL, source

FOLDER = Path(platforms.__file__).parent


def test_every_folder_is_in_the_list_and_repeats_the_same_file_names():
    folders = {path.name: path for path in FOLDER.iterdir() if (path / "__init__.py").exists()}
    assert set(folders) == set(PLATFORM_NAMES)
    assert len({frozenset(file.name for file in path.glob("*.py")) for path in folders.values()}) == 1


@pytest.mark.parametrize("name", PLATFORM_NAMES)
def test_a_platform_is_complete(name):
    chosen = platform(name)
    assert chosen.name == name
    assert "POST" in chosen.methods
    assert chosen.names.known
    assert any(URL in step for step in chosen.steps(URL))
    status, headers, body = chosen.answer(source(name))
    assert status == 200
    assert (headers, body) == (
        ({"content-type": "application/json"}, b'{"tropo":[]}') if name == "tropo" else ({}, b"")
    )


def test_an_unknown_platform_is_a_key_error():
    with pytest.raises(KeyError):
        platform("os")


def test_only_autopilot_calls_with_get_and_folds_case():
    assert [name for name in PLATFORM_NAMES if "GET" in platform(name).methods] == ["autopilot"]
    assert [name for name in PLATFORM_NAMES if platform(name).names.fold_case] == ["autopilot"]


def test_tropos_reply_can_be_configured():
    program = '{"tropo":[{"say":{"value":"やあ"}}]}'
    assert platform("tropo").answer(source("tropo", reply=program))[2] == program.encode()


@pytest.mark.parametrize("name", PLATFORM_NAMES)
def test_asking_for_one_platform_imports_no_other_and_no_models_and_no_pyjwt(name):
    code = f"import sys; from parley.platforms import platform; platform({name!r}); print('\\n'.join(sys.modules))"
    listing = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(listing.stdout.split())
    others = {f"parley.platforms.{other}" for other in PLATFORM_NAMES if other != name}
    assert f"parley.platforms.{name}" in loaded
    assert not loaded & (others | {"pydantic", "jwt", "aiohttp", "boto3", f"parley.platforms.{name}.models"})


def test_the_vocabulary_of_all_namings_is_the_whole_list():
    covered = {case.type for case in test_naming.CASES} | {"event.unrecognised"}
    assert covered == set(PLATFORM_TYPES)
