"""What is refused: each rule by name, each body that cannot be read. Nothing is created, so one stack serves all."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.functional.webhooks.gateway import HOST

MASK = "********"
VALID = {"UniqueName": "hook", "Events": "*", "WebhookUrl": "https://example.com/hook"}


@pytest.mark.parametrize(
    "query",
    [
        "PageSize=0",
        "PageSize=1001",
        "PageSize=x",
        "PageSize=%2B5",
        "PageSize=",
        "PageSize=1&PageSize=2",
        "Page=-1",
        "Page=2",
        "PageToken=",
        "PageToken=%FF",
        "PageToken=PlVB",
        "PageToken=YQ",
        "pagesize=2",
        "Color=blue",
    ],
)
def test_paging_parameters_are_checked(unchanged, query):
    answer = unchanged.send("GET", f"/v1/Assistants/bot/Webhooks?{query}")
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_an_unknown_parameter_of_a_query_is_answered_with_those_that_there_are(unchanged):
    answer = unchanged.send("GET", "/v1/Assistants/bot/Webhooks?pagesize=2")
    assert answer.json["message"] == "pagesize: there is no such parameter. Allowed: Page, PageSize, PageToken"


@pytest.mark.parametrize("missing", list(VALID))
def test_each_missing_field_is_named(unchanged, missing):
    form = {name: value for name, value in VALID.items() if name != missing}
    answer = unchanged.send("POST", "/v1/Assistants/bot/Webhooks", form)
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert answer.json["message"].startswith(f"{missing}: it is required")


REFUSED = [
    ("UniqueName", "x" * 65, "65 characters"),
    ("UniqueName", "a/b", "'/'"),
    ("UniqueName", "a?b", "'?'"),
    ("UniqueName", "a#b", "'#'"),
    ("UniqueName", "50%", "'%'"),
    ("UniqueName", "a\tb", "\\t"),
    ("UniqueName", "..", "not . or .."),
    ("UniqueName", "  ", "1 to 64"),
    ("Events", "onDialogStart", "onDialogueStart"),
    ("Events", "Message_Created", "message_created"),
    ("Events", " ", "names no event"),
    ("WebhookUrl", "http://example.com", "https"),
    ("WebhookUrl", "https://user:hunter2@example.com/", "Headers"),
    ("WebhookUrl", "https://169.254.169.254/latest", "refused"),
    ("WebhookUrl", f"https://{HOST}/ingest", "own API"),
    ("WebhookUrl", "example.com", "absolute"),
    ("WebhookUrl", "https://example.com/" + "x" * 2048, "2,048"),
    ("WebhookMethod", "PUT", "POST, GET"),
    ("WebhookMethod", "GET", "Autopilot"),
    ("Enabled", "yes", "true or false"),
    ("Secret", "s" * 1025, "1 to 1,024"),
    ("Secret", MASK, "mask"),
    ("Format", "xml", "native, cloudevents"),
    ("Jwt", "maybe", "auto, always, never"),
    ("RetrySchedule", "0", "1 to 86,400"),
    ("RetrySchedule", "86401", "1 to 86,400"),
    ("RetrySchedule", "5,300", "separated by spaces"),
    ("RetrySchedule", " ".join(["1"] * 21), "1 to 20"),
    ("Headers", "[]", "JSON object"),
    ("Headers", "{", "JSON object"),
    ("Headers", '{"X-A":"1","X-A":"2"}', "more than once"),
    ("Headers", '{"X-A":"1","x-a":"2"}', "more than once"),
    ("Headers", f'{{"X-A":"{MASK}"}}', "mask"),
    ("Headers", '{"X-A":1}', "not a text"),
    ("Headers", '{"X-A":""}', "0 characters"),
    ("Headers", '{"X A":"1"}', "not a header name"),
    ("Headers", '{"X-A":"1\\r\\nX-B: 2"}', "control characters"),
    ("Headers", '{"Connection":"close"}', "one connection"),
    ("Headers", '{"Transfer-Encoding":"chunked"}', "one connection"),
    ("Headers", '{"Host":"x"}', "each callback"),
    ("Headers", '{"content-length":"1"}', "each callback"),
    ("Headers", '{"Content-Type":"text/plain"}', "each callback"),
    ("Headers", '{"Webhook-Signature":"x"}', "own proof"),
    ("Headers", '{"X-Twilio-Signature":"x"}', "own proof"),
    ("Headers", '{"x-twilio-anything":"x"}', "own proof"),
    ("Headers", '{"X-Chatwoot-Delivery":"x"}', "own proof"),
    ("OverlapSeconds", "5", "no such parameter"),
    ("unique_name", "x", "no such parameter"),
    ("Webhookurl", "https://example.com", "no such parameter"),
]


@pytest.mark.parametrize(("field", "value", "said"), REFUSED, ids=lambda value: str(value)[:24])
def test_each_rule_of_webhooks_refuses_by_name_and_says_what_is_allowed(unchanged, field, value, said):
    answer = unchanged.send("POST", "/v1/Assistants/bot/Webhooks", {**VALID, field: value})
    assert (answer.status, answer.json["code"]) == (400, 20001), answer.text
    assert answer.json["message"].startswith(f"{field}: ")
    assert said in answer.json["message"]
    assert "hunter2" not in answer.text


def test_get_carries_no_cloudevent_neither_at_creation_nor_by_a_change(unchanged):
    plain = {**VALID, "Events": "onDialogueEnd"}
    answer = unchanged.send(
        "POST", "/v1/Assistants/bot/Webhooks", {**plain, "Format": "cloudevents", "WebhookMethod": "GET"}
    )
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert answer.json["message"].startswith("WebhookMethod: GET does not carry the format cloudevents")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json; charset=utf-8", 400),
        (b'{"UniqueName":NaN}', "application/json", 400),
        (b'{"UniqueName":"a","unique_name":"b"}', "application/json", 400),
        (b'\xef\xbb\xbf{"UniqueName":"a"}', "application/json", 400),
        (b'{"UniqueName":"\\ud800"}', "application/json", 400),
        (b'{"UniqueName":null}', "application/json", 400),
        (b"[" * 30_000, "application/json", 400),
        (b"UniqueName=%FF", "application/x-www-form-urlencoded", 400),
        (b"UniqueName=\xff", "application/x-www-form-urlencoded", 400),
        (b"UniqueName=a&UniqueName=b", "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=b"] * 200), "application/x-www-form-urlencoded", 400),
        (b"<x/>", "application/xml", 400),
        (b"UniqueName=a", "", 400),
        (b"UniqueName=" + b"a" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_body_that_cannot_be_read_is_a_clear_refusal(unchanged, body, content_type, status):
    path = "/v1/Assistants/bot/Webhooks"
    answer = unchanged.send("POST", path, body=body, headers={"Content-Type": content_type} if content_type else {})
    assert answer.status == status
    assert answer.json["status"] == status
    assert set(answer.json) == {"code", "message", "more_info", "status"}


@pytest.mark.parametrize(
    ("platform", "fields", "named"),
    [
        ("slack", {}, "Platform: 'slack'"),
        ("messagehub", {"UniqueName": "a/b"}, "UniqueName"),
        ("messagehub", {"Secret": MASK}, "Secret"),
        ("messagehub", {"Options": "x"}, "Options"),
        ("messagehub", {"Options": '{"color":1}'}, "'color' is not an option"),
        ("messagehub", {"Options": '{"reply":"{}"}'}, "'reply' is not an option of messagehub"),
        ("tropo", {"Options": '{"static_header":"X: y"}'}, "'static_header' is not an option of tropo"),
        ("tropo", {"Options": '{"reply":"[]"}'}, "reply"),
        ("tropo", {"Options": '{"reply":"{"}'}, "reply"),
        ("tropo", {"Options": '{"repair_backslashes":"yes"}'}, "repair_backslashes"),
        ("watsonx", {"Options": '{"static_header":"novalue"}'}, "static_header is not a header"),
        ("watsonx", {"Options": '{"static_header":"X: s3cret\\u0000"}'}, "control characters"),
        ("messagehub", {"IngestUrl2": "x"}, "IngestUrl2: there is no such parameter"),
    ],
)
def test_each_rule_of_sources_refuses_by_name(unchanged, platform, fields, named):
    form = {"UniqueName": "src", "Platform": platform, **fields}
    answer = unchanged.send("POST", "/v1/Assistants/bot/Sources", form)
    assert (answer.status, answer.json["code"]) == (400, 20001), answer.text
    assert named in answer.json["message"]
    assert "s3cret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/Assistants"),
        ("POST", "/v1/Assistants"),
        ("GET", "/v1/Assistants/bot"),
        ("POST", "/v1/Assistants/bot"),
        ("DELETE", "/v1/Assistants/bot"),
        ("GET", "/v1/Assistants/bot/Webhooks/hook"),
        ("POST", "/v1/Assistants/bot/Webhooks"),
        ("POST", "/v1/Assistants/bot/Webhooks/hook"),
        ("DELETE", "/v1/Assistants/bot/Webhooks/hook"),
        ("GET", "/v1/Assistants/bot/Sources"),
        ("POST", "/v1/Assistants/bot/Sources"),
        ("GET", "/v1/Assistants/bot/Sources/src"),
        ("POST", "/v1/Assistants/bot/Sources/src"),
        ("DELETE", "/v1/Assistants/bot/Sources/src"),
    ],
)
def test_no_route_passes_over_a_parameter_of_the_query_that_it_does_not_know(unchanged, method, path):
    answer = unchanged.send(method, f"{path}?Colour=blue")
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert answer.json["message"].startswith("Colour: there is no such parameter. Allowed: ")


@pytest.mark.parametrize("name", ["x" * 65, "x" * 2000, "家" * 400, "my%2520hook", "%2e%2e", "%00", "%FF", "%F0%9F"])
@pytest.mark.parametrize("kind", ["", "bot/Webhooks/", "bot/Sources/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_name_that_nothing_can_have_is_404_however_long_or_encoded(unchanged, method, kind, name):
    """DynamoDB refuses sort keys of more than 1,024 bytes; in a path they may come all the same."""
    form = {"UniqueName": "new"} if method == "POST" else None
    answer = unchanged.send(method, f"/v1/Assistants/{kind}{quote(name, safe='%')}", form)
    assert (answer.status, answer.json["code"]) == (404, 20404), answer.text
