"""The management API as the commands call it: one request, one answer, or an error that says why there is none."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from cli.up.ports import is_loopback

if TYPE_CHECKING:
    from cli.connection import Connection

Resource = dict[str, Any]

# The gateway gives a function 30 s.
TIMEOUT_SECONDS = 35.0
_GATEWAY_HINTS = {
    401: "no token arrived",
    403: "the token was refused: expired, of another key, or for another deployment",
    404: "no such address; is it Parley's?",
    429: "too many requests; try again",
    431: "the token is too long",
    503: "no answer in time; try again",
}


class ApiError(Exception):
    """Raised, as one of its kinds, when a request has no usable answer; its text is for people."""


class UnreachableError(ApiError):
    """Raised when nobody answers at the address."""


class NotParleyError(ApiError):
    """Raised when somebody else than a management API answers."""


class RefusedError(ApiError):
    """Raised when the API, or the gateway before it, refuses."""

    def __init__(self, status: int, code: int | None, message: str) -> None:
        """`code` is Parley's; None when the gateway answered for itself."""
        super().__init__(f"{status}{f' {code}' if code else ''}: {message}")
        self.status = status
        self.code = code


class _NoRedirects(HTTPRedirectHandler):
    """The API redirects nobody, and a token must not follow one."""

    def redirect_request(self, *_: object) -> None:
        return None


class ApiClient:
    """Calls one deployment with one token."""

    def __init__(self, connection: Connection) -> None:
        """Takes the address and token; calls nothing yet."""
        self._connection = connection
        self._opener = _opener(connection.url)

    def call(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        form: Sequence[tuple[str, str]] | None = None,
        if_match: str | None = None,
    ) -> Resource | None:
        """One request.

        Args:
            method: GET, POST or DELETE.
            path: Its segments behind the version, as they are: `("Assistants", "my bot")`.
            query: Behind the path.
            form: The body's parameters, as the API names them.
            if_match: The version that the change is meant for.

        Returns:
            The answer's object; None for an empty answer.

        Raises:
            ApiError: As the kind that says why.
        """
        url = "/".join((f"{self._connection.url}/v1", *(quote(segment, safe="") for segment in path)))
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json"}
        if if_match is not None:
            headers["If-Match"] = if_match
        request = Request(  # noqa: S310 — `connection` lets http and https through alone
            f"{url}?{urlencode(query)}" if query else url,
            data=None if form is None else urlencode(form).encode(),
            headers=headers,
            method=method,
        )
        return self._answer(request)

    def list_all(self, path: Sequence[str], key: str, *, page_size: int | None = None) -> Iterator[Resource]:
        """The items of a list, over all of its pages.

        Of `next_page_url` the query alone is taken: the token goes to the address that it was given for, nowhere else.

        Raises:
            ApiError: As the kind that says why.
        """
        query = {"PageSize": str(page_size)} if page_size is not None else {}
        while True:
            page = self.call("GET", path, query=query) or {}
            try:
                yield from page[key]
                following = page["meta"]["next_page_url"]
            except (KeyError, TypeError) as error:
                raise NotParleyError(f"{self._connection.url} answered without a list of {key}") from error
            if not following:
                return
            query = dict(parse_qsl(urlsplit(following).query))

    def _answer(self, request: Request) -> Resource | None:
        url = self._connection.url
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                body = response.read()
        except HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{url} cannot be reached: {_reason(error)}. Is it running?") from error
        if not body:
            return None
        try:
            resource = json.loads(body)
        except ValueError:
            resource = None
        if not isinstance(resource, dict):
            raise NotParleyError(f"{url} answered with something else than a resource; is it Parley's address?")
        return resource


def _opener(url: str) -> OpenerDirector:
    """One that follows no redirect; a proxy of the environment is not asked for this machine itself."""
    direct = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else []
    return build_opener(_NoRedirects, *direct)


def _refusal(status: int, body: bytes) -> RefusedError:
    try:
        said = json.loads(body)
        message, code = said["message"], said.get("code")
    except (ValueError, TypeError, KeyError, AttributeError):
        message, code = "an answer that is not the API's", None
    if code is None and status in _GATEWAY_HINTS:
        message = f"{message} ({_GATEWAY_HINTS[status]})"
    return RefusedError(status, code, message)


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or type(reason).__name__
