"""The payloads with which AWS would invoke each function, made by what `parley up` makes them with.

They are for the assistant `demo-bot`, which every `parley up` has, and for the domain name that stands in them: that is
what a platform's signature covers where the deployment has no `PublicUrl`, as under `sam local`.
"""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cli.demo.senders import SENDERS
from cli.signing_keys import ALL_SCOPES
from cli.up import events, routing, seed
from cli.up.template import ACCOUNT_ID, Template
from functions.ingest.accept import event_of
from parley.http import Request
from parley.messages import EventMessage, encode
from parley.platforms import platform as platform_of
from parley.source import Source, SourceOptions

if TYPE_CHECKING:
    from cli.event.bodies import Body

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
REGION = "us-east-1"
DOMAIN = f"parleydemo.execute-api.{REGION}.amazonaws.com"
_SOURCES = {source.platform: source for source in seed.SOURCES}
_HOUR_SECONDS = 3600


class NoRouteError(Exception):
    """Raised when the API has no such route."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function's logical id, and the payload for it."""

    function: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a platform calls, and what it proves that with; `secret` None sends no proof."""

    url: str
    secret: str | None


def demo_caller(platform: str) -> Caller:
    """A platform as the demo's assistant has it."""
    source = _SOURCES[platform]
    return Caller(f"https://{DOMAIN}{source.path}", source.secret)


def ingest(platform: str, body: Body, caller: Caller) -> Invocation:
    """A platform's call, with its proof as of now.

    Raises:
        NoRouteError: The URL is no ingest URL.
    """
    try:
        parts = urlsplit(caller.url)
    except ValueError:
        raise NoRouteError(f"{caller.url!r} is no URL") from None
    # the function knows its own address by the gateway's domain name, and that as https
    url = f"https://{parts.netloc}{parts.path}"
    signed = SENDERS[platform](url, caller.secret or "", body.content, int(time.time()))
    proofs = {"X-Chatwoot-Timestamp", "X-Chatwoot-Signature", "X-Twilio-Signature", "Authorization"}
    headers = {name: value for name, value in signed.items() if caller.secret or name not in proofs}
    return _call("POST", parts.path, headers | {"Content-Type": body.content_type}, body.content, parts.netloc)


def api(method: str, target: str, body: Body | None) -> Invocation:
    """A management call of the demo's account with all scopes, as the authorizer lets it through.

    Raises:
        NoRouteError: The API has no such route.
    """
    headers = {"Content-Type": body.content_type} if body else {}
    return _call(method, target, headers, body.content if body else b"", DOMAIN)


def authorizer(token: str) -> Invocation:
    """What the authorizer is asked for a call with this token."""
    template = Template(TEMPLATE, {})
    request = _request("GET", "/v1/Assistants", {"Authorization": f"Bearer {token}"}, b"", DOMAIN)
    match = routing.choose(template.routes, request.method, request.raw_path)
    if match is None or match.route.authorizer is None:
        raise NoRouteError("GET /v1/Assistants is open")
    payload = events.authorizer_event(request, match, _gateway(DOMAIN), [f"Bearer {token}"])
    return Invocation(match.route.authorizer.function, payload)


def dispatcher(platform: str, body: Body) -> Invocation:
    """A batch of one accepted event; each is a new one, so that none is known already."""
    now_ms = time.time_ns() // 1_000_000
    sender = _SOURCES[platform]
    request = Request("POST", "/", "", {"content-type": body.content_type}, body.content, "", "", "", now_ms, "")
    source = Source(sender.sid, seed.ACCOUNT_SID, seed.ASSISTANT_SID, platform, (), (), SourceOptions())
    said = platform_of(platform).describe(request, source)
    event = event_of(request, source, replace(said, identity=None))
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": str(now_ms),
        "SenderId": "parley",
        "ApproximateFirstReceiveTimestamp": str(now_ms),
        "MessageGroupId": seed.ASSISTANT_SID,
    }
    message = {
        "MessageId": str(uuid.uuid4()),
        "ReceiptHandle": secrets.token_urlsafe(16),
        "Body": encode(EventMessage(event)),
        "Attributes": attributes,
    }
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:parley-EventsQueue"
    return Invocation("DispatcherFunction", events.sqs_event([message], arn, REGION))


def sweeper() -> Invocation:
    """The schedule's event of this minute."""
    [schedule] = [each for each in Template(TEMPLATE, {}).schedules if each.function == "SweeperFunction"]
    return Invocation(schedule.function, events.scheduled_event(schedule.name, REGION, time.time()))


def _gateway(domain_name: str) -> events.Api:
    return events.Api(api_id=domain_name.partition(".")[0], domain_name=domain_name, region=REGION)


def _request(method: str, target: str, headers: dict[str, str], body: bytes, host: str) -> events.HttpRequest:
    path, _, query = target.partition("?")
    sent = {"Host": host, "User-Agent": "parley-event", "X-Forwarded-Proto": "https", **headers}
    return events.HttpRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        headers=tuple(sent.items()),
        body=body,
        source_ip="192.0.2.1",
        received_ms=time.time_ns() // 1_000_000,
        request_id=base64.b64encode(secrets.token_bytes(11)).decode(),
    )


def _call(method: str, target: str, headers: dict[str, str], body: bytes, domain_name: str) -> Invocation:
    request = _request(method, target, headers, body, domain_name)
    match = routing.choose(Template(TEMPLATE, {}).routes, method, request.raw_path)
    if match is None or match.route.path == "$default":
        raise NoRouteError(f"the API has no {method} {request.raw_path}")
    context = None
    if match.route.authorizer:
        expires = str(int(time.time()) + _HOUR_SECONDS)
        context = {
            "account": seed.ACCOUNT_SID,
            "scopes": " ".join(ALL_SCOPES),
            "expires": expires,
            "token_id": "parley-event",
        }
    return Invocation(match.route.function, events.proxy_event(request, match, _gateway(domain_name), context))
