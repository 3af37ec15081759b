"""The vectors stand inline so that every clone tests them; where their file is, both must say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.signing import vectors

FILE = Path(__file__).parents[4] / "shared" / "fixtures" / "signature-vectors.json"


@pytest.mark.skipif(
    not FILE.exists(), reason="../shared/fixtures is not there: recorded examples that are not ours to hand on"
)
def test_inline_vectors_are_those_of_the_file():
    data = json.loads(FILE.read_text())
    official, post, get = (data[f"twilio_{kind}"] for kind in ("official_vector", "event_post", "event_get"))
    assert official["token"] == post["token"] == get["token"] == vectors.TWILIO_TOKEN
    assert (official["url"], official["params"]) == (vectors.TWILIO_OFFICIAL_URL, vectors.TWILIO_OFFICIAL_PARAMS)
    assert official["signature"] == vectors.TWILIO_OFFICIAL_SIGNATURE
    assert (post["url"], post["params"]) == (vectors.TWILIO_POST_URL, vectors.TWILIO_POST_PARAMS)
    assert post["signature"] == vectors.TWILIO_POST_SIGNATURE
    assert (get["url"], get["signature"]) == (vectors.TWILIO_GET_URL, vectors.TWILIO_GET_SIGNATURE)
    body = data["twilio_json_body"]
    assert (body["body"].encode(), body["url"]) == (vectors.TWILIO_JSON_BODY, vectors.TWILIO_JSON_URL)
    assert body["signature"] == vectors.TWILIO_JSON_SIGNATURE
    chatwoot = data["chatwoot"]
    assert (chatwoot["secret"], chatwoot["timestamp"]) == (vectors.CHATWOOT_SECRET, vectors.CHATWOOT_TIMESTAMP)
    assert (chatwoot["raw_body"].encode(), chatwoot["signature"]) == (
        vectors.CHATWOOT_BODY,
        vectors.CHATWOOT_SIGNATURE,
    )
    assert (data["watson_jwt"]["secret"], data["watson_jwt"]["token"]) == (vectors.WATSON_SECRET, vectors.WATSON_TOKEN)
