"""Sources: what each platform needs, what is shown once, what rotates, and what ingest reads of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from parley.config_table import secrets
from parley.source import token_hash
from tests.functional.webhooks.gateway import HOST, NOW_MS, Answered, Gateway

if TYPE_CHECKING:
    from parley.source import Source

MASK = "********"
KEYS = {
    "sid",
    "account_sid",
    "assistant_sid",
    "unique_name",
    "platform",
    "secret",
    "options",
    "ingest_url",
    "setup_steps",
    "last_event_at",
    "date_created",
    "date_updated",
    "url",
}


def create(api: Gateway, platform: str, **fields: str) -> Answered:
    assistant = api.assistant(f"bot of {platform}")
    return api.send(
        "POST", f"/v1/Assistants/{assistant}/Sources", {"UniqueName": "src", "Platform": platform, **fields}
    )


def url_of(source: Mapping[str, Any]) -> str:
    return f"/v1/Assistants/{source['assistant_sid']}/Sources/{source['sid']}"


def loaded(api: Gateway, source: Mapping[str, Any], now_seconds: float = NOW_MS / 1000) -> Source:
    found = secrets.load_source(api.stack.dynamodb, api.stack.config_table, source["sid"], now_seconds=now_seconds)
    assert found is not None
    return found


def test_a_source_answers_its_url_with_the_token_once_and_the_steps(api):
    made = create(api, "messagehub").json
    prefix, _, token = made["ingest_url"].rpartition("/")
    assert prefix == f"https://{HOST}/ingest/messagehub/{made['sid']}"
    assert len(token) >= 43
    assert any(made["ingest_url"] in step for step in made["setup_steps"])
    read = api.send("GET", url_of(made)).json
    assert read["ingest_url"] == f"{prefix}/{MASK}"
    assert token not in str(read)
    assert loaded(api, made).token_hashes == (token_hash(token),)


def test_callback_urls_are_the_ingest_functions_own_where_it_has_one_and_links_are_not(stack):
    api = Gateway(stack, changes={"ingest_url": "https://abc.lambda-url.eu-west-1.on.aws/"})
    made = create(api, "messagehub").json
    assert made["ingest_url"].startswith(f"https://abc.lambda-url.eu-west-1.on.aws/ingest/messagehub/{made['sid']}/")
    assert any(made["ingest_url"] in step for step in made["setup_steps"])
    assert made["url"].startswith(f"https://{HOST}/v1/")


def test_a_source_has_the_documented_keys(api):
    made = create(api, "tropo").json
    assert set(made) == KEYS
    assert made["options"] == {"static_header": None, "reply": None, "repair_backslashes": False}
    assert made["secret"] is None


def test_the_secrets_rule_is_the_platforms(api):
    missing = create(api, "autopilot")
    assert (missing.status, missing.json["message"].partition(":")[0]) == (400, "Secret")
    generated = api.send(
        "POST",
        "/v1/Assistants/bot of autopilot/Sources".replace(" ", "%20"),
        {"UniqueName": "w", "Platform": "watsonx"},
    ).json
    assert len(generated["secret"]) >= 43
    assert loaded(api, generated).secrets == (generated["secret"],)
    given = create(api, "watsonx", Secret="日本語").json
    assert given["secret"] == MASK
    unsigned = create(api, "messagehub").json
    assert loaded(api, unsigned).secrets == ()
    for bad in ("user", ":password"):
        assistant = generated["assistant_sid"]
        refused = api.send(
            "POST", f"/v1/Assistants/{assistant}/Sources", {"UniqueName": "t", "Platform": "tropo", "Secret": bad}
        )
        assert refused.status == 400
        assert "user:password" in refused.json["message"]
        assert bad not in refused.json["message"].replace("user:password", "").replace("no user", "")


def test_secret_and_token_rotate_with_an_overlap(api):
    made = create(api, "watsonx", Secret="old").json
    old_token = made["ingest_url"].rpartition("/")[2]
    rotated = api.send(
        "POST", url_of(made), {"RotateSecret": "true", "RotateToken": "true", "OverlapSeconds": "60"}
    ).json
    token = rotated["ingest_url"].rpartition("/")[2]
    now = time.time()
    during, after = loaded(api, made, now), loaded(api, made, now + 120)
    assert during.secrets == (rotated["secret"], "old")
    assert during.token_hashes == (token_hash(token), token_hash(old_token))
    assert (after.secrets, after.token_hashes) == ((rotated["secret"],), (token_hash(token),))
    assert MASK not in (token, rotated["secret"])


def test_a_source_without_a_secret_gets_one_and_then_rotates(api):
    made = create(api, "messagehub").json
    assert api.send("POST", url_of(made), {"Secret": MASK}).status == 400
    assert api.send("POST", url_of(made), {"Secret": "first"}).json["secret"] == MASK
    assert loaded(api, made, time.time()).secrets == ("first",)
    assert api.send("POST", url_of(made), {"Secret": "second"}).status == 200
    assert loaded(api, made, time.time()).secrets == ("second", "first")
    assert api.send("POST", url_of(made), {"Secret": "second"}).status == 200
    assert loaded(api, made, time.time()).secrets == ("second", "first")
    assert api.send("POST", url_of(made), {"RotateSecret": "true"}).status == 400


@pytest.mark.parametrize(
    ("platform", "fields"),
    [
        ("messagehub", {}),
        ("watsonx", {"Options": '{"static_header":"X-Key: s3cret"}'}),
        ("tropo", {"Secret": "u:p", "Options": '{"reply":"{\\"tropo\\":[]}","repair_backslashes":true}'}),
        ("autopilot", {"Secret": "t"}),
    ],
)
def test_reading_and_sending_everything_back_changes_nothing(api, platform, fields):
    made = create(api, platform, **fields)
    assert made.status == 201, made.text
    before = loaded(api, made.json)
    read = api.send("GET", url_of(made.json)).json
    again = api.send("POST", url_of(made.json), json_body=read)
    assert (again.status, again.json) == (200, read)
    assert loaded(api, made.json) == before
    assert "s3cret" not in str(read)


def test_options_change_one_by_one_and_null_takes_one_away(api):
    made = create(api, "watsonx", Options='{"static_header":"X-Key:  s3cret "}').json
    assert made["options"]["static_header"] == MASK
    assert loaded(api, made).options.static_header == "X-Key: s3cret"
    api.send("POST", url_of(made), {"Options": '{"static_header":"X-Key: other"}'})
    assert loaded(api, made).options.static_header == "X-Key: other"
    api.send("POST", url_of(made), {"Options": "{}"})
    assert loaded(api, made).options.static_header == "X-Key: other"
    cleared = api.send("POST", url_of(made), {"Options": '{"static_header":null}'}).json
    assert cleared["options"]["static_header"] is None
    assert loaded(api, made).options.static_header is None
    assert api.send("POST", url_of(made), {"Options": f'{{"static_header":"{MASK}"}}'}).status == 400


def test_missing_platform_and_name_are_named(api):
    path = f"/v1/Assistants/{api.assistant()}/Sources"
    assert api.send("POST", path, {"UniqueName": "x"}).json["message"].startswith("Platform: it is required")
    assert api.send("POST", path, {"Platform": "tropo"}).json["message"].startswith("UniqueName: it is required")


def test_a_source_keeps_its_platform_and_can_be_renamed(api):
    made = create(api, "messagehub").json
    assert api.send("POST", url_of(made), {"Platform": "tropo"}).status == 400
    renamed = api.send("POST", url_of(made), {"Platform": "messagehub", "UniqueName": "別名"})
    assert renamed.json["unique_name"] == "別名"
    path = f"/v1/Assistants/{made['assistant_sid']}/Sources"
    assert api.send("GET", f"{path}/%E5%88%A5%E5%90%8D").json["sid"] == made["sid"]
    assert api.send("GET", f"{path}/src").status == 404
    assert [each["sid"] for each in api.send("GET", path).json["sources"]] == [made["sid"]]


def test_a_deleted_source_is_gone_for_ingest_too(api):
    made = create(api, "messagehub").json
    assert api.send("DELETE", url_of(made)).status == 204
    client, table = api.stack.dynamodb, api.stack.config_table
    assert secrets.load_source(client, table, made["sid"], now_seconds=0) is None
    assert api.send("GET", url_of(made)).status == 404
    assert create(api, "tropo").status == 201


def test_a_source_keeps_its_platform_and_replaces_what_it_overlaps(api):
    api.assistant("bot")
    made = api.send("POST", "/v1/Assistants/bot/Sources", {"UniqueName": "src", "Platform": "messagehub"}).json
    path = f"/v1/Assistants/bot/Sources/{made['sid']}"
    for form, field, said in (
        ({"Platform": "tropo"}, "Platform", "a source keeps its platform. Allowed: messagehub"),
        ({"OverlapSeconds": "5"}, "OverlapSeconds", "nothing is being replaced"),
        ({"RotateToken": "true", "OverlapSeconds": "604801"}, "OverlapSeconds", "0 to 604,800"),
        ({"RotateToken": "perhaps"}, "RotateToken", "true or false"),
        ({"Secret": MASK}, "Secret", "it is the mask, and there is no secret behind it"),
    ):
        answer = api.send("POST", path, form)
        assert (answer.status, answer.json["code"]) == (400, 20001), answer.text
        assert answer.json["message"].startswith(f"{field}: ")
        assert said in answer.json["message"]
    unchanged = api.send("GET", path).json
    assert (unchanged["platform"], unchanged["secret"]) == ("messagehub", None)
