"""The routes of a management function over Powertools' resolver: caller and scope first, then the route, then errors.

API Gateway has matched the route already and says so (`routeKey`, decoded `pathParameters`); the resolver is given the
path that these spell, percent-encoded, so that stage, base path, and names in any script are no concern of its
patterns.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from botocore.exceptions import ClientError

from parley import telemetry
from parley.api.caller import READ, WRITE, Caller, identify, require
from parley.api.links import API_ROOT, base_of
from parley.api.versions import etag
from parley.aws import UNAVAILABLE
from parley.errors import MethodNotAllowedError, NotFoundError, ParleyError, UnavailableError, body_of
from parley.http import Request
from parley.platforms import PLATFORM_NAMES, platform

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PARAMETER = re.compile(r"\{(\w+)\+?\}")
_INGEST = re.compile(r"(?:^|/)ingest\b(?:/+(?P<platform>\w+))?", re.IGNORECASE)
_CATCH_ALL = "$default"
# An answer that came too late, or not at all, does not say whether the write was made.
_UNSURE = "A table or queue does not answer just now. What you asked for may be done or not: look, or try again"
_logger = telemetry.logger()
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route, by a caller who may make it.

    Attributes:
        base_url: What links in the answer begin with.
        seconds_left: Until Lambda ends the invocation.
    """

    request: Request
    caller: Caller
    base_url: str
    now_ms: int
    seconds_left: Callable[[], float]

    @property
    def path(self) -> str:
        """The resource's path as Twilio's errors name it: decoded, without the API's version."""
        return self.request.path.partition(API_ROOT)[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers; a resource that can be changed has a version."""

    status: int
    body: Mapping[str, Any] | None = None
    version: int | None = None


Route = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Registered:
    """A route as it was registered, for what describes the API: `path` as in the template."""

    method: str
    path: str
    scope: str
    route: Callable[..., object]


class Api:
    """The management routes of one function."""

    def __init__(
        self,
        *,
        public_url: str,
        elsewhere: Mapping[str, tuple[str, ...]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin without routes.

        Args:
            public_url: The deployment's `PublicUrl`, or empty.
            elsewhere: Path templates that other functions serve, with their methods: for 405 behind `$default`.
            clock: Unix time in seconds.
        """
        self._resolver = APIGatewayHttpResolver()
        self._public_url = public_url
        self._clock = clock
        self.routes: list[Registered] = []
        self._methods: dict[str, list[str]] = {path: list(methods) for path, methods in (elsewhere or {}).items()}
        self._resolver.exception_handler(ParleyError)(_refused)
        self._resolver.exception_handler(list(UNAVAILABLE))(_unavailable)
        self._resolver.not_found(self._no_route)

    def get(self, path: str) -> Callable[[Route], Route]:
        """A route that reads; `path` as in the template: `/v1/Assistants/{AssistantSid}`."""
        return self._route("GET", path, READ)

    def post(self, path: str, scope: str = WRITE) -> Callable[[Route], Route]:
        """A route that writes, or does what another scope is for."""
        return self._route("POST", path, scope)

    def delete(self, path: str) -> Callable[[Route], Route]:
        """A route that deletes."""
        return self._route("DELETE", path, WRITE)

    def _route(self, method: str, path: str, scope: str) -> Callable[[Route], Route]:
        self._methods.setdefault(path, []).append(method)

        def register(route: Route) -> Route:
            self.routes.append(Registered(method, path, scope, route))

            def serve(**segments: str) -> Response[str]:
                call = self._call(scope)
                return _response(route(call, *(unquote(segment) for segment in segments.values())))

            self._resolver.route(_PARAMETER.sub(r"<\1>", path), method=method)(serve)
            return route

        return register

    def _call(self, scope: str) -> Call:
        request: Request = self._resolver.context["request"]
        now_seconds = self._clock()
        caller = identify(request.authorizer, now_seconds=now_seconds)
        require(caller, scope)
        context = self._resolver.lambda_context
        return Call(
            request=request,
            caller=caller,
            base_url=base_of(request, self._public_url),
            now_ms=int(now_seconds * 1000),
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )

    def _no_route(self, _error: NoRouteError) -> Response[str]:
        request: Request = self._resolver.context["request"]
        path = request.path if request.stage == _CATCH_ALL else request.path.removeprefix(f"/{request.stage}")
        for template, methods in self._methods.items():
            found = re.fullmatch(_PARAMETER.sub(r"(?P<\1>[^/]+)", template), path)
            allowed = _allowed(methods, found.groupdict()) if found else ()
            # an allowed method came here all the same: a slash in the path was sent as %2F
            if allowed and request.method not in allowed:
                return _refused(MethodNotAllowedError(request.method, allowed))
        return _refused(NotFoundError(_tokenless(path).removeprefix(API_ROOT)))

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer a payload-v2 event."""
        telemetry.begin(event["requestContext"]["requestId"])
        request = Request.from_event(event)
        self._resolver.append_context(request=request)  # type: ignore[no-untyped-call] # Powertools'
        answer = self._resolver.resolve(_routable(event), context)
        # who and what, never how: names in paths are the team's own, bodies hold secrets
        telemetry.tell(
            "called",
            route=request.route_key,
            status=answer["statusCode"],
            account=request.authorizer.get("account"),
            token=request.authorizer.get("token_id"),
            ms=time.time_ns() // 1_000_000 - request.received_ms,
        )
        return answer


def _routable(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with the path that its route spells, in characters that the resolver's patterns know."""
    context = event["requestContext"]
    route_key = event["routeKey"]
    if route_key == _CATCH_ALL:
        # no route's: the path is decoded here, and would spell one though API Gateway matched none and asked nobody
        path = f"/{_CATCH_ALL}"
    else:
        segments = event.get("pathParameters") or {}
        template = route_key.partition(" ")[2]
        path = _PARAMETER.sub(lambda match: quote(segments[match[1]], safe=""), template)
    return {**event, "rawPath": path, "requestContext": {**context, "stage": _CATCH_ALL}}


def _allowed(methods: Sequence[str], segments: Mapping[str, str]) -> tuple[str, ...]:
    """The methods of a path; on an ingest URL the platform's own."""
    if "token" not in segments:
        return tuple(sorted(methods))
    name = segments["platform"]
    return tuple(sorted(platform(name).methods)) if name in PLATFORM_NAMES else ()


def _tokenless(path: str) -> str:
    """A path as an answer may quote it: of an ingest URL, however misspelt, the platform at most (invariant 4)."""
    found = _INGEST.search(path)
    if found is None or path.startswith(f"{API_ROOT}/Assistants/"):
        return path
    name = found["platform"]
    return f"/ingest/{name}" if name in PLATFORM_NAMES else "/ingest"


def _response(answer: Answer) -> Response[str]:
    headers: dict[str, str | list[str]] = {"ETag": etag(answer.version)} if answer.version is not None else {}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers, body="")
    body = json.dumps(answer.body, ensure_ascii=False)
    return Response(status_code=answer.status, content_type=JSON, headers=headers, body=body)


def _unavailable(error: Exception) -> Response[str]:
    """What a table or queue that cannot serve is to the caller; who runs the deployment finds the kind in the log."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    # not its text: that of a refused parameter quotes the value, which may be a secret (invariant 4)
    _logger.error("unavailable", extra={"error": type(error).__name__, "code": code})
    return _refused(UnavailableError(_UNSURE))


def _refused(error: ParleyError) -> Response[str]:
    headers: dict[str, str | list[str]] = {}
    if isinstance(error, MethodNotAllowedError):
        headers["Allow"] = ", ".join(error.allowed)
    body = json.dumps(body_of(error), ensure_ascii=False)
    return Response(status_code=error.status, content_type=JSON, headers=headers, body=body)
