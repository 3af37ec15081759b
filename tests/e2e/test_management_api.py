"""Who gets into the management API of a running `parley up`, and what many at once can do there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from cli.signing_keys import SigningKey
from tests.e2e.bundle import Answer, Bundle

ACCOUNT = f"AC{1:032x}"
OTHER_ACCOUNT = f"AC{2:032x}"
LIMIT = 5
AT_ONCE = 50
GATEWAY = {401: {"message": "Unauthorized"}, 403: {"message": "Forbidden"}}


def now() -> int:
    return int(time.time())


@dataclass(frozen=True)
class Api:
    """A run and the key that its tokens are signed with."""

    bundle: Bundle
    key: SigningKey

    def token(self, account: str = ACCOUNT, **changes: Any) -> str:
        """A token that is let in, but for what is changed; None takes a claim away."""
        claims = {"account": account, "scope": "read write", "iat": now(), "exp": now() + 600} | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.key.private_key, "EdDSA", headers={"kid": self.kid})

    @property
    def kid(self) -> str:
        return str(self.key.jwk()["kid"])

    def get(self, *authorizations: str, path: str = "/v1/Assistants") -> Answer:
        return self.bundle.request("GET", path, headers=[("Authorization", each) for each in authorizations])

    def post(self, path: str, form: dict[str, str], account: str = ACCOUNT) -> Answer:
        headers = [
            ("Authorization", f"Bearer {self.token(account)}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        return self.bundle.request("POST", path, urlencode(form).encode(), headers)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    key = SigningKey.generate()
    with Bundle(
        tmp_path_factory.mktemp("up"),
        *("--parameter", f"Jwks={json.dumps({'keys': [key.jwk()]})}"),
        *("--parameter", f"MaxWebhooksPerAccount={LIMIT}"),
    ) as run:
        yield Api(run, key)


def compact(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(sign(signed))).decode()


def unsigned(api: Api, **header: Any) -> str:
    return compact({"typ": "JWT", "kid": api.kid, **header}, {"account": ACCOUNT, "exp": now() + 600}, lambda _: b"x")


def hmac_with_the_public_key(api: Api, encoded: bytes) -> str:
    header = {"alg": "HS256", "typ": "JWT", "kid": api.kid}
    claims = {"account": ACCOUNT, "scope": "read write", "exp": now() + 600}
    return compact(header, claims, lambda signed: hmac.new(encoded, signed, hashlib.sha256).digest())


def pem(api: Api) -> bytes:
    return api.key.private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def with_another_key(api: Api, kid: str) -> str:
    claims = {"account": ACCOUNT, "scope": "read write", "exp": now() + 600}
    return jwt.encode(claims, SigningKey.generate().private_key, "EdDSA", headers={"kid": kid})


def changed(api: Api) -> str:
    """Somebody else's account in a token that was signed for ours."""
    header, _, signature = api.token().split(".")
    claims = base64.urlsafe_b64encode(json.dumps({"account": OTHER_ACCOUNT, "exp": now() + 600}).encode())
    return f"{header}.{claims.decode().rstrip('=')}.{signature}"


# What the gateway answers: the status, and in 403 and 401 its own body, which says nothing of why.
ATTACKS: dict[str, tuple[int, Callable[[Api], list[str]]]] = {
    "no token": (401, lambda api: []),
    "alg none": (403, lambda api: [f"Bearer {unsigned(api, alg='none')}"]),
    "alg none without a signature": (403, lambda api: [f"Bearer {unsigned(api, alg='none').rpartition('.')[0]}."]),
    "alg in other letters": (403, lambda api: [f"Bearer {unsigned(api, alg='nOnE')}"]),
    "HS256 with the public key in PEM": (403, lambda api: [f"Bearer {hmac_with_the_public_key(api, pem(api))}"]),
    "HS256 with the public key's x": (
        403,
        lambda api: [f"Bearer {hmac_with_the_public_key(api, api.key.jwk()['x'].encode())}"],
    ),
    "wrong kid": (403, lambda api: [f"Bearer {with_another_key(api, 'unknown')}"]),
    "another key under our kid": (403, lambda api: [f"Bearer {with_another_key(api, api.kid)}"]),
    "changed claims": (403, lambda api: [f"Bearer {changed(api)}"]),
    "expired": (403, lambda api: [f"Bearer {api.token(exp=now() - 120)}"]),
    "without expiry": (403, lambda api: [f"Bearer {api.token(exp=None)}"]),
    "not yet valid": (403, lambda api: [f"Bearer {api.token(nbf=now() + 300)}"]),
    "issued in the future": (403, lambda api: [f"Bearer {api.token(iat=now() + 300)}"]),
    "for an audience": (403, lambda api: [f"Bearer {api.token(aud='somebody else')}"]),
    "no scope": (403, lambda api: [f"Bearer {api.token(scope=None)}"]),
    "no scope of ours": (403, lambda api: [f"Bearer {api.token(scope='admin')}"]),
    "no account": (403, lambda api: [f"Bearer {api.token('nobody')}"]),
    "another account's name before the token": (403, lambda api: [basic(OTHER_ACCOUNT, api.token())]),
    "a token of more than 6 KB": (403, lambda api: [f"Bearer {api.token(padding='x' * 5_000)}"]),
    "100 KB of token": (431, lambda api: [f"Bearer {api.token(padding='x' * 75_000)}"]),
    "non-ASCII": (403, lambda api: [f"Bearer {api.token()}é"]),
    "header twice": (403, lambda api: [f"Bearer {api.token()}", f"Bearer {api.token()}"]),
    "header twice, one of them wrong": (403, lambda api: ["Bearer wrong", f"Bearer {api.token()}"]),
    "two tokens in one header": (403, lambda api: [f"Bearer {api.token()}, Bearer {api.token()}"]),
    "another scheme": (403, lambda api: [f"Digest {api.token()}"]),
    "no scheme": (403, lambda api: [api.token()]),
}


