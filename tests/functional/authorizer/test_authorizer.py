"""The authorizer on events as API Gateway makes them: who gets in, who does not, and what the log says."""

from __future__ import annotations

import base64
import http.server
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from jwt.algorithms import OKPAlgorithm

from functions.authorizer import app
from functions.authorizer.issuer import IssuerError, IssuerKeys, fetch
from parley.settings import AuthorizerSettings

if TYPE_CHECKING:
    from functions.authorizer.app import Handler
    from parley.tokens import Claims

NOW = 1_790_000_000
ACCOUNT = "AC" + "a" * 32
ISSUER = "https://issuer.example"
CLAIMS = {"account": ACCOUNT, "scope": "read write", "exp": NOW + 600, "jti": "token-1"}


def key_pair(kid: str) -> tuple[ed25519.Ed25519PrivateKey, dict[str, str]]:
    private = ed25519.Ed25519PrivateKey.generate()
    return private, {**json.loads(OKPAlgorithm.to_jwk(private.public_key())), "kid": kid}


OURS, OUR_JWK = key_pair("ours")
THEIRS, THEIR_JWK = key_pair("theirs")
_, NEXT_JWK = key_pair("next")
JWKS = json.dumps({"keys": [OUR_JWK]})


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "authorizer")


def token(claims: Claims = CLAIMS, key: ed25519.Ed25519PrivateKey = OURS, kid: str = "ours") -> str:
    return jwt.encode(dict(claims), key, "EdDSA", headers={"kid": kid})


def bearer(text: str) -> str:
    return f"Bearer {text}"


