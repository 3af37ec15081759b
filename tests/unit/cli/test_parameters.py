"""What the template of `parley up` is given: this machine's values, and the command line's in their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.signing_keys import SigningKey
from cli.up.files import Ready
from cli.up.intrinsics import TemplateError
from cli.up.run import template_parameters
from cli.up.template import Template

OWN, OTHER = SigningKey.generate(), SigningKey.generate()
READY = Ready("http://127.0.0.1:3000", "AC1", "token", {"keys": [OWN.jwk()]})


def test_without_any_the_run_trusts_its_own_key_and_this_machine() -> None:
    assert template_parameters(READY, {}) == {
        "PublicUrl": "http://127.0.0.1:3000",
        "AllowHttpTargets": "true",
        "AllowedPrivateCidrs": "127.0.0.0/8,::1/128",
        "Jwks": json.dumps({"keys": [OWN.jwk()]}, separators=(",", ":")),
    }


def test_what_is_given_takes_the_place_of_what_would_be() -> None:
    given = {"AllowHttpTargets": "false", "MaxWebhooksPerAccount": "5"}
    parameters = template_parameters(READY, given)
    assert given.items() <= parameters.items()
    assert parameters["PublicUrl"] == "http://127.0.0.1:3000"


def test_given_keys_are_trusted_beside_the_runs_own() -> None:
    jwks = template_parameters(READY, {"Jwks": json.dumps({"keys": [OTHER.jwk()]})})["Jwks"]
    assert [key["kid"] for key in json.loads(jwks)["keys"]] == [OWN.jwk()["kid"], OTHER.jwk()["kid"]]
    with pytest.raises(TemplateError, match="parameter Jwks: not a JSON Web Key Set"):
        template_parameters(READY, {"Jwks": "nonsense"})


def test_a_parameter_that_the_template_does_not_declare_is_refused(toy: Template) -> None:
    project = Path(__file__).parents[3] / "template.yaml"
    Template(project, {}).check_declared(["MaxWebhooksPerAccount"])
    with pytest.raises(TemplateError, match="no parameter MaxWebhooks; there are"):
        Template(project, {}).check_declared(["MaxWebhooks"])
    toy.check_declared([])
