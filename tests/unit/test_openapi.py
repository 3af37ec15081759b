"""The OpenAPI document: it is the one that the code makes, whole, valid, and true in its examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from cli.openapi import reference_page, refusals
from cli.openapi.document import build, to_text
from cli.openapi.errors import DocumentError
from cli.openapi.resource import Body, View
from cli.openapi.resources import RESOURCES
from cli.up import reference, responses
from cli.up.intrinsics import load
from cli.up.responses import HttpResponse
from cli.up.template import Template
from parley import errors
from tests.functional.stack import ROOT

COMMITTED = ROOT / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = build()
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
# Of Twilio's family, what our clients were promised; others may join them.
CODES = {20001, 20003, 20004, 20403, 20404, 20409, 20412, 20413, 20429, 20503}


def test_the_committed_document_is_the_one_that_the_code_makes():
    assert COMMITTED.read_text() == to_text(DOCUMENT), "make openapi"


def test_the_committed_page_of_errors_is_the_one_that_the_code_makes():
    assert (ROOT / "docs" / "errors.md").read_text() == refusals.page(), "make openapi"


def test_the_committed_page_of_the_api_is_made_from_the_document_and_names_all_that_it_has():
    page = (ROOT / "docs" / "api.md").read_text()
    assert page == reference_page.page(DOCUMENT), "make openapi"
    for (method, path), operation in OPERATIONS.items():
        assert f"| {operation['operationId']} | `{method} {path}` |" in page
        for parameter in operation.get("parameters", ()):
            assert parameter.get("in") == "path" or "$ref" in parameter or f"| `{parameter['name']}` |" in page


def test_more_info_leads_to_a_page_that_there_is():
    """Twilio's, of the codes that its products answer with (in public clients and logs); else the standard's."""
    at_twilio = {20001, 20003, 20004, 20403, 20404, 20409, 20429, 20503}
    for kind in refusals.kinds():
        expected = (
            "https://www.twilio.com/docs/errors/" if kind.code in at_twilio else "https://www.rfc-editor.org/rfc/rfc"
        )
        assert errors.more_info(kind).startswith(expected), kind.code
        assert (str(kind.code) in errors.more_info(kind)) is (kind.code in at_twilio)


def test_it_is_valid():
    validate(DOCUMENT)


def events_of_template() -> Iterator[tuple[str, tuple[str, str]]]:
    """The template's own name for each of its routes."""
    for resource in load((ROOT / "template.yaml").read_text())["Resources"].values():
        for name, event in resource.get("Properties", {}).get("Events", {}).items():
            if event["Type"] == "HttpApi" and "Path" in event["Properties"]:
                yield name, (event["Properties"]["Method"], event["Properties"]["Path"])


def test_it_has_the_templates_routes_behind_the_authorizer_and_no_other():
    routes = Template(ROOT / "template.yaml", {}).routes
    assert set(OPERATIONS) == {(route.method, route.path) for route in routes if route.authorizer}


def test_an_operation_is_called_what_the_template_calls_its_route():
    named = {route: name for name, route in events_of_template()}
    assert {operation["operationId"]: named[route] for route, operation in OPERATIONS.items()} == {
        name: name for route, name in named.items() if route in OPERATIONS
    }


def placed(schema: object) -> Any:
    """The schema with the document's components beside it, to which its references lead."""
    assert isinstance(schema, dict)
    return {**schema, "components": DOCUMENT["components"]}