@pytest.mark.parametrize(("status", "attack"), ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_is_refused(api: Api, status: int, attack: Callable[[Api], list[str]]) -> None:
    answer = api.get(*attack(api))
    assert answer.status == status
    if status in GATEWAY:
        assert answer.json() == GATEWAY[status]


def test_what_the_attacks_change_is_let_in_unchanged(api: Api) -> None:
    for authorization in (f"Bearer {api.token()}", basic(ACCOUNT, api.token())):
        assert api.get(authorization).status == 200


def test_a_token_of_six_kilobytes_fits_through_the_gateway_either_way(api: Api) -> None:
    least = len(api.token(padding=""))
    token = max((api.token(padding="x" * ((6144 - least) * 3 // 4 + more)) for more in range(-3, 1)), key=len)
    assert 6140 <= len(token) <= 6144
    for authorization in (f"Bearer {token}", basic(ACCOUNT, token)):
        assert api.get(authorization).status == 200, len(authorization)


def test_a_source_is_called_by_its_former_url_until_the_overlap_ends(api: Api) -> None:
    assert api.post("/v1/Assistants", {"UniqueName": "rotating"}).status == 201
    path = "/v1/Assistants/rotating/Sources"
    made = api.post(path, {"UniqueName": "chat", "Platform": "messagehub"}).json()
    body = {"event": "message_created", "id": 1, "message_type": "incoming", "conversation": {"id": 7}}

    def called(source: dict[str, Any]) -> int:
        return api.bundle.post_json(source["ingest_url"].removeprefix(api.bundle.api_url), body).status

    def settled(statuses: list[int], *sources: dict[str, Any]) -> None:
        """Changes take effect within five seconds; a busy machine may ask late."""
        deadline = time.monotonic() + 8
        while [called(each) for each in sources] != statuses:
            assert time.monotonic() < deadline, [called(each) for each in sources]
            time.sleep(0.2)

    assert called(made) == 200
    overlapping = api.post(f"{path}/chat", {"RotateToken": "true", "OverlapSeconds": "60"}).json()
    settled([200, 200], made, overlapping)
    at_once = api.post(f"{path}/chat", {"RotateToken": "true", "OverlapSeconds": "0"}).json()
    settled([404, 404, 200], made, overlapping, at_once)
    assert len({each["ingest_url"] for each in (made, overlapping, at_once)}) == 3


def test_a_cached_yes_opens_no_route_that_needs_another_scope(api: Api) -> None:
    reader = f"Bearer {api.token(scope='read')}"
    assert api.get(reader).status == 200
    body = urlencode({"UniqueName": "x"}).encode()
    headers = [("Authorization", reader), ("Content-Type", "application/x-www-form-urlencoded")]
    refused = api.bundle.request("POST", "/v1/Assistants", body, headers)
    assert (refused.status, refused.json()["code"]) == (403, 20403)
    writer = f"Bearer {api.token(scope='write')}"
    refused = api.get(writer)
    assert (refused.status, refused.json()["code"]) == (403, 20403)


def test_a_cached_yes_does_not_outlive_its_token(api: Api) -> None:
    expires = int(time.time()) + 2
    authorization = f"Bearer {api.token(exp=expires)}"
    assert api.get(authorization).status == 200
    time.sleep(max(expires - time.time(), 0) + 0.1)
    refused = api.get(authorization)
    assert (refused.status, refused.json()["code"]) == (401, 20003)


def test_another_accounts_resources_are_answered_like_none(api: Api) -> None:
    made = api.post("/v1/Assistants", {"UniqueName": "walled"}).json()
    stranger = f"Bearer {api.token(OTHER_ACCOUNT)}"
    nothing = f"UA{0:032x}"
    for target in (made["sid"], "walled", f"{made['sid']}/Webhooks", f"{made['sid']}/Sources", f"{made['sid']}/Events"):
        refused = api.get(stranger, path=f"/v1/Assistants/{target}")
        assert (refused.status, refused.json()["code"]) == (404, 20404), target
    of_another = api.get(stranger, path=f"/v1/Assistants/{made['sid']}").body
    of_nobody = api.get(stranger, path=f"/v1/Assistants/{nothing}").body
    assert of_another.replace(made["sid"].encode(), b"") == of_nobody.replace(nothing.encode(), b"")


def create_at_once(api: Api, account: str, name: Callable[[int], str]) -> tuple[Counter[int], set[str]]:
    """Creations of webhooks at the same moment: the statuses, and what is there afterwards."""
    assert api.post("/v1/Assistants", {"UniqueName": "busy"}, account).status == 201
    path = "/v1/Assistants/busy/Webhooks"

    def create(number: int) -> int:
        form = {"UniqueName": name(number), "Events": "*", "WebhookUrl": "https://example.com/"}
        return api.post(path, form, account).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(pool.map(create, range(AT_ONCE)))
    listed = api.get(f"Bearer {api.token(account)}", path=path).json()["webhooks"]
    return statuses, {each["unique_name"] for each in listed}


def test_fifty_creations_with_one_name_make_one_webhook(api: Api) -> None:
    statuses, names = create_at_once(api, f"AC{3:032x}", lambda _: "one")
    assert statuses == {201: 1, 409: AT_ONCE - 1}
    assert names == {"one"}


def test_fifty_creations_at_a_limit_of_five_make_five(api: Api) -> None:
    statuses, names = create_at_once(api, f"AC{4:032x}", lambda number: f"hook {number}")
    assert statuses == {201: LIMIT, 403: AT_ONCE - LIMIT}
    assert len(names) == LIMIT
