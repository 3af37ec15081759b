"""The same seven cases for every platform: what each scheme makes of them, said in one table.

Where a scheme covers neither body nor time (watsonx's JWT without `exp`, Tropo's credentials, Twilio's time), a stale,
reordered or re-encoded call is a true one: there the event's identity stops a replay.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl, quote

import pytest
from twilio.request_validator import RequestValidator

from parley.platforms import PLATFORM_NAMES, platform
from parley.platforms.interface import InvalidProofError, MissingProofError
from tests.proofs import hs256
from tests.unit.platforms.examples import FORM, NOW, URL, payload, request, source

SECRET = {"autopilot": "auth token", "watsonx": "purple unicorn", "messagehub": "hub secret", "tropo": "user:pass"}
BODY = {
    "autopilot": payload("autopilot", "onDialogueTurn"),
    "watsonx": payload("watsonx", "message_logged"),
    "messagehub": payload("messagehub", "message_created"),
    "tropo": payload("tropo", "actions_object"),
}
TYPE = {name: FORM if name == "autopilot" else "application/json" for name in PLATFORM_NAMES}


def proof(name: str, secret: str, body: bytes, *, at: int = NOW) -> dict[str, str]:
    """What the platform sends with this body."""
    match name:
        case "autopilot":
            params = dict(parse_qsl(body.decode(), keep_blank_values=True))
            return {"X-Twilio-Signature": RequestValidator(secret).compute_signature(URL, params)}
        case "watsonx":
            return {"Authorization": hs256({"exp": at + 300}, secret)}
        case "messagehub":
            mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            return {"X-Chatwoot-Timestamp": str(at), "X-Chatwoot-Signature": f"sha256={mac}"}
        case _:
            return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def reordered(name: str, body: bytes) -> bytes:
    if name == "autopilot":
        return b"&".join(reversed(body.split(b"&")))
    return json.dumps(dict(reversed(json.loads(body).items()))).encode()


def re_encoded(name: str, body: bytes) -> bytes:
    if name == "autopilot":
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        return "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs).encode()
    return json.dumps(json.loads(body), ensure_ascii=True, indent=1).encode()


def changed(proofs: dict[str, str]) -> dict[str, str]:
    """One character of the proof itself is another."""
    name = list(proofs)[-1]
    value = proofs[name]
    place = len(value) // 2
    return {**proofs, name: value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]}


OLD = NOW - 3600
TRUE, MISSING, FORGED = "true", "missing", "forged"
TABLE = {
    # case: autopilot, watsonx, messagehub, tropo
    "true": (TRUE, TRUE, TRUE, TRUE),
    "missing": (MISSING, MISSING, MISSING, MISSING),
    "forged": (FORGED, FORGED, FORGED, FORGED),
    "wrong secret": (FORGED, FORGED, FORGED, FORGED),
    "another body": (FORGED, TRUE, FORGED, TRUE),
    "stale": (TRUE, FORGED, FORGED, TRUE),
    "reordered": (TRUE, TRUE, FORGED, TRUE),
    "re-encoded": (TRUE, TRUE, FORGED, TRUE),
    "rotated": (TRUE, TRUE, TRUE, TRUE),
    "after the rotation": (FORGED, FORGED, FORGED, FORGED),
}


@pytest.mark.parametrize("name", PLATFORM_NAMES)
@pytest.mark.parametrize("case", TABLE)
def test_the_cases_of_every_platform(case: str, name: str) -> None:
    secret, body, secrets = SECRET[name], BODY[name], [SECRET[name]]
    headers, sent = proof(name, secret, body), body
    match case:
        case "missing":
            headers = {}
        case "forged":
            headers = changed(headers)
        case "wrong secret":
            headers = proof(name, "u:other", body)
        case "another body":
            sent = body.replace(b"a", b"b")
        case "stale":
            headers = proof(name, secret, body, at=OLD)
        case "reordered":
            sent = reordered(name, body)
        case "re-encoded":
            sent = re_encoded(name, body)
        case "rotated":
            secrets = ["new:secret", secret]
        case "after the rotation":
            secrets = ["new:secret"]
    outcome = outcome_of(name, sent, headers, secrets)
    assert outcome == TABLE[case][PLATFORM_NAMES.index(name)]
    assert (sent != body) == (case in ("another body", "reordered", "re-encoded"))


def outcome_of(name: str, body: bytes, headers: dict[str, str], secrets: list[str]) -> str:
    call = request(body, headers={"content-type": TYPE[name], **headers})
    try:
        platform(name).verify(call, (URL,), source(name, *secrets), NOW)
    except MissingProofError:
        return MISSING
    except InvalidProofError:
        return FORGED
    return TRUE


@pytest.mark.parametrize("name", PLATFORM_NAMES)
def test_a_proof_of_one_platform_is_none_for_another(name: str) -> None:
    for other in PLATFORM_NAMES:
        if other != name:
            headers = proof(other, SECRET[name], BODY[other])
            assert outcome_of(name, BODY[name], headers, [SECRET[name]]) in (MISSING, FORGED)


@pytest.mark.parametrize("spelling", [str.swapcase, str.strip, lambda token: token.replace("-", "+").replace("_", "/")])
def test_a_jwt_written_otherwise_is_another_one_or_the_same(spelling) -> None:
    token = hs256({"exp": NOW + 300}, SECRET["watsonx"])
    written = spelling(token)
    expected = TRUE if written == token else FORGED
    assert outcome_of("watsonx", b"", {"Authorization": written}, [SECRET["watsonx"]]) == expected
