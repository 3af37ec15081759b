"""The bundle as a stack of moto's: what the SAM transform makes of template.yaml, but for what moto cannot read.

Left out are the API, alarms and the layer (moto asks for packages, and knows no dashboards), and what a parameter adds.
"""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.session import Session
from moto.server import ThreadedMotoServer

from tests.template.translation import translate

REGION = "eu-west-1"
STACK = "parley"
_KEPT = {
    *("AWS::DynamoDB::Table", "AWS::Events::Rule", "AWS::IAM::Role", "AWS::Lambda::EventSourceMapping"),
    *("AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::SQS::Queue"),
}


@contextmanager
def account() -> Iterator[dict[str, str]]:
    """An empty account of moto's, as the environment that leads there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    # all servers of a process show the same account
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
        }
    finally:
        server.stop()


def client(service: str, variables: dict[str, str]) -> Any:
    """The SDK's client for a service of that account."""
    return Session().create_client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def deploy(variables: dict[str, str]) -> dict[str, str]:
    """Make the stack; what it is made of, physical ids by logical ones."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", "")
    s3 = client("s3", variables)
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bucket", Key="key", Body=code.getvalue())  # as tests/template/translation.py names it
    cloudformation = client("cloudformation", variables)
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=json.dumps(_for_moto(translate())), Capabilities=["CAPABILITY_IAM"]
    )
    sqs = client("sqs", variables)
    made = {}
    for each in cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]:
        physical = each["PhysicalResourceId"]
        if each["ResourceType"] == "AWS::SQS::Queue":
            # there its host is AWS's, everywhere else the server's
            physical = sqs.get_queue_url(QueueName=physical.rpartition("/")[2])["QueueUrl"]
        made[each["LogicalResourceId"]] = physical
    return made


def _for_moto(template: dict[str, Any]) -> dict[str, Any]:
    resources = {
        name: found
        for name, found in template["Resources"].items()
        if found["Type"] in _KEPT and "Condition" not in found
    }
    for found in resources.values():
        properties = found["Properties"]
        if found.get("DeletionPolicy") == "RetainExceptOnCreate":
            found["DeletionPolicy"] = "Retain"  # the same, once the stack is made; moto knows the one word only
        # names the layer, each in its way
        properties.pop("Layers", None)
        properties.pop("Description", None)
        if "Policies" in properties:
            properties["Policies"] = [policy for policy in properties["Policies"] if "PolicyName" in policy]
        # names the API
        properties.get("Environment", {}).get("Variables", {}).pop("OWN_URLS", None)
    parts = ("AWSTemplateFormatVersion", "Parameters", "Conditions")
    return {**{part: template[part] for part in parts}, "Resources": resources}
