from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.up.deployment import Deployment, Engine
from cli.up.files import Ready, dead_letters, sam_local_variables, write_credentials, write_private
from cli.up.run import foreign_engine

if TYPE_CHECKING:
    from cli.up.template import Template

READY = Ready("http://127.0.0.1:3000", "AC1", "token", {"keys": []})
RESOURCES = {
    "Things": {"": "toy-Things", "Arn": "arn:things"},
    "Work": {"": "http://127.0.0.1:4000/1/toy-Work", "Arn": "arn:work", "QueueName": "toy-Work"},
    "Dead": {"": "http://127.0.0.1:4000/1/toy-Dead"},
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_ready_object_has_its_keys() -> None:
    assert json.loads(READY.to_json()) == {
        "api_url": "http://127.0.0.1:3000",
        "account_sid": "AC1",
        "token": "token",
        "jwks": {"keys": []},
        "console_url": None,
    }


def test_credentials_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    write_credentials(tmp_path / "new", READY)

    assert (tmp_path / "new/token").read_text() == "token"
    assert (tmp_path / "new/url").read_text() == "http://127.0.0.1:3000"
    assert base64.b64decode((tmp_path / "new/basic").read_text()) == b"AC1:token"
    assert mode(tmp_path / "new/token") == mode(tmp_path / "new/basic") == 0o600
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["basic", "token", "url"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    path.write_text("what was there before, and longer")
    write_private(path, "new")

    assert path.read_text() == "new"
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1", "127.0.0.1"), ("192.0.2.1", "host.containers.internal"), (None, "host.containers.internal")],
)
def test_sam_locals_variables_lead_a_container_to_the_engine(
    toy: Template, tmp_path: Path, address: str | None, host: str
) -> None:
    engine = Engine("http://127.0.0.1:4000", "http://127.0.0.1:4000", "us-east-1", "local", "local", own=True)
    run = Deployment(toy.path, {"PublicUrl": "http://127.0.0.1:3000"}, RESOURCES, engine, tmp_path, 1.0)
    variables = sam_local_variables(run, engine_address=address)

    assert set(variables) == {"Guard", "Echo", "Worker"}
    assert variables["Echo"]["WORK_URL"] == f"http://{host}:4000/1/toy-Work"
    assert variables["Echo"]["AWS_ENDPOINT_URL_SQS"] == f"http://{host}:4000"
    assert "AWS_ENDPOINT_URL_DYNAMODB" not in variables["Echo"]  # `sam local` drops what is not declared
    assert variables["Echo"]["URL"] == "none"


def test_dead_letters_are_left_with_where_they_came_from_and_without_a_key(toy: Template, tmp_path: Path) -> None:
    engine = Engine("http://db", "http://127.0.0.1:4000", "eu-west-1", "key", "secret", own=False)
    made = {**RESOURCES, "Dead": {**RESOURCES["Dead"], "Arn": "arn:dead"}}

    assert dead_letters(Deployment(toy.path, {}, made, engine, tmp_path, 1.0)) == {
        "sqs_url": "http://127.0.0.1:4000",
        "region": "eu-west-1",
        "own": False,
        "dead_letters": {
            "Dead": {
                "url": "http://127.0.0.1:4000/1/toy-Dead",
                "arn": "arn:dead",
                "source_url": "http://127.0.0.1:4000/1/toy-Work",
            }
        },
    }


def test_either_endpoint_variable_names_the_engine_for_both() -> None:
    assert foreign_engine({}) is None
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"):
        engine = foreign_engine({name: "http://127.0.0.1:4566"})
        assert engine
        assert (engine.dynamodb_url, engine.sqs_url, engine.own) == ("http://127.0.0.1:4566",) * 2 + (False,)