def basic(user: str, text: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{text}".encode()).decode()


def event(authorization: str | None, *, other: str | None = None) -> dict[str, Any]:
    """The documented sample's keys; `other` is a header that differs from the identity source."""
    header = {"authorization": other or authorization} if authorization is not None else {}
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef123/$default/GET/v1/Assistants",
        "identitySource": [authorization] if authorization is not None else [],
        "routeKey": "GET /v1/Assistants",
        "rawPath": "/v1/Assistants",
        "rawQueryString": "",
        "headers": header,
        "requestContext": {
            "http": {"method": "GET", "path": "/v1/Assistants"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
    }


def build(jwks: str = JWKS, issuer: str = "", audience: str = "", keys: IssuerKeys | None = None) -> Handler:
    settings = AuthorizerSettings(jwks=jwks, issuer=issuer, audience=audience)
    return app.build(settings, issuer_keys=keys, clock=lambda: NOW)


@contextmanager
def logged() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []

    def keep(record: logging.LogRecord) -> bool:
        records.append(record)
        return True

    app.logger.addFilter(keep)
    yield records
    app.logger.removeFilter(keep)


def denied(authorize: Handler, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the log says of a denial."""
    with logged() as records:
        assert authorize(payload) == {"isAuthorized": False, "context": {}}
    return vars(records[-1])


def reason_of(authorize: Handler, payload: Mapping[str, Any]) -> str:
    return str(denied(authorize, payload)["reason"])


def test_bearer_and_basic_get_in_and_the_functions_are_told_who():
    told = {"account": ACCOUNT, "scopes": "read write", "expires": str(NOW + 600), "token_id": "token-1"}
    for authorization in (bearer(token()), f"bearer  {token()} ", basic(ACCOUNT, token())):
        assert build()(event(authorization)) == {"isAuthorized": True, "context": told}


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("emit", "emit"),
        (["replay", "read"], "read replay"),
        ("read openid write read", "read write"),
    ],
)
def test_scopes_are_a_text_or_a_list_and_only_ours_count(scope, told):
    answer = build()(event(bearer(token(CLAIMS | {"scope": scope}))))
    assert answer["context"]["scopes"] == told


def test_a_token_without_a_loggable_id_is_named_by_its_digest():
    for claims in (CLAIMS | {"jti": "line\nbreak"}, {k: v for k, v in CLAIMS.items() if k != "jti"}):
        text = token(claims)
        named = build()(event(bearer(text)))["context"]["token_id"]
        assert len(named) == 16
        assert named not in text


REFUSED = {
    "no header": (None, "no_header"),
    "empty": ("", "unknown_scheme"),
    "another scheme": ("Digest x", "unknown_scheme"),
    "raw token": (token(), "unknown_scheme"),
    "duplicated header": (f"{bearer(token())},{bearer(token())}", "more_than_one_header"),
    "bearer without token": ("Bearer ", "not_a_token"),
    "basic that is no base64": ("Basic %%%", "not_basic"),
    "basic that is no UTF-8": ("Basic /w==", "not_basic"),
    "basic without colon": ("Basic " + base64.b64encode(token().encode()).decode(), "not_basic"),
    "basic of another account": (basic("AC" + "b" * 32, token()), "other_account"),
    "basic of no account": (basic("", token()), "other_account"),
    "API key pair": (basic("SK" + "a" * 32, "secret"), "not_a_token"),
    "no account": (bearer(token(CLAIMS | {"account": None})), "no_account"),
    "account of another form": (bearer(token(CLAIMS | {"account": "AC1"})), "no_account"),
    "no scope": (bearer(token(CLAIMS | {"scope": ""})), "no_scope"),
    "foreign scopes": (bearer(token(CLAIMS | {"scope": ["admin", 1]})), "no_scope"),
    "expired": (bearer(token(CLAIMS | {"exp": NOW - 61})), "expired"),
    "not yet valid": (bearer(token(CLAIMS | {"nbf": NOW + 61})), "not_yet_valid"),
    "wrong key": (bearer(token(key=THEIRS)), "bad_signature"),
    "wrong kid": (bearer(token(kid="theirs")), "unknown_key"),
    "100 KB": (bearer("a" * 100_000), "too_long"),
    "non-ASCII": (bearer("é.é.é"), "not_a_token"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_denials_are_logged_with_their_reason_and_without_the_token(name, capsys):
    authorization, reason = REFUSED[name]
    record = denied(build(), event(authorization))
    assert (record["reason"], record["route"]) == (reason, "GET /v1/Assistants")
    assert record["AuthorizationDenied"] == [1.0]
    printed = "".join(capsys.readouterr()) + str(record)
    if authorization and len(authorization) > 12:
        assert authorization.split()[-1][:12] not in printed


def test_a_header_beside_the_identity_source_is_refused():
    payload = event(bearer(token()), other=bearer(token(CLAIMS | {"account": "AC" + "b" * 32})))
    assert reason_of(build(), payload) == "more_than_one_header"


@pytest.mark.parametrize("jwks", ["", '{"keys":[]}', "not json"])
def test_without_keys_nobody_gets_in(jwks):
    assert reason_of(build(jwks), event(bearer(token()))) == "unknown_key"


class Issuer:
    """An OpenID Connect issuer that can be away."""

    configuration: object

    def __init__(self, *keys: object) -> None:
        self.keys, self.away, self.fetches = list(keys), False, 0
        self.configuration = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}

    def __call__(self, url: str) -> bytes:
        self.fetches += 1
        if self.away:
            raise IssuerError("away")
        if url == f"{ISSUER}/.well-known/openid-configuration":
            return json.dumps(self.configuration).encode()
        assert url == f"{ISSUER}/keys"
        return json.dumps({"keys": self.keys}).encode()


ISSUED = CLAIMS | {"iss": ISSUER, "aud": "parley"}


def by_issuer(issuer: Issuer, *, jwks: str = "", audience: str = "parley", keys: IssuerKeys | None = None) -> Handler:
    return build(jwks, ISSUER, audience, keys=keys or IssuerKeys(ISSUER, fetch=issuer))


def test_an_issuers_keys_are_discovered_once():
    issuer = Issuer(THEIR_JWK)
    authorize = by_issuer(issuer)
    for _ in range(3):
        assert authorize(event(bearer(token(ISSUED, THEIRS, "theirs"))))["isAuthorized"]
    assert issuer.fetches == 2


def test_an_issuer_without_an_audience_lets_nobody_in():
    authorize = by_issuer(Issuer(THEIR_JWK), audience="")
    assert reason_of(authorize, event(bearer(token(ISSUED, THEIRS, "theirs")))) == "issuer_without_audience"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "other"}, "wrong_audience"),
        ({"aud": None}, "wrong_audience"),
        ({"iss": ISSUER + "/"}, "wrong_issuer"),
        ({"iss": None}, "wrong_issuer"),
    ],
)
def test_with_an_issuer_tokens_must_be_its_and_for_us(claims, reason):
    given = {name: value for name, value in (ISSUED | claims).items() if value is not None}
    assert reason_of(by_issuer(Issuer(THEIR_JWK)), event(bearer(token(given, THEIRS, "theirs")))) == reason


def test_pinned_keys_are_the_way_in_while_the_issuer_is_away():
    issuer = Issuer()
    issuer.away = True
    authorize = by_issuer(issuer, jwks=JWKS)
    assert authorize(event(bearer(token(ISSUED))))["isAuthorized"]
    assert reason_of(authorize, event(bearer(token(ISSUED, THEIRS, "theirs")))) == "unknown_key"


def test_keys_are_renewed_for_an_unknown_kid_but_not_for_every_one():
    issuer = Issuer(THEIR_JWK)
    keys = IssuerKeys(ISSUER, fetch=issuer)
    assert set(keys.current(NOW)) == {"theirs"}
    issuer.keys = [NEXT_JWK]
    assert set(keys.renewed(NOW + 299)) == {"theirs"}
    assert set(keys.renewed(NOW + 300)) == {"next"}
    fetches = issuer.fetches
    for second in range(301, 590, 10):
        keys.renewed(NOW + second)
    assert issuer.fetches == fetches


def test_known_keys_outlive_the_issuers_absence_for_a_day():
    issuer = Issuer(THEIR_JWK)
    keys = IssuerKeys(ISSUER, fetch=issuer)
    keys.current(NOW)
    issuer.away = True
    assert set(keys.current(NOW + 3600)) == {"theirs"}
    assert keys.last_error == "away"
    assert set(keys.current(NOW + 86_399)) == {"theirs"}
    assert keys.current(NOW + 86_400) == {}
    issuer.away = False
    assert set(keys.current(NOW + 86_411)) == {"theirs"}
    assert keys.last_error is None


def test_a_key_that_the_issuer_withdraws_is_gone_within_the_hour():
    issuer = Issuer(THEIR_JWK)
    keys = IssuerKeys(ISSUER, fetch=issuer)
    keys.current(NOW)
    issuer.keys = []
    assert set(keys.current(NOW + 3599)) == {"theirs"}
    assert keys.current(NOW + 3600) == {}


def test_an_issuer_that_is_away_at_first_is_asked_again_soon():
    issuer = Issuer(THEIR_JWK)
    issuer.away = True
    keys = IssuerKeys(ISSUER, fetch=issuer)
    assert keys.current(NOW) == {}
    issuer.away = False
    assert keys.current(NOW + 9) == {}
    assert set(keys.current(NOW + 10)) == {"theirs"}


@pytest.mark.parametrize(
    "configuration", [{"issuer": "https://other", "jwks_uri": f"{ISSUER}/keys"}, {"issuer": ISSUER}, [], "x"]
)
def test_a_configuration_that_is_not_the_issuers_gives_no_keys(configuration):
    issuer = Issuer(THEIR_JWK)
    issuer.configuration = configuration
    keys = IssuerKeys(ISSUER, fetch=issuer)
    assert keys.current(NOW) == {}
    assert keys.last_error


@contextmanager
def server(answer: Callable[[Any], object]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


def send(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_fetch_takes_what_an_issuer_answers():
    with server(lambda handler: send(handler, 200, b"{}")) as url:
        assert fetch(url) == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: send(handler, 302, Location="http://127.0.0.1:1/"),
        lambda handler: send(handler, 500),
        lambda handler: send(handler, 200, b"x" * 300_000),
        lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"),
        lambda _: time.sleep(2),
    ],
    ids=["redirect", "error", "too large", "not HTTP", "slow"],
)
def test_fetch_takes_nothing_else(answer):
    with server(answer) as url, pytest.raises(IssuerError):
        fetch(url)


@pytest.mark.parametrize("url", ["http://issuer.example/x", "file:///etc/hostname", "ftp://127.0.0.1/", "nonsense"])
def test_fetch_speaks_https_only(url):
    with pytest.raises(IssuerError, match="not https"):
        fetch(url)


def test_the_handler_imports_no_sdk_no_models_and_no_resolver():
    code = (
        "import sys, functions.authorizer.app\n"
        "heavy = {'boto3', 'botocore.session', 'botocore.client', 'pydantic', 'yarl', 'aiohttp',"
        " 'aws_lambda_powertools.event_handler'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_handler_reads_its_environment_and_answers(monkeypatch):
    for name, value in {"JWKS": JWKS, "ISSUER": "", "AUDIENCE": ""}.items():
        monkeypatch.setenv(name, value)
    app._deployed.cache_clear()
    context: Any = SimpleNamespace(
        function_name="authorizer", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="r"
    )
    claims = CLAIMS | {"exp": int(time.time()) + 60}
    try:
        answer = app.lambda_handler(event(bearer(token(claims))), context)
    finally:
        app._deployed.cache_clear()
    assert answer["isAuthorized"]
    assert answer["context"]["account"] == ACCOUNT