def examples(node: object, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every example in the document: where it stands, its schema, and itself."""
    if isinstance(node, dict):
        schema = node.get("schema")
        if schema is not None and "example" in node:
            yield at, schema, node["example"]
        if schema is not None and isinstance(node.get("examples"), dict):
            yield from ((f"{at}/{name}", schema, each["value"]) for name, each in node["examples"].items())
        if isinstance(node.get("examples"), list):
            yield from ((f"{at}/{number}", node, each) for number, each in enumerate(node["examples"]))
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from examples(value, f"{at}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from examples(value, f"{at}/{number}")


def test_every_example_is_of_the_form_that_it_is_an_example_of():
    found = list(examples(DOCUMENT))
    assert len(found) > 100
    for at, schema, example in found:
        wrong = [error.message for error in Draft202012Validator(placed(schema)).iter_errors(example)]
        assert not wrong, at


def test_every_body_and_every_granted_request_has_an_example():
    for operation in OPERATIONS.values():
        contents = list(operation.get("requestBody", {}).get("content", {}).values())
        contents += [
            content
            for status, response in operation["responses"].items()
            if status < "300"
            for content in response.get("content", {}).values()
        ]
        assert contents or set(operation["responses"]) & {"204"}
        assert all("example" in content for content in contents), operation["operationId"]


def test_every_code_of_ours_is_listed_with_what_it_means():
    kinds = {kind.code for kind in refusals.kinds()}
    assert kinds >= CODES
    assert set(DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"]) == kinds
    text = DOCUMENT["info"]["description"]
    for kind in refusals.kinds():
        assert f"| [{kind.code}]({errors.more_info(kind)}) | {kind.status} | {refusals.when(kind)} |" in text


def test_a_special_case_of_an_error_has_the_status_and_code_of_one_in_the_table():
    listed = {(kind.status, kind.code) for kind in refusals.kinds()}
    assert {(kind.status, kind.code) for kind in errors.ParleyError.__subclasses__()} <= listed


def test_what_the_gateway_answers_itself_is_listed_beside_every_operation():
    # 404 never comes from the gateway: $default takes what no other route does; 429 is not emulated on this machine
    emulated = {each.status for each in vars(responses).values() if isinstance(each, HttpResponse)} - {404}
    assert set(refusals.statuses_of_gateway()) == emulated | {429}
    for operation in OPERATIONS.values():
        assert {str(status) for status in refusals.statuses_of_gateway()} <= set(operation["responses"])
    for answer in refusals.GATEWAY:
        schema = DOCUMENT["components"]["responses"][f"Refused{answer.status}"]["content"]["application/json"]["schema"]
        Draft202012Validator(placed(schema)).validate(json.loads(answer.body))


@pytest.mark.parametrize("kind", refusals.kinds(), ids=lambda kind: str(kind.code))
def test_each_of_our_refusals_is_of_the_form_that_its_status_is_documented_with(kind):
    arguments: dict[type[errors.ParleyError], tuple[Any, ...]] = {
        errors.InvalidParameterError: ("Name", "message"),
        errors.MethodNotAllowedError: ("GET", ("POST",)),
    }
    error = kind(*arguments.get(kind, ("message",)))
    schema = DOCUMENT["components"]["responses"][f"Refused{kind.status}"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator(placed(schema))
    validator.validate(errors.body_of(error))
    assert not validator.is_valid({**errors.body_of(error), "code": 99999})


def test_a_parameter_without_a_rule_an_undescribed_key_and_an_undescribed_route_fail_the_build(monkeypatch):
    with pytest.raises(DocumentError, match="color"):
        Body(writable=("color",), read_only=(), required=(), rules={}, example={})
    with pytest.raises(DocumentError, match="color"):
        View(name="Thing", about="", keys={}, example={"color": "blue"})
    monkeypatch.setattr("cli.openapi.document.RESOURCES", RESOURCES[:-1])
    with pytest.raises(DocumentError, match=re.escape(RESOURCES[-1].path)):
        build()


def test_a_rule_that_changes_in_the_code_changes_the_document(monkeypatch):
    monkeypatch.setattr("parley.errors.ConflictError.__doc__", "Raised when it is Tuesday.")
    assert "](https://www.twilio.com/docs/errors/20409) | 409 | it is Tuesday |" in build()["info"]["description"]
    [webhooks] = [resource for resource in RESOURCES if resource.name == "Webhook"]
    creation = next(operation.body for operation in webhooks.operations if operation.name == "CreateWebhook")
    assert isinstance(creation, Body)
    with pytest.raises(DocumentError, match="colour"):
        replace(creation, writable=(*creation.writable, "colour"))


def test_the_page_tells_each_operations_parameter_once_in_its_own_words():
    sections = reference_page.page(DOCUMENT).split("\n## ")[1:]
    for section in sections:
        rows = re.findall(r"(?m)^\| `([\w-]+)` \| ((?:\*{0,2}[A-Z]\w+\*{0,2}(?:, )?)+) \|", section)
        told = [(name, operation) for name, operations in rows for operation in operations.replace("*", "").split(", ")]
        assert len(told) == len(set(told)), section.splitlines()[0]
    [conversation] = re.findall(r"\| `ConversationId` \| ListEvents \| (.*?) \|", "".join(sections))
    assert conversation == "Of that conversation."


def test_parley_up_serves_it_with_itself_as_the_server(tmp_path):
    served = reference.document(ROOT, "http://127.0.0.1:3000")
    assert served is not None
    body = json.loads(served.body)
    assert body.pop("servers") == [{"url": "http://127.0.0.1:3000"}]
    assert body == {key: value for key, value in json.loads(COMMITTED.read_text()).items() if key != "servers"}
    assert reference.document(tmp_path, "") is None
