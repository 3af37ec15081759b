"""HTTP as the demo needs it: one call, one answer, no proxy of the environment, every call bounded."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from cli.demo.errors import DemoError

TIMEOUT_SECONDS = 9.0
"""Below the ten seconds for which the demo may be silent."""

_CREATED = 201


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Posts a body.

    Raises:
        DemoError: No answer came.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise DemoError(f"POST {parts.scheme}://{parts.netloc}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


class ManagementApi:
    """Parley's management API, as any client sees it."""

    def __init__(self, api_url: str, token: str) -> None:
        """`token` is the printed one."""
        self._api_url = api_url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def create(self, path: str, **parameters: str) -> dict[str, Any]:
        """Creates a resource.

        Args:
            path: Its list, under `/v1`.
            parameters: As the API names them.

        Raises:
            DemoError: It was not created.
        """
        answer = post(f"{self._api_url}/v1/{path}", self._headers, urlencode(parameters).encode())
        if answer.status != _CREATED:
            said = answer.body.decode(errors="replace")[:300]
            raise DemoError(f"POST /v1/{path} was answered {answer.status}: {said}")
        created: dict[str, Any] = json.loads(answer.body)
        return created
