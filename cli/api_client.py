"""The management API as the commands call it: one request, one answer, or an error that says why there is none."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from cli import token_claims
from cli.resources.show import printable
from cli.up.ports import is_loopback

if TYPE_CHECKING:
    from email.message import Message

    from cli.connection import Connection

Resource = dict[str, Any]

# The gateway gives a function 30 s.
TIMEOUT_SECONDS = 35.0
_REDIRECTED = "it redirects; give the address that it leads to"
_GATEWAY_HINTS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECTED),
    401: "no token arrived",
    403: "the token was refused: expired, of another key, or for another deployment",
    404: "no such address; is it Parley's?",
    429: "too many requests; try again",
    431: "the token is too long",
    503: "no answer in time; try again",
}
# What to do, where the API's own message (parley/errors.py has the codes) does not say it.
_ADVICE = {
    20003: "`parley token` makes another token; one of `parley up` ends with its run, or after 12 hours",
    20403: "`parley token --scope` says what a token may do",
    20404: "names and SIDs are in `parley assistants list` and `parley webhooks list ASSISTANT`",
    20412: "somebody changed it meanwhile: show it, then repeat your change with its present version",
    20429: "it is the deployment's parameter MaxWebhooksPerAccount",
    20503: "a creation that is refused (409) when it is repeated was done the first time",
}
FORM = "application/x-www-form-urlencoded"


def payload_of(event: Resource) -> bytes:
    """What came, or what a callback carries, of a fetched event: the API shows it as text where it is one."""
    text: str = event["payload"]
    return base64.b64decode(text) if event.get("payload_encoding") == "base64" else text.encode()


class ApiError(Exception):
    """Raised, as one of its kinds, when a request has no usable answer; its text is for people."""


class UnreachableError(ApiError):
    """Raised when nobody answers at the address."""


class NotParleyError(ApiError):
    """Raised when somebody else than a management API answers."""


class _Answered(Resource):
    """An object of an answer. The API leaves out no key, so that whoever does is somebody else."""

    def __init__(self, members: Resource, url: str) -> None:
        super().__init__(members)
        self._url = url

    def __missing__(self, key: str) -> object:
        raise NotParleyError(f"{self._url} answered without {key!r}; is it Parley's address?")


class RefusedError(ApiError):
    """Raised when the API, or the gateway before it, refuses."""

    def __init__(self, status: int, code: int | None, message: str, *, date: datetime | None = None) -> None:
        """`code` is Parley's; None when the gateway answered for itself. `date` is the answer's own."""
        advice = _ADVICE.get(code or 0)
        super().__init__(f"{status}{f' {code}' if code else ''}: {message}{f'{chr(10)}  {advice}' if advice else ''}")
        self.status = status
        self.code = code
        self.date = date


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        resource: The answer's object; empty for an empty answer.
        date: What the other side's clock says; None where it does not.
    """

    status: int
    resource: Resource
    date: datetime | None


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

    @property
    def connection(self) -> Connection:
        """Which deployment it calls, and with which token."""
        return self._connection

    def call(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        form: Sequence[tuple[str, str]] | None = None,
        if_match: str | None = None,
    ) -> Resource:
        """One request.

        Args:
            method: GET, POST or DELETE.
            path: Its segments behind the version, as they are: `("Assistants", "my bot")`.
            query: Behind the path.
            form: The body's parameters, as the API names them.
            if_match: The version that the change is meant for.

        Returns:
            The answer's object; empty for an empty answer.

        Raises:
            ApiError: As the kind that says why.
        """
        headers = {} if if_match is None else {"If-Match": if_match}
        body = None if form is None else (FORM, urlencode(form).encode())
        return self.exchange(method, path, query=query, body=body, headers=headers).resource

    def exchange(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        body: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, with any body and headers, and all of its answer.

        Args:
            method: As for `call`, and so are path and query.
            path: As for `call`.
            query: As for `call`.
            body: Its content type and its bytes.
            headers: Beside the token.

        Raises:
            ApiError: As the kind that says why.
        """
        url = "/".join((f"{self._connection.url}/v1", *(quote(segment, safe="") for segment in path)))
        content_type = {"Content-Type": body[0]} if body else {}
        request = Request(  # noqa: S310 — `connection` lets http and https through alone
            f"{url}?{urlencode(query)}" if query else url,
            data=body[1] if body else None,
            headers={
                "Authorization": f"Bearer {self._connection.token}",
                "Accept": "application/json",
                **content_type,
                **(headers or {}),
            },
            method=method,
        )
        return self._answer(request)

    def list_all(
        self,
        path: Sequence[str],
        key: str,
        *,
        page_size: int | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[Resource]:
        """The items of a list, over all of its pages.

        Of `next_page_url` the query alone is taken: the token goes to the address that it was given for, nowhere else.

        Args:
            path: As for `call`.
            key: Under which the items stand.
            page_size: How many are asked for at once.
            filters: What the list is narrowed by, as the API names it.

        Raises:
            ApiError: As the kind that says why.
        """
        query = {**(filters or {}), **({"PageSize": str(page_size)} if page_size is not None else {})}
        while True:
            page = self.call("GET", path, query=query)
            try:
                yield from page[key]
                following = page["meta"]["next_page_url"]
            except TypeError as error:
                raise NotParleyError(f"{self._connection.url} answered without a list of {key}") from error
            if not following:
                return
            query = dict(parse_qsl(urlsplit(following).query))

    def _answer(self, request: Request) -> Answer:
        url = self._connection.url
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                body, status, date = response.read(), response.status, _date(response.headers)
        except HTTPError as error:
            with error:
                raise _refusal(error, self._connection.token) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{url} cannot be reached: {_reason(error)}. Is it running?") from error
        try:
            resource = json.loads(body or b"{}", object_hook=lambda members: _Answered(members, url))
        except (ValueError, RecursionError):
            resource = None
        if not isinstance(resource, dict):
            raise NotParleyError(f"{url} answered with something else than a resource; is it Parley's address?")
        return Answer(status, resource, date)


def _opener(url: str) -> OpenerDirector:
    """One that follows no redirect; a proxy of the environment is not asked for this machine itself."""
    direct = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else []
    return build_opener(_NoRedirects, *direct)


def _refusal(error: HTTPError, token: str) -> RefusedError:
    try:
        said = json.loads(error.read())
        message, code = printable(str(said["message"])), said.get("code")
        code = code if isinstance(code, int) else None
    except (ValueError, TypeError, KeyError, AttributeError, OSError, http.client.HTTPException):
        message, code = "an answer that is not the API's", None
    date = _date(error.headers)
    if code is None and error.code in _GATEWAY_HINTS:
        message = (
            f"{message} ({(error.code == HTTPStatus.FORBIDDEN and _expiry(token, date)) or _GATEWAY_HINTS[error.code]})"
        )
    return RefusedError(error.code, code, message, date=date)


def _expiry(token: str, date: datetime | None) -> str | None:
    """That the token has expired, by the other side's clock where it is known."""
    claims = token_claims.read(token)
    if claims is None or claims.expires_at is None or not claims.has_expired(date or datetime.now(UTC)):
        return None
    return f"the token expired at {claims.expires_at:%Y-%m-%d %H:%M:%S} UTC: `parley token` makes another"


def _date(headers: Message) -> datetime | None:
    try:
        date = parsedate_to_datetime(headers.get("Date") or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    said = (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or type(reason).__name__
    return printable(said)
