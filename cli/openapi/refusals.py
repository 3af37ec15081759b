"""What is answered when a request is refused: by Parley, in Twilio's form, and by API Gateway, in its own.

Parley's are the kinds of `ParleyError`, with the sentence that each carries in the code. The gateway's cannot be
changed on an HTTP API; their bodies are those that `parley up` answers with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from cli.openapi.errors import DocumentError
from cli.up import responses
from cli.up.responses import HttpResponse, gateway_response
from parley.errors import InvalidParameterError, MethodNotAllowedError, ParleyError, body_of, more_info

_SAMPLE = body_of(InvalidParameterError("PageSize", "'0'", "1 to 1,000"))

# 429 alone is not emulated here: nothing throttles a run on one machine.
GATEWAY: dict[HttpResponse, str] = {
    responses.BAD_REQUEST: "what came is not HTTP",
    responses.UNAUTHORIZED: "there is no `Authorization` header",
    responses.FORBIDDEN: "the authorizer refuses the token: its reason stands in the authorizer's log alone",
    responses.TOO_LARGE: "a body of more than 10 MB, or one that makes an event of more than 6 MB",
    gateway_response(429, "Too Many Requests"): "more requests than the stage's throttling lets through",
    responses.HEADERS_TOO_LARGE: "more than 10,240 bytes of request line and headers",
    responses.FAILED: "the function or the authorizer failed",
    responses.UNAVAILABLE: "no answer within 30 seconds, or no function free",
}


def kinds() -> list[type[ParleyError]]:
    """Every kind of error that the table has, by status and code; others are special cases of one of them."""
    found = (kind for kind in ParleyError.__subclasses__() if kind.__module__ == ParleyError.__module__)
    return sorted(found, key=lambda kind: (kind.status, kind.code))


def when(kind: type[ParleyError]) -> str:
    """When it is raised, in its own words.

    Raises:
        DocumentError: It does not say so.
    """
    words = " ".join((kind.__doc__ or "").split())
    said = words.removeprefix("Raised when ")
    if said == words:
        raise DocumentError(f"{kind.__name__} does not say when it is raised")
    return said.removesuffix(".")


def schemas() -> dict[str, Any]:
    """The two forms of a refusal."""
    return {
        "Error": {
            "type": "object",
            "description": "Parley's refusal, in Twilio's form.",
            "required": list(_SAMPLE),
            "properties": {
                "code": {
                    "type": "integer",
                    "enum": sorted({kind.code for kind in kinds()}),
                    "description": "Which kind: see the table of errors.",
                },
                "message": {"type": "string", "description": "What was wrong, and what is allowed."},
                "more_info": {"type": "string", "format": "uri", "enum": sorted({more_info(kind) for kind in kinds()})},
                "status": {"type": "integer", "description": "The HTTP status again."},
            },
            "examples": [_SAMPLE],
        },
        "GatewayMessage": {
            "type": "object",
            "description": "API Gateway's own answer, whose form cannot be changed.",
            "required": ["message"],
            "properties": {"message": {"type": "string"}},
            "maxProperties": 1,
        },
    }


def statuses_of_gateway() -> list[int]:
    """Those that it answers on any route."""
    return sorted(answer.status for answer in GATEWAY)


def components() -> dict[str, Any]:
    """A response for each status."""
    ours: dict[int, list[type[ParleyError]]] = defaultdict(list)
    for kind in kinds():
        ours[kind.status].append(kind)
    theirs = {answer.status: (answer, meaning) for answer, meaning in GATEWAY.items()}
    return {name(status): _response(status, ours[status], theirs.get(status)) for status in sorted({*ours, *theirs})}


def name(status: int) -> str:
    """The component for a status."""
    return f"Refused{status}"


def references(statuses: Iterable[int]) -> dict[str, Any]:
    """An operation's refusals, those that the gateway may answer on any route among them."""
    return {str(status): {"$ref": f"#/components/responses/{name(status)}"} for status in sorted(statuses)}


def _response(
    status: int, kinds: Iterable[type[ParleyError]], gateway: tuple[HttpResponse, str] | None
) -> dict[str, Any]:
    forms: list[dict[str, Any]] = []
    said = [f"{kind.code}: {when(kind)}" for kind in kinds]
    codes = [kind.code for kind in kinds]
    if codes:
        refined = {"properties": {"code": {"enum": codes}, "status": {"const": status}}}
        forms.append({"allOf": [{"$ref": "#/components/schemas/Error"}, refined]})
    content: dict[str, Any] = {}
    if gateway:
        answer, meaning = gateway
        forms.append({"$ref": "#/components/schemas/GatewayMessage"})
        said.append(f"the gateway's own: {meaning}")
        content["examples"] = {"gateway": {"value": json.loads(answer.body)}}
    content["schema"] = forms[0] if len(forms) == 1 else {"anyOf": forms}
    described: dict[str, Any] = {
        "description": "; ".join(said),
        "content": {"application/json": content},
    }
    if status == MethodNotAllowedError.status:
        described["headers"] = {"Allow": {"schema": {"type": "string"}, "description": "The methods that there are."}}
    return described


PAGE = f"""\
# Errors

Made by `make openapi` from `parley/errors.py` and from what `parley up`'s gateway answers; a test compares.

A function refuses with a JSON body in Twilio's form, which Twilio's clients raise as their own exception:

```json
{json.dumps(_SAMPLE, indent=2)}
```

`message` says which parameter, what was wrong and what is allowed; it quotes a refused value unless that is a secret.

"""


def page() -> str:
    """docs/errors.md."""
    return f"{PAGE}{table()}\n"


def table() -> str:
    """The errors in Markdown: Parley's by code, then the gateway's."""
    rows = [f"| [{kind.code}]({more_info(kind)}) | {kind.status} | {when(kind)} |" for kind in kinds()]
    gateway = [
        f"| {answer.status} | `{answer.body.decode()}` | {meaning} |"
        for answer, meaning in sorted(GATEWAY.items(), key=lambda entry: entry[0].status)
    ]
    return "\n".join(
        (
            "| code | status | when |",
            "| --- | --- | --- |",
            *rows,
            "",
            "What API Gateway answers itself, on any route:",
            "",
            "| status | body | when |",
            "| --- | --- | --- |",
            *gateway,
        )
    )
