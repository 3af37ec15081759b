from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from parley.platforms import platform
from parley.platforms.interface import InvalidProofError, MissingProofError
from tests.unit.platforms.examples import FORM, NOW, URL, payload, request, source
from tests.unit.signing import vectors

if TYPE_CHECKING:
    from parley.source import Source

TOKEN = "auth-token-秘密"
PARAMS = {"Event": "onDialogueTurn", "CurrentInput": "I'm hungry 🍽 & thirsty", "AssistantResponse": ""}
SIGNED = RequestValidator(TOKEN).compute_signature(URL, PARAMS)


def check(
    source: Source,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    query: str = "",
    url: str = URL,
    now: float = NOW,
) -> None:
    call = request(body, method=method, query=query, headers=headers)
    platform(source.platform).verify(call, (url,), source, now)


def refused(source: Source, body: bytes = b"", headers: Mapping[str, str] | None = None, **more: object) -> None:
    with pytest.raises(InvalidProofError) as caught:
        check(source, body, headers, **more)  # type: ignore[arg-type]
    assert not any(secret in str(caught.value) for secret in source.secrets)


def missing(source: Source, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
    with pytest.raises(MissingProofError):
        check(source, body, headers)


class TestAutopilot:
    source = source("autopilot", TOKEN)
    body = urlencode(PARAMS).encode()

    def post(self, signature: str, content_type: str = FORM) -> dict[str, str]:
        return {"X-Twilio-Signature": signature, "content-type": content_type}

    def test_true(self):
        check(self.source, self.body, self.post(SIGNED))
        check(self.source, self.body, self.post(SIGNED, FORM + "; charset=UTF-8"))

    def test_forged(self):
        refused(self.source, self.body + b"&Memory=x", self.post(SIGNED))
        refused(self.source, self.body, self.post(SIGNED), url=URL + "x")
        refused(self.source, self.body, self.post("é\ud800"))

    def test_wrong_secret(self):
        refused(source("autopilot", "another"), self.body, self.post(SIGNED))
        refused(source("autopilot"), self.body, self.post(SIGNED))

    def test_missing(self):
        missing(self.source, self.body, {"content-type": FORM})
        missing(self.source, self.body, self.post(""))

    def test_reordered_and_re_encoded_parameters_are_the_same_form(self):
        reordered = urlencode(dict(reversed(PARAMS.items()))).encode()
        encoded = "&".join(f"{name}={quote(value, safe='')}" for name, value in PARAMS.items()).encode()
        check(self.source, reordered, self.post(SIGNED))
        check(self.source, encoded, self.post(SIGNED))

    def test_rotation(self):
        check(source("autopilot", "new", TOKEN), self.body, self.post(SIGNED))

    def test_there_is_no_stale_because_the_scheme_has_no_time(self):
        check(self.source, self.body, self.post(SIGNED), now=NOW + 10**6)

    def test_get_is_verified_from_the_raw_query(self):
        query = urlencode(PARAMS)
        signature = RequestValidator(TOKEN).compute_signature(f"{URL}?{query}", {})
        headers = {"X-Twilio-Signature": signature}
        check(self.source, headers=headers, method="GET", query=query)
        check(self.source, headers=headers, method="GET", query=query.replace("+", "%20"))
        check(self.source, b"a body is not looked at", headers, method="GET", query=query)
        reordered = "&".join(reversed(query.split("&")))
        refused(self.source, headers=headers, method="GET", query=reordered)
        refused(self.source, headers=headers, method="GET", query=query + "&Memory=x")

    def test_a_gets_signature_does_not_cover_a_body_that_is_posted_with_it(self):
        query = urlencode(PARAMS)
        signature = RequestValidator(TOKEN).compute_signature(f"{URL}?{query}", {})
        for content_type in (FORM, "application/json", "text/plain", ""):
            refused(self.source, b'{"Event":"onDialogueEnd"}', self.post(signature, content_type), query=query)

    def test_a_json_body_is_covered_by_its_hash_in_the_query(self):
        golden = source("autopilot", vectors.TWILIO_TOKEN)
        url, _, query = vectors.TWILIO_JSON_URL.partition("?")
        headers = self.post(vectors.TWILIO_JSON_SIGNATURE, "application/json")
        check(golden, vectors.TWILIO_JSON_BODY, headers, url=url, query=query)
        refused(golden, vectors.TWILIO_JSON_BODY + b" ", headers, url=url, query=query)
        refused(golden, vectors.TWILIO_JSON_BODY, headers, url=url)

    def test_the_golden_event_over_both_methods(self):
        golden = source("autopilot", vectors.TWILIO_TOKEN)
        body = urlencode(vectors.TWILIO_POST_PARAMS).encode()
        check(golden, body, self.post(vectors.TWILIO_POST_SIGNATURE), url=vectors.TWILIO_POST_URL)
        url, _, query = vectors.TWILIO_GET_URL.partition("?")
        headers = {"X-Twilio-Signature": vectors.TWILIO_GET_SIGNATURE}
        check(golden, headers=headers, method="GET", query=query, url=url)

    @given(st.binary(max_size=60))
    def test_a_form_of_any_bytes_is_verified_or_refused(self, body):
        refused(self.source, body, self.post(SIGNED))


class TestWatsonx:
    secret = vectors.WATSON_SECRET
    source = source("watsonx", vectors.WATSON_SECRET)
    body = payload("watsonx", "message_logged")

    def token(self, claims: Mapping[str, object], secret: str = vectors.WATSON_SECRET, algorithm: str = "HS256") -> str:
        header, key = {"alg": algorithm, "typ": "JWT"}, secret.encode()
        signed = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
        )
        if algorithm == "none":
            return signed + "."
        mac = hmac.digest(key, signed.encode(), {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm])
        return signed + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    @pytest.mark.parametrize("header", ["Authorization", "Authentication"])
    @pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer  "])
    def test_true_raw_or_bearer_in_either_header(self, header, prefix):
        check(self.source, self.body, {header: prefix + vectors.WATSON_TOKEN})

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_the_three_algorithms(self, algorithm):
        check(self.source, self.body, {"Authorization": self.token({}, algorithm=algorithm)})

    def test_a_token_by_pyjwt_with_ibms_claims(self):
        key = "a secret of at least 32 bytes, so that PyJWT is content"
        token = jwt.encode({"sub": "user", "iss": "x", "exp": NOW + 30}, key)
        check(source("watsonx", key), self.body, {"Authorization": f"Bearer {token}"})

    def test_stale_only_when_it_says_when(self):
        check(self.source, self.body, {"Authorization": self.token({"sub": "user"})})
        check(self.source, self.body, {"Authorization": self.token({"exp": NOW - 30})})
        refused(self.source, self.body, {"Authorization": self.token({"exp": NOW - 120})})

    def test_forged(self):
        header, claims, signature = vectors.WATSON_TOKEN.split(".")
        refused(self.source, self.body, {"Authorization": f"{header}.{claims}x.{signature}"})
        refused(self.source, self.body, {"Authorization": self.token({}, algorithm="none")})
        refused(self.source, self.body, {"Authorization": "é\ud800"})
        refused(self.source, self.body, {"Authorization": vectors.WATSON_SECRET})
        refused(self.source, self.body, {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()})

    def test_wrong_secret_and_rotation(self):
        headers = {"Authorization": vectors.WATSON_TOKEN}
        refused(source("watsonx", "another"), self.body, headers)
        refused(source("watsonx"), self.body, headers)
        check(source("watsonx", "another", self.secret), self.body, headers)

    def test_missing(self):
        missing(self.source, self.body)
        missing(self.source, self.body, {"Authorization": ""})

    def test_either_header_may_hold_the_proof(self):
        check(self.source, self.body, {"Authorization": "gateway's own", "Authentication": vectors.WATSON_TOKEN})

    def test_a_static_header_stands_in_for_the_jwt(self):
        static = source("watsonx", "unused", static_header="X-Key: 鍵 value")
        check(static, self.body, {"x-key": "鍵 value"})
        refused(static, self.body, {"x-key": "鍵 valu", "authorization": "x"})
        missing(static, self.body, {"x-key": "other"})
        check(source("watsonx", self.secret, static_header="X-Key: v"), b"", {"authorization": vectors.WATSON_TOKEN})

    def test_an_own_authorization_header_as_static_header(self):
        static = source("watsonx", "unused", static_header="Authorization: Basic abc")
        check(static, self.body, {"authorization": "Basic abc"})
        refused(static, self.body, {"authorization": "Basic abd"})

    def test_an_empty_static_value_proves_nothing(self):
        missing(source("watsonx", "s", static_header="X-Key:"), self.body, {"x-key": ""})
        missing(source("watsonx", "s", static_header="X-Key:"), self.body)


