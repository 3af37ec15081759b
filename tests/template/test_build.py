"""What `sam build` makes: binaries of the functions' architecture, handlers at the names that the template gives.

The build itself runs here, once per architecture, into a temporary folder.
"""

from __future__ import annotations

import os
import platform
import shutil
import struct
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.template.resources import FUNCTIONS
from tests.template.translation import ROOT

ARCHITECTURES = ("arm64", "x86_64")
# e_machine of an ELF header.
MACHINES = {183: "arm64", 62: "x86_64"}
RUNTIME = "python3.13"
# Design section 7: the layer, unzipped, with bytecode.
LAYER_BYTES = 45_000_000


def runs(command: str) -> bool:
    """Whether a command is there and runs (a version manager's stand-in is there and does not)."""
    path = shutil.which(command)
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


needs_runtime = pytest.mark.skipif(not runs(RUNTIME), reason=f"no {RUNTIME}, the functions' own, that runs is on PATH")


@pytest.fixture(scope="session", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    """The value of the parameter Architecture."""
    return str(request.param)


@pytest.fixture(scope="session")
def built(architecture: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` made for an architecture."""
    if shutil.which("sam") is None:
        pytest.skip("no sam is on PATH: `make test` installs one")
    folder = tmp_path_factory.mktemp(architecture)
    subprocess.run(
        [
            *("sam", "build", "--no-cached", "--build-dir", str(folder / "build")),
            *("--parameter-overrides", f"Architecture={architecture}"),
        ],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        check=True,
    )
    return folder / "build"


@pytest.mark.timeout(300)
def test_the_layers_binaries_are_of_the_functions_architecture(built: Path, architecture: str) -> None:
    found = {}
    for file in (built / "ParleyLayer").rglob("*"):
        if file.is_file() and (head := file.read_bytes()[:20])[:4] == b"\x7fELF":
            found[file.name] = MACHINES.get(struct.unpack("<H", head[18:20])[0])
    assert found, "no binary at all: pydantic-core and cryptography have some"
    assert set(found.values()) == {architecture}, found


@pytest.mark.timeout(300)
def test_the_layers_binaries_are_of_the_runtimes_version(built: Path) -> None:
    names = [file.name for file in (built / "ParleyLayer").rglob("*.so")]
    assert names
    assert all(".cpython-313-" in name or ".abi3." in name for name in names), names


@pytest.mark.timeout(300)
def test_the_shared_package_is_whole_and_where_lambda_looks_for_it(built: Path) -> None:
    source, copy = ROOT / "layers/parley/parley", built / "ParleyLayer/python/parley"
    expected = {file.relative_to(source) for file in source.rglob("*.py")}
    assert {file.relative_to(copy) for file in copy.rglob("*.py")} == expected


@pytest.mark.timeout(300)
def test_a_function_holds_its_own_code_under_its_full_name_and_nothing_else(built: Path) -> None:
    for function in FUNCTIONS:
        name = function.removesuffix("Function").lower()
        files = {file.relative_to(built / function) for file in (built / function).rglob("*.py")}
        assert Path(f"functions/{name}/app.py") in files
        assert all(file.is_relative_to(f"functions/{name}") for file in files), function


@pytest.mark.timeout(300)
def test_the_console_has_all_the_files_of_its_page(built: Path) -> None:
    page = Path("functions/console/page")
    expected = {file.name: file.read_bytes() for file in (ROOT / page).iterdir()}
    assert {file.name: file.read_bytes() for file in (built / "ConsoleFunction" / page).iterdir()} == expected


@pytest.mark.timeout(300)
def test_the_layer_stays_within_its_budget(built: Path) -> None:
    assert sum(file.stat().st_size for file in (built / "ParleyLayer").rglob("*") if file.is_file()) <= LAYER_BYTES


@needs_runtime
@pytest.mark.timeout(300)
def test_the_bytecode_is_valid_whatever_the_dates_of_its_sources(built: Path) -> None:
    compiled = [file.read_bytes()[4:8] for file in (built / "ParleyLayer").rglob("*.pyc")]
    assert compiled
    # PEP 552: flags 1 are a hash that is not checked.
    assert set(compiled) == {b"\x01\x00\x00\x00"}


@needs_runtime
@pytest.mark.timeout(300)
def test_every_handler_can_be_imported_from_what_was_built(built: Path, architecture: str) -> None:
    if architecture != platform.machine().replace("aarch64", "arm64"):
        pytest.skip(f"this machine cannot run the binaries for {architecture}")
    for function in FUNCTIONS:
        handler = f"functions.{function.removesuffix('Function').lower()}.app"
        # Last on the path: boto3, which Lambda's runtime brings, from this environment (it is pure Python).
        path = [built / function, built / "ParleyLayer/python", sysconfig.get_path("purelib")]
        subprocess.run(
            [RUNTIME, "-B", "-c", f"import {handler}; {handler}.lambda_handler"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(map(str, path)), "AWS_DEFAULT_REGION": "eu-west-1"},
            cwd=built,
            check=True,
        )
