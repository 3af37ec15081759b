"""`sam deploy --guided` with Enter at each question, against moto's CloudFormation and S3, as far as these go.

They end where the change set is made: the SAM transform is AWS's. tests/template look at what it makes of the template.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from cli.up.intrinsics import load

ROOT = Path(__file__).parents[2]
REGION = "eu-west-1"
# What SAM makes for itself at the first deployment of an account; moto's has no tags and no outputs.
MANAGED = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "sam-of-this-account"}}},
    "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
}


@pytest.fixture
def account() -> Iterator[dict[str, str]]:
    """An account of moto's, as the environment that leads there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }
    client = boto3.client(
        "cloudformation",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    try:
        client.create_stack(
            StackName="aws-sam-cli-managed-default",
            TemplateBody=json.dumps(MANAGED),
            Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
        )
        yield variables
    finally:
        server.stop()


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("sam") is None, reason="no sam is on PATH (make test installs one)")
def test_enter_at_each_question_leads_to_the_change_set(account: dict[str, str], tmp_path: Path) -> None:
    settings = tmp_path / "samconfig.toml"
    shutil.copy(ROOT / "samconfig.toml", settings)
    # what is built does not matter to the questions: the sources are packed as they are
    command = ["sam", "deploy", "--guided", "--template-file", "template.yaml", "--config-file", str(settings)]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0", **account},
        input="\n" * 100,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    said = ran.stdout + ran.stderr
    asked = dict(re.findall(r"Parameter (\w+) \[(.*?)\]:", said))
    parameters = load((ROOT / "template.yaml").read_text("utf-8"))["Parameters"]
    assert asked == {name: str(parameter["Default"]) for name, parameter in parameters.items()}
    # the answer to the second would be given by Enter too, and would be no
    assert "Confirm changes before deploy [y/N]" in said
    assert "Deploy this changeset?" not in said
    # SAM's own question about open routes, to which Enter is no and the end
    assert "Is this okay?" not in said
    assert "Initiating deployment" in said, said
    assert "Failed to create changeset" in said, "moto can make one now: let this test go on"
    assert f'region = "{REGION}"' in settings.read_text("utf-8")
