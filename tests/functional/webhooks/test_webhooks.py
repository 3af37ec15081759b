"""The resource on the wire: statuses, shapes, names, paging, versions and the refusals of each rule."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from parley.config_table import secrets
from parley.config_table import webhooks as store
from tests.functional.webhooks.gateway import HOST, NOW_MS, OTHER_ACCOUNT, Gateway, event

if TYPE_CHECKING:
    from parley.webhook import WebhookSecrets

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MASK = "********"
KEYS = {
    "sid",
    "account_sid",
    "assistant_sid",
    "unique_name",
    "events",
    "webhook_url",
    "webhook_method",
    "date_created",
    "date_updated",
    "url",
    "enabled",
    "status",
    "status_reason",
    "status_since",
    "waiting",
    "secret",
    "previous_secret_expires_at",
    "headers",
    "format",
    "jwt",
    "retry_schedule",
    "version",
}


def url_of(webhook: Mapping[str, Any]) -> str:
    return f"/v1/Assistants/{webhook['assistant_sid']}/Webhooks/{webhook['sid']}"


def stored(api: Gateway, webhook: Mapping[str, Any]) -> WebhookSecrets:
    found = secrets.load_webhook_secrets(
        api.stack.dynamodb, api.stack.config_table, [webhook["sid"]], now_seconds=NOW_MS / 1000
    )
    return found[webhook["sid"]]


def test_a_created_webhook_has_the_documented_keys_and_ours(api):
    made = api.webhook(api.assistant(), UniqueName="hook", Events="onDialogueStart")
    assert set(made) == KEYS
    assert DATE.fullmatch(made["date_created"])
    assert made["date_updated"] == made["date_created"]
    assert made["url"] == f"https://{HOST}{url_of(made)}"
    assert (made["webhook_method"], made["format"], made["jwt"], made["enabled"]) == ("POST", "native", "auto", True)
    assert (made["status"], made["status_reason"], made["version"], made["headers"]) == ("active", None, 1, {})
    assert made["retry_schedule"] == "5 300 1800 7200 18000 36000 50400 72000 86400"


def test_statuses_are_201_200_200_204_and_404_afterwards(api):
    made = api.webhook(api.assistant())
    assert api.send("GET", url_of(made)).status == 200
    assert api.send("POST", url_of(made), {"Events": "message.received"}).status == 200
    deleted = api.send("DELETE", url_of(made), headers={"Content-Length": "0"})
    assert (deleted.status, deleted.text) == (204, "")
    assert api.send("GET", url_of(made)).status == 404
    assert api.send("DELETE", url_of(made)).status == 404


def test_a_generated_secret_is_shown_once_and_a_given_one_never(api):
    assistant = api.assistant()
    generated = api.webhook(assistant, UniqueName="a")
    assert generated["secret"].startswith("whsec_")
    assert stored(api, generated).secrets == (generated["secret"],)
    assert api.send("GET", url_of(generated)).json["secret"] == MASK
    given = api.webhook(assistant, UniqueName="b", Secret="秘密 $x {{y}}")
    assert given["secret"] == MASK
    assert stored(api, given).secrets == ("秘密 $x {{y}}",)


def test_rotation_keeps_the_old_secret_for_the_overlap(api):
    made = api.webhook(api.assistant(), Secret="old")
    rotated = api.send("POST", url_of(made), {"RotateSecret": "true", "OverlapSeconds": "60"}).json
    assert rotated["secret"].startswith("whsec_")
    assert DATE.fullmatch(rotated["previous_secret_expires_at"])
    client, table, sid = api.stack.dynamodb, api.stack.config_table, made["sid"]
    now_seconds = time.time()
    during = secrets.load_webhook_secrets(client, table, [sid], now_seconds=now_seconds)
    after = secrets.load_webhook_secrets(client, table, [sid], now_seconds=now_seconds + 120)
    assert during[sid].secrets == (rotated["secret"], "old")
    assert after[sid].secrets == (rotated["secret"],)


def test_the_present_secret_given_again_rotates_nothing(api):
    made = api.webhook(api.assistant(), Secret="same")
    again = api.send("POST", url_of(made), {"Secret": "same"}).json
    assert (again["version"], again["previous_secret_expires_at"]) == (1, None)
    renamed = api.send("POST", url_of(made), {"Secret": "same", "UniqueName": "other"}).json
    assert (renamed["version"], renamed["unique_name"]) == (2, "other")
    assert stored(api, made).secrets == ("same",)


def test_reading_and_sending_everything_back_changes_nothing(api):
    made = api.webhook(
        api.assistant(),
        Secret="s",
        Headers='{"Authorization":"Basic x","X-名":"v"}'.replace("名", "Name"),
        Jwt="always",
    )
    read = api.send("GET", url_of(made)).json
    before = stored(api, made)
    for body in (read, {"".join(word.capitalize() for word in key.split("_")): value for key, value in read.items()}):
        answer = api.send("POST", url_of(made), json_body=body)
        assert answer.status == 200, answer.text
        assert answer.json == read
    assert stored(api, made) == before
    assert before.headers == {"Authorization": "Basic x", "X-Name": "v"}


def test_headers_replace_the_set_and_masked_ones_keep_their_value(api):
    made = api.webhook(api.assistant(), Headers='{"X-A":"1","X-B":"2","X-C":"3"}')
    changed = api.send("POST", url_of(made), {"Headers": f'{{"X-A":"{MASK}","x-b":"{MASK}","X-D":"日本語"}}'})
    assert changed.json["headers"] == {"X-A": MASK, "x-b": MASK, "X-D": MASK}
    assert stored(api, made).headers == {"X-A": "1", "x-b": "2", "X-D": "日本語"}
    assert api.send("POST", url_of(made), {"Headers": "{}"}).json["headers"] == {}
    assert stored(api, made).headers == {}


def test_a_json_body_takes_both_spellings(api):
    assistant = api.assistant()
    pascal = {"UniqueName": "a", "Events": "*", "WebhookUrl": "https://example.com/", "Headers": {"X-A": "1"}}
    snake = {"unique_name": "b", "events": "*", "webhook_url": "https://example.com/", "enabled": False}
    path = f"/v1/Assistants/{assistant}/Webhooks"
    assert api.send("POST", path, json_body=pascal).json["headers"] == {"X-A": MASK}
    made = api.send("POST", path, json_body=snake)
    assert (made.json["enabled"], made.json["status"], made.json["status_reason"]) == (False, "disabled", "by_user")


def test_names_in_any_script_stand_in_the_path_for_the_sid(api):
    assistant = api.assistant("ボット 🤖")
    for name in ("my hook", "家族 👨‍👩‍👧", "e\u0301tude", "a+b&c=d;e,f", "[x]{y}|z^~`'\"<>\\"):
        made = api.webhook(assistant, UniqueName=name)
        path = f"/v1/Assistants/{quote('ボット 🤖')}/Webhooks/{quote(name, safe='')}"
        assert api.send("GET", path).json["sid"] == made["sid"]


def test_a_name_that_looks_like_a_sid_resolves_to_the_sid_first(api):
    assistant = api.assistant()
    first = api.webhook(assistant, UniqueName="first")
    nobody = "UM" + "f" * 32
    impostor = api.webhook(assistant, UniqueName=first["sid"])
    lookalike = api.webhook(assistant, UniqueName=nobody)
    assert api.send("GET", url_of(first)).json["unique_name"] == "first"
    assert api.send("GET", f"/v1/Assistants/{assistant}/Webhooks/{nobody}").json["sid"] == lookalike["sid"]
    assert impostor["sid"] != first["sid"]


def test_another_accounts_sids_are_those_of_nothing(api, stack):
    made = api.webhook(api.assistant())
    other = Gateway(stack, account=OTHER_ACCOUNT)
    nothing = url_of(made).replace(made["assistant_sid"], "UA" + "9" * 32)
    for method in ("GET", "POST", "DELETE"):
        theirs, none = other.send(method, url_of(made)), other.send(method, nothing)
        assert theirs.status == none.status == 404
        assert theirs.text.replace(made["assistant_sid"], "") == none.text.replace("UA" + "9" * 32, "")
    assert other.send("GET", "/v1/Assistants").json["assistants"] == []
    assert api.send("GET", url_of(made)).status == 200


def test_a_unique_name_is_unique_in_its_assistant_only(api):
    first, second = api.assistant("one"), api.assistant("two")
    made = api.webhook(first)
    api.webhook(second)
    form = {"UniqueName": "hook", "Events": "*", "WebhookUrl": "https://example.com"}
    taken = api.send("POST", f"/v1/Assistants/{first}/Webhooks", form)
    assert (taken.status, taken.json["code"]) == (409, 20409)
    other = api.webhook(first, UniqueName="other")
    assert api.send("POST", url_of(other), {"UniqueName": "hook"}).status == 409
    assert api.send("DELETE", url_of(made)).status == 204
    assert api.send("POST", url_of(other), {"UniqueName": "hook"}).status == 200
    assert api.send("GET", f"/v1/Assistants/{first}/Webhooks/other").status == 404


def test_a_stale_if_match_is_412_and_the_present_one_passes(api):
    made = api.send(
        "POST",
        f"/v1/Assistants/{api.assistant()}/Webhooks",
        {"UniqueName": "h", "Events": "*", "WebhookUrl": "https://example.com"},
    )
    url, tag = url_of(made.json), made.headers["ETag"]
    changed = api.send("POST", url, {"Events": "message.received"}, headers={"If-Match": tag})
    assert (changed.status, changed.json["version"]) == (200, 2)
    for method in ("POST", "DELETE"):
        stale = api.send(method, url, {"Events": "*"} if method == "POST" else None, headers={"If-Match": tag})
        assert (stale.status, stale.json["code"]) == (412, 20412)
    assert api.send("POST", url, {"Events": "*"}, headers={"If-Match": "{"}).status == 400
    assert api.send("DELETE", url, headers={"If-Match": changed.headers["ETag"]}).status == 204


def test_enabled_is_the_writable_face_of_status(api):
    made = api.webhook(api.assistant())
    present = store.load(
        api.stack.dynamodb, api.stack.config_table, made["assistant_sid"], made["sid"], consistent=True
    )
    assert present is not None
    store.set_status(
        api.stack.dynamodb, api.stack.config_table, present, status="disabled", reason="gone", now_ms=NOW_MS
    )
    gone = api.send("GET", url_of(made)).json
    assert (gone["enabled"], gone["status"], gone["status_reason"]) == (False, "disabled", "gone")
    assert api.send("POST", url_of(made), {"Enabled": "false"}).json["status_reason"] == "gone"
    again = api.send("POST", url_of(made), {"Enabled": "true"}).json
    assert (again["enabled"], again["status"], again["status_reason"]) == (True, "active", None)
    store.set_status(
        api.stack.dynamodb, api.stack.config_table, present, status="disabled", reason="gone", now_ms=NOW_MS
    )
    assert api.send("GET", url_of(made)).json["status"] == "active"


def test_the_set_of_an_assistant_has_a_version_that_every_change_moves(api):
    assistant = api.assistant()
    client, table = api.stack.dynamodb, api.stack.config_table
    versions = [store.load_version(client, table, assistant)]
    made = api.webhook(assistant)
    versions.append(store.load_all(client, table, assistant)[0])
    api.send("POST", url_of(made), {"Events": "message.received"})
    versions.append(store.load_version(client, table, assistant))
    version, found = store.load_all(client, table, assistant, consistent=True)
    assert [each.events for each in found] == ["message.received"]
    assert version == versions[-1]
    api.send("DELETE", url_of(made))
    versions.append(store.load_all(client, table, assistant)[0])
    assert versions == sorted(set(versions))


def test_links_begin_with_public_url_or_with_what_the_caller_used(api, stack):
    assistant = api.assistant()
    path = f"/v1/Assistants/{assistant}/Webhooks"
    plain = event("GET", path, authorizer=api.context, host="api.example.com")
    assert api.invoke(plain).json["meta"]["url"].startswith(f"https://api.example.com{path}?")
    staged = event("GET", path, authorizer=api.context)
    staged["rawPath"] = f"/prod{path}"
    staged["requestContext"]["stage"] = "prod"
    assert api.invoke(staged).json["meta"]["first_page_url"].startswith(f"https://{HOST}/prod{path}?")
    local = event("GET", path, authorizer=api.context, host="127.0.0.1:3000")
    local["headers"]["x-forwarded-proto"] = "http"
    assert api.invoke(local).json["meta"]["url"].startswith(f"http://127.0.0.1:3000{path}?")
    configured = Gateway(stack, changes={"public_url": "https://hooks.example.com/base/"})
    assert configured.send("GET", path).json["meta"]["url"].startswith(f"https://hooks.example.com/base{path}?")


def test_pages_go_forwards_and_backwards_and_size_is_kept(api):
    assistant = api.assistant()
    made = sorted(api.webhook(assistant, UniqueName=f"hook {number}")["sid"] for number in range(5))
    path = f"/v1/Assistants/{assistant}/Webhooks"
    pages = [api.send("GET", f"{path}?PageSize=2").json]
    while following := pages[-1]["meta"]["next_page_url"]:
        pages.append(api.send("GET", following.removeprefix(f"https://{HOST}")).json)
    assert [[each["sid"] for each in page["webhooks"]] for page in pages] == [made[:2], made[2:4], made[4:]]
    assert [page["meta"]["page"] for page in pages] == [0, 1, 2]
    assert {page["meta"]["page_size"] for page in pages} == {2}
    assert pages[0]["meta"]["previous_page_url"] is None
    back = api.send("GET", pages[2]["meta"]["previous_page_url"].removeprefix(f"https://{HOST}")).json
    assert [each["sid"] for each in back["webhooks"]] == made[2:4]
    assert back["meta"]["page"] == 1
    forth = api.send("GET", back["meta"]["next_page_url"].removeprefix(f"https://{HOST}")).json
    assert [each["sid"] for each in forth["webhooks"]] == made[4:]


def test_an_empty_list_is_one_page(api):
    body = api.send("GET", f"/v1/Assistants/{api.assistant()}/Webhooks").json
    assert body["webhooks"] == []
    assert body["meta"]["key"] == "webhooks"
    assert (body["meta"]["page_size"], body["meta"]["next_page_url"]) == (50, None)


def test_a_token_of_another_list_is_refused(api):
    api.assistant("a")
    api.assistant("b")
    token = api.send("GET", "/v1/Assistants?PageSize=1").json["meta"]["next_page_url"].partition("PageToken=")[2]
    refused = api.send("GET", f"/v1/Assistants/a/Webhooks?PageToken={token}")
    assert refused.status == 400
    assert "PageToken" in refused.json["message"]


VALID = {"UniqueName": "hook", "Events": "*", "WebhookUrl": "https://example.com/hook"}


@pytest.mark.parametrize("field", ["UniqueName", "Events", "WebhookUrl", "WebhookMethod", "Secret", "Headers"])
def test_an_empty_value_is_refused_on_update_not_cleared(api, field):
    made = api.webhook(api.assistant())
    answer = api.send("POST", url_of(made), {field: ""})
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert answer.json["message"].startswith(f"{field}: ")
    assert api.send("GET", url_of(made)).json["version"] == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"OverlapSeconds": "60"}, "OverlapSeconds"),
        ({"RotateSecret": "true", "Secret": "s"}, "RotateSecret"),
        ({"RotateSecret": "true", "OverlapSeconds": "604801"}, "OverlapSeconds"),
        ({"RotateSecret": "true", "OverlapSeconds": "-1"}, "OverlapSeconds"),
        ({"Headers": f'{{"X-New":"{MASK}"}}'}, "not stored"),
        ({"WebhookMethod": "GET"}, "Autopilot"),
    ],
)
def test_updates_are_checked_against_what_is_there(api, form, said):
    made = api.webhook(api.assistant())
    answer = api.send("POST", url_of(made), form)
    assert answer.status == 400
    assert said in answer.json["message"]


def test_get_callbacks_take_autopilots_events_in_any_case(api):
    made = api.webhook(api.assistant(), Events="ondialogueturn onCollectAttempt", WebhookMethod="GET")
    assert made["webhook_method"] == "GET"
    refused = api.send("POST", url_of(made), {"Events": "onDialogueTurn turn.completed"})
    assert refused.status == 400


def test_a_schedule_must_fit_into_the_retention(stack):
    tight = Gateway(stack, changes={"retention_days": 7})
    assistant = tight.assistant()
    path = f"/v1/Assistants/{assistant}/Webhooks"
    default = tight.send("POST", path, VALID)
    assert (default.status, default.json["message"].partition(":")[0]) == (400, "RetrySchedule")
    assert tight.send("POST", path, {**VALID, "RetrySchedule": "86400 1"}).status == 400
    fits = tight.send("POST", path, {**VALID, "RetrySchedule": "86400"})
    assert (fits.status, fits.json["retry_schedule"]) == (201, "86400")


def test_urls_are_shown_as_they_will_be_sent(api):
    made = api.webhook(api.assistant(), WebhookUrl="https://EXAMPLE.com:443/a/../b c".replace(" ", "%20"))
    assert made["webhook_url"] == "https://example.com/b%20c"


def test_unknown_paths_are_404_and_wrong_methods_405_with_allow(api):
    missing = api.send("GET", "/v2/Nothing")
    assert (missing.status, missing.json["code"]) == (404, 20404)
    for method, path, allowed in (
        ("PUT", "/v1/Assistants", "GET, POST"),
        ("PATCH", "/v1/Assistants/bot/Webhooks/%F0%9F%A4%96", "DELETE, GET, POST"),
        ("PUT", "/v1/Assistants/bot/Events", "DELETE, GET, POST"),
        ("PUT", "/ingest/watsonx/SR/token", "POST"),
        ("HEAD", "/ingest/autopilot/SR/token", "GET, POST"),
        ("OPTIONS", "/v1/Assistants", "GET, POST"),
    ):
        wrong = api.send(method, path)
        assert (wrong.status, wrong.json["code"]) == (405, 20004), path
        assert wrong.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/v1%2FAssistants", "/v1/Assistants%2Fbot", "/v1/Assistants/", "/v1/Assistants/bot/"])
def test_a_path_that_only_decodes_to_a_route_is_404(api, path):
    api.assistant("bot")
    for method in ("GET", "POST"):
        answer = api.send(method, path)
        assert (answer.status, answer.json["code"]) == (404, 20404), path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/ingest/messagehub/SR/secret/", "/ingest/messagehub"),
        ("/ingest/messagehub/SR/secret%2F", "/ingest/messagehub"),
        ("/ingest%2Fmessagehub%2FSR%2Fsecret", "/ingest/messagehub"),
        ("//INGEST//messagehub/SR/secret", "/ingest/messagehub"),
        ("/base/ingest/other/SR/secret", "/ingest"),
        ("/v1/ingest/tropo/SR/secret", "/ingest/tropo"),
    ],
)
def test_no_answer_repeats_the_token_of_a_misspelt_ingest_url(api, path, said):
    answer = api.send("POST", path)
    assert (answer.status, answer.json["code"]) == (404, 20404)
    assert answer.json["message"] == f"The requested resource {said} was not found"
    assert "secret" not in api.send("DELETE", path).text


def test_scopes_are_decided_by_route_and_an_expired_token_is_refused(stack, api):
    made = api.webhook(api.assistant())
    reader = Gateway(stack, scopes="read emit replay")
    assert reader.send("GET", url_of(made)).status == 200
    for method in ("POST", "DELETE"):
        refused = reader.send(method, url_of(made))
        assert (refused.status, refused.json["code"]) == (403, 20403)
    assert Gateway(stack, scopes="write").send("GET", url_of(made)).status == 403
    expired = Gateway(stack, expires=1).send("GET", url_of(made))
    assert (expired.status, expired.json["code"]) == (401, 20003)
    unauthorised = event("GET", url_of(made), authorizer={})
    assert api.invoke(unauthorised).status == 401


def test_an_account_has_as_many_webhooks_as_it_may(stack):
    limited = Gateway(stack, changes={"max_webhooks_per_account": 2})
    first, second = limited.assistant("a"), limited.assistant("b")
    made = limited.webhook(first, UniqueName="1")
    limited.webhook(second, UniqueName="2")
    refused = limited.send("POST", f"/v1/Assistants/{first}/Webhooks", {**VALID, "UniqueName": "3"})
    assert (refused.status, refused.json["code"]) == (403, 20429)
    assert "MaxWebhooksPerAccount" in refused.json["message"]
    assert Gateway(stack, account=OTHER_ACCOUNT, changes={"max_webhooks_per_account": 2}).assistant()
    limited.send("DELETE", url_of(made))
    limited.webhook(first, UniqueName="3")
