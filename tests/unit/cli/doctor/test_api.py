"""What the doctor makes of the management API's answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cli.api_client import Answer, RefusedError
from cli.doctor import api
from cli.doctor.findings import NOTE, OK, PROBLEM, UNCHECKED, Finding


class Client:
    """An account with these assistants, each with one webhook, whose deliveries fail to be listed where told so."""

    def __init__(self, *assistants: str, refused: str | None = None) -> None:
        self.connection = SimpleNamespace(url="https://hooks.example.com", token="no-jwt")
        self.assistants = assistants
        self.refused = refused

    def exchange(self, *_: object, **__: object) -> Answer:
        return Answer(200, {"assistants": []}, None)

    def list_all(self, path: tuple[str, ...], key: str, **_: object) -> list[dict[str, Any]]:
        if self.refused in path:
            raise RefusedError(500, None, "Internal Server Error")
        match key:
            case "assistants":
                return [{"sid": name, "unique_name": name} for name in self.assistants]
            case "webhooks":
                return [{"sid": "UM1", "unique_name": "crm", "status": "active", "status_reason": None}]
            case _:
                return []


def found(client: Any) -> dict[str, Finding]:
    return {each.check: each for each in api.checks(client)}


def test_an_account_without_assistants_is_said_for_the_token_may_be_of_another():
    finding = found(Client())["assistants"]
    assert finding.status == NOTE
    assert "--account" in str(finding.advice)


def test_an_assistant_that_cannot_be_asked_for_does_not_hide_the_others():
    said = found(Client("a", "b", "c", refused="b"))
    assert said["webhook a/crm"].status == said["webhook c/crm"].status == OK
    assert (said["assistant b"].status, said["assistant b"].said) == (UNCHECKED, "500: Internal Server Error")
    assert said["token"].status == PROBLEM
