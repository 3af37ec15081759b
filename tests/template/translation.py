"""template.yaml as CloudFormation gets it, translated here as the SAM transform does it in AWS: no network, no account.

`python -m tests.template.translation` prints it, for cfn-lint: a circular reference between the API and a function that
it calls shows only there.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]


def read() -> Template:
    """template.yaml as it is written, with `!Ref` and the like in their long forms."""
    template: Template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return template


def translate() -> Template:
    """template.yaml after the SAM transform, its parameters at their defaults where the transform needs them."""
    template = copy.deepcopy(read())
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource["Properties"]:
                # What `sam deploy` puts there; the transform refuses folders.
                resource["Properties"][name] = "s3://bucket/key"
    # No managed policies to look up (the template names none); a session with a region, which the transform asks for.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
    translated: Template = translator.translate(template, parameter_values={})
    return translated


if __name__ == "__main__":
    json.dump(translate(), sys.stdout, indent=2)