class TestMessageHub:
    source = source("messagehub", vectors.CHATWOOT_SECRET)
    body = vectors.CHATWOOT_BODY
    headers = {  # noqa: RUF012 - never changed
        "X-Chatwoot-Signature": vectors.CHATWOOT_SIGNATURE,
        "X-Chatwoot-Timestamp": vectors.CHATWOOT_TIMESTAMP,
    }

    def test_true(self):
        check(self.source, self.body, self.headers, now=int(vectors.CHATWOOT_TIMESTAMP) + 299)

    def test_stale(self):
        refused(self.source, self.body, self.headers, now=int(vectors.CHATWOOT_TIMESTAMP) + 301)
        refused(self.source, self.body, self.headers, now=int(vectors.CHATWOOT_TIMESTAMP) - 301)

    def test_forged_and_reordered_and_re_encoded(self):
        refused(self.source, self.body + b" ", self.headers)
        content = json.loads(self.body)
        refused(self.source, json.dumps(dict(reversed(content.items()))).encode(), self.headers)
        refused(self.source, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), self.headers)
        refused(self.source, self.body, {**self.headers, "X-Chatwoot-Timestamp": str(NOW + 1)})
        refused(self.source, self.body, {**self.headers, "X-Chatwoot-Timestamp": "9" * 5000})

    def test_wrong_secret_and_rotation(self):
        refused(source("messagehub", "another"), self.body, self.headers)
        check(source("messagehub", "another", vectors.CHATWOOT_SECRET), self.body, self.headers)

    @pytest.mark.parametrize("name", ["X-Chatwoot-Signature", "X-Chatwoot-Timestamp"])
    def test_missing(self, name):
        missing(self.source, self.body, {key: value for key, value in self.headers.items() if key != name})

    def test_unsigned_only_for_a_source_without_a_secret(self):
        check(source("messagehub"), self.body)
        missing(self.source, self.body)


def basic(userinfo: str, encoding: str = "utf-8") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(userinfo.encode(encoding)).decode()}


class TestTropo:
    source = source("tropo", "tropo:pässword")

    def test_true_in_both_charsets(self):
        check(self.source, headers=basic("tropo:pässword"))
        check(self.source, headers=basic("tropo:pässword", "iso-8859-1"))
        check(
            self.source, headers={"authorization": basic("tropo:pässword")["authorization"].replace("Basic", "basic")}
        )

    def test_without_a_secret_everything_passes(self):
        check(source("tropo"))

    @pytest.mark.parametrize("header", ["Bearer x", "Basic", "Basic !!!", "Basic é", "\ud800", "tropo:pässword"])
    def test_forged(self, header):
        refused(self.source, headers={"authorization": header})

    def test_wrong_secret_and_rotation(self):
        refused(self.source, headers=basic("tropo:password"))
        check(source("tropo", "a:b", "tropo:pässword"), headers=basic("tropo:pässword"))

    def test_missing(self):
        missing(self.source)

    def test_characters_outside_iso_8859_1_do_not_become_question_marks(self):
        japanese = source("tropo", "日本:語")
        check(japanese, headers=basic("日本:語"))
        refused(japanese, headers=basic("??:?"))
