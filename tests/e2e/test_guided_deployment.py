"""`sam deploy --guided` with Enter at each question, against moto's CloudFormation and S3, as far as these go.

They end where the change set is made: the SAM transform is AWS's. tests/template look at what it makes of the template.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.up.intrinsics import load
from tests.e2e import deployed

ROOT = Path(__file__).parents[2]
TEMPLATE = load((ROOT / "template.yaml").read_text("utf-8"))
# What SAM makes for itself at the first deployment of an account; moto's has no tags and no outputs.
MANAGED = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "sam-of-this-account"}}},
    "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
}


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    """An account of moto's, as the environment that leads there."""
    with deployed.account() as variables:
        deployed.client("cloudformation", variables).create_stack(
            StackName="aws-sam-cli-managed-default",
            TemplateBody=json.dumps(MANAGED),
            Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
        )
        yield variables


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("sam") is None, reason="no sam is on PATH: `make test` installs one")
def test_enter_at_each_question_leads_to_the_change_set(account: dict[str, str], tmp_path: Path) -> None:
    settings = shutil.copy(ROOT / "samconfig.toml", tmp_path)
    said = typed("sam deploy --guided", account, tmp_path, answers="\n" * 100)
    asked = dict(re.findall(r"Parameter (\w+) \[(.*?)\]:", said))
    assert asked == {name: str(parameter["Default"]) for name, parameter in TEMPLATE["Parameters"].items()}
    # the answer to the second would be given by Enter too, and would be no
    assert "Confirm changes before deploy [y/N]" in said
    assert "Deploy this changeset?" not in said
    # SAM's own question about open routes, to which Enter is no and the end
    assert "Is this okay?" not in said
    assert "Initiating deployment" in said, said
    assert "Failed to create changeset" in said, "moto can make one now: let this test go on"
    assert f'region = "{deployed.REGION}"' in Path(settings).read_text("utf-8")


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("sam") is None, reason="no sam is on PATH (make test installs one)")
def test_the_next_deployment_keeps_the_keys_that_the_outputs_commands_set(
    account: dict[str, str], tmp_path: Path
) -> None:
    settings = Path(shutil.copy(ROOT / "samconfig.toml", tmp_path))
    # as `--guided` leaves it, where Enter was the answer to each question
    answers = " ".join(f'{name}="{each["Default"]}"' for name, each in TEMPLATE["Parameters"].items())
    settings.write_text(f"{settings.read_text('utf-8')}parameter_overrides = {json.dumps(answers)}\n", "utf-8")
    outputs = TEMPLATE["Outputs"]
    typed(outputs["Next1MakeAKey"]["Value"], account, tmp_path)
    opened = overrides(typed(outputs["Next2TellTheApi"]["Value"], account, tmp_path))
    assert json.loads(opened["Jwks"])["keys"]
    assert overrides(typed("sam deploy", account, tmp_path)) == opened
    closed = "sam deploy --parameter-overrides \"Jwks='' Issuer=''\""
    assert closed in (ROOT / "docs/operations.md").read_text("utf-8")
    assert overrides(typed(closed, account, tmp_path)) == {"Jwks": "", "Issuer": ""}


def overrides(said: str) -> dict[str, str]:
    """The parameters that a deployment sets; all others keep the values that the stack has."""
    found = re.search(r"Parameter overrides +: (\{.*\})", said)
    assert found, said
    parameters: dict[str, str] = json.loads(found[1])
    return parameters


def typed(command: str, account: dict[str, str], folder: Path, *, answers: str = "") -> str:
    """What a command says, typed in a folder with a samconfig.toml of its own."""
    if command.startswith("sam "):
        # what is built does not matter to the questions: the sources are packed as they are
        command += f" --template-file '{ROOT}/template.yaml' --config-file '{folder}/samconfig.toml'"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "SAM_CLI_TELEMETRY": "0", **account},
        input=answers,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return ran.stdout + ran.stderr
