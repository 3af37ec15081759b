"""`waiting` and `last_event_at`: what the data table knows, what asking it costs, what is said when it is away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from functions.webhooks import activity
from parley import retry
from parley.attributes import to_item
from parley.aws import PartialAnswerError
from parley.config_table import webhooks as webhook_store
from parley.data_table import event_lists, events, health, undelivered
from parley.event import ACCEPTED, Event
from parley.health import Health
from parley.sids import EVENT
from tests.functional.memory import ScannedClient
from tests.functional.stack import Stack, environment
from tests.functional.webhooks.gateway import ACCOUNT, NOW_MS, Gateway
from tests.simulation.table import Table

AWAY = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""}}, "Query")


class Counting(ScannedClient):
    """Tables in memory that count what is asked of the data table, and can be away."""

    def __init__(self) -> None:
        super().__init__({"config": Table(), "data": Table()})
        self.asked: list[str] = []
        self.away: set[str] = set()

    def _note(self, operation: str) -> None:
        self.asked.append(operation)
        if operation in self.away:
            raise AWAY

    def query(self, *, TableName: str, KeyConditionExpression: str, **request: Any) -> dict[str, Any]:  # noqa: N803
        if TableName == "data":
            self._note("query")
        return super().query(TableName=TableName, KeyConditionExpression=KeyConditionExpression, **request)

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self._note("batch_get_item")
        return super().batch_get_item(RequestItems=RequestItems)


@pytest.fixture
def client() -> Iterator[Counting]:
    with environment():
        yield Counting()


@pytest.fixture
def api(client: Counting) -> Gateway:
    made: Any = client
    none: Any = None
    return Gateway(Stack(made, none, "config", "data", "events", "retries"))


def path_of(resource: Mapping[str, Any]) -> str:
    url: str = resource["url"]
    return url[url.index("/v1/") :]


def event_sid(number: int) -> str:
    return f"{EVENT}{number:032x}"


def troubled(client: Any, webhook: Mapping[str, Any], table: str = "data") -> None:
    seen = Health(ACCOUNT, webhook["assistant_sid"], webhook["sid"], failures=1, first_event="e", last_event="e")
    health.count_failures(client, table, seen, now_ms=NOW_MS)


def hold(client: Any, webhook: Mapping[str, Any], numbers: range, status: str = retry.RETRYING) -> None:
    """These events' ways to a webhook, as the dispatcher leaves them when it did not take them."""
    for number in numbers:
        item = undelivered.Undelivered(
            webhook_sid=webhook["sid"],
            event_sid=event_sid(number),
            assistant_sid=webhook["assistant_sid"],
            account_sid=ACCOUNT,
            received_ms=NOW_MS + number,
            attempts=1,
            status=status,
            reason=None,
            next_attempt_ms=None,
            due_ms=None,
            last_status_code=500,
            log=(),
            expires_at=NOW_MS // 1000 + 86_400,
        )
        undelivered.put_new(client, "data", undelivered.to_values(item))


def test_what_waits_and_what_is_tried_again_is_counted_for_each_webhook(api, client):
    assistant = api.assistant()
    first, second, healthy = (api.webhook(assistant, UniqueName=name) for name in ("first", "second", "healthy"))
    for webhook in (first, second):
        troubled(client, webhook)
    hold(client, first, range(20), retry.WAITING)
    hold(client, first, range(20, 23), retry.RETRYING)
    hold(client, first, range(23, 30), retry.DELIVERED)  # over, and on its way out
    hold(client, second, range(1))
    expected = {first["sid"]: 23, second["sid"]: 1, healthy["sid"]: 0}
    for each in (first, second, healthy):
        assert api.send("GET", path_of(each)).json["waiting"] == expected[each["sid"]]
    listed = api.send("GET", f"/v1/Assistants/{assistant}/Webhooks").json["webhooks"]
    assert {each["sid"]: each["waiting"] for each in listed} == expected
    assert api.send("POST", path_of(first), {"Jwt": "never"}).json["waiting"] == 23


def test_a_new_webhook_has_nothing_waiting_and_nothing_is_asked(api, client):
    assert api.webhook(api.assistant())["waiting"] == 0
    assert client.asked == []


def test_webhooks_without_trouble_cost_one_read_a_hundred(api, client):
    assistant = api.assistant()
    for number in range(101):
        api.webhook(assistant, UniqueName=f"hook {number}")
    api.send("GET", f"/v1/Assistants/{assistant}/Webhooks?PageSize=101")
    assert client.asked == ["batch_get_item"] * 2


def test_a_webhook_that_is_off_is_counted_though_its_health_is_forgotten(api, client):
    made = api.webhook(api.assistant())
    present = webhook_store.load(client, "config", made["assistant_sid"], made["sid"], consistent=True)
    assert present is not None
    webhook_store.set_status(client, "config", present, status="disabled", reason="failing", now_ms=NOW_MS)
    hold(client, made, range(4), retry.WAITING)
    assert api.send("GET", path_of(made)).json["waiting"] == 4


def test_counting_ends_at_its_most_and_is_exact_below_it(api, client, monkeypatch):
    made = api.webhook(api.assistant())
    troubled(client, made)
    hold(client, made, range(40))
    monkeypatch.setattr(undelivered, "MOST_COUNTED", 40)
    assert undelivered.count_open(client, "data", made["sid"]) == 40
    monkeypatch.setattr(undelivered, "MOST_COUNTED", 39)
    assert undelivered.count_open(client, "data", made["sid"]) == 39
    monkeypatch.setattr(undelivered, "MOST_COUNTED", 41)
    assert undelivered.count_open(client, "data", made["sid"]) == 40


def test_counting_large_items_ends_after_sixteen_reads():
    class Large:
        """Answers one item a read, as DynamoDB does when an item fills a read, and always has more."""

        reads = 0

        def query(self, **request: Any) -> dict[str, Any]:
            self.reads += 1
            return {
                "Count": 1,
                "LastEvaluatedKey": {"pk": request["ExpressionAttributeValues"][":pk"], "sk": {"S": "x"}},
            }

    large: Any = Large()
    assert undelivered.count_open(large, "data", "UM" + "0" * 32) == 16
    assert large.reads == 16


def test_a_list_counts_a_number_of_webhooks_and_says_null_of_the_others(api, client, monkeypatch):
    assistant = api.assistant()
    for number in range(4):
        made = api.webhook(assistant, UniqueName=f"hook {number}")
        troubled(client, made)
        hold(client, made, range(2))
    monkeypatch.setattr(activity, "MOST_COUNTED_WEBHOOKS", 3)
    path = f"/v1/Assistants/{assistant}/Webhooks"
    assert [each["waiting"] for each in api.send("GET", path).json["webhooks"]] == [2, 2, 2, None]
    api.milliseconds_left = 4000
    assert [each["waiting"] for each in api.send("GET", path).json["webhooks"]] == [None] * 4


@pytest.mark.parametrize("operation", ["query", "batch_get_item"])
def test_configuration_is_answered_while_the_data_table_is_away(api, client, operation):
    assistant = api.assistant()
    made = api.webhook(assistant)
    troubled(client, made)
    source = api.send("POST", f"/v1/Assistants/{assistant}/Sources", {"UniqueName": "s", "Platform": "tropo"}).json
    client.away = {operation}
    fetched = api.send("GET", path_of(made))
    assert (fetched.status, fetched.json["waiting"]) == (200, None)
    [listed] = api.send("GET", f"/v1/Assistants/{assistant}/Webhooks").json["webhooks"]
    assert listed["waiting"] is None
    client.away = {"query"}
    assert api.send("GET", path_of(source)).json["last_event_at"] is None
    assert api.send("GET", f"/v1/Assistants/{assistant}/Sources").status == 200


def source(api: Gateway, assistant: str, name: str) -> dict[str, Any]:
    form = {"UniqueName": name, "Platform": "messagehub"}
    made = api.send("POST", f"/v1/Assistants/{assistant}/Sources", form)
    assert made.status == 201
    return made.json


def commit(client: Any, source: Mapping[str, Any], number: int, received_ms: int) -> None:
    """An event of a source, as the dispatcher commits it."""
    event = Event(
        sid=event_sid(number),
        account_sid=ACCOUNT,
        assistant_sid=source["assistant_sid"],
        source_sid=source["sid"],
        platform="messagehub",
        name="message_created",
        type="message.received",
        status=ACCEPTED,
        reason=None,
        conversation_id=None,
        occurred_ms=None,
        received_ms=received_ms,
        rid="r",
        method="POST",
        content_type="application/json",
        payload=b"{}",
    )
    values = events.to_values(event, packed_results=b"", chunks=0, shards=8, retention_days=30)
    client.put_item(TableName="data", Item=to_item(values))


def test_a_source_says_when_its_newest_event_came(api, client):
    assistant = api.assistant()
    busy, quiet, silent = (source(api, assistant, name) for name in ("busy", "quiet", "silent"))
    assert busy["last_event_at"] is None
    commit(client, quiet, 1, NOW_MS)
    for number in range(2, 40):
        commit(client, busy, number, NOW_MS + number * 1000)
    expected = {busy["sid"]: "2026-09-21T14:13:59Z", quiet["sid"]: "2026-09-21T14:13:20Z", silent["sid"]: None}
    listed = api.send("GET", f"/v1/Assistants/{assistant}/Sources").json["sources"]
    assert {each["sid"]: each["last_event_at"] for each in listed} == expected
    for each in (busy, quiet, silent):
        assert api.send("GET", path_of(each)).json["last_event_at"] == expected[each["sid"]]
        renamed = api.send("POST", path_of(each), {"UniqueName": f"new {each['unique_name']}"})
        assert renamed.json["last_event_at"] == expected[each["sid"]]


def test_a_source_that_others_have_overtaken_is_sought_within_a_bound(api, client, monkeypatch):
    monkeypatch.setattr(event_lists, "_SOURCES_LOOK", 2)
    assistant = api.assistant()
    old, busy = source(api, assistant, "old"), source(api, assistant, "busy")
    commit(client, old, 0, NOW_MS)
    for number in range(1, 200):
        commit(client, busy, number, NOW_MS + number * 1000)
    client.asked.clear()
    assert api.send("GET", path_of(old)).json["last_event_at"] == "2026-09-21T14:13:20Z"
    assert len(client.asked) <= 2 * (8 + 16)
    client.asked.clear()
    assert api.send("GET", path_of(busy)).json["last_event_at"]
    assert len(client.asked) == 8, "a busy source costs one read of each shard"
    monkeypatch.setattr(event_lists, "_FILTERED_LOOK", 2)
    client.asked.clear()
    assert api.send("GET", path_of(old)).json["last_event_at"] is None
    assert len(client.asked) == 2 * (8 + 16)
    for number in range(10):
        source(api, assistant, f"silent {number}")
    client.asked.clear()
    assert len(api.send("GET", f"/v1/Assistants/{assistant}/Sources").json["sources"]) == 12
    assert len(client.asked) <= (1 + 5) * (8 + 16)


@pytest.mark.parametrize(
    "error", [AWAY, EndpointConnectionError(endpoint_url="https://dynamodb"), PartialAnswerError()]
)
def test_a_configuration_that_cannot_be_read_is_a_503_of_ours(api, client, monkeypatch, printed, error):
    def away(**_: Any) -> None:
        raise error

    monkeypatch.setattr(client, "get_item", away)
    answer = api.send("GET", "/v1/Assistants/bot")
    assert (answer.status, answer.json["code"]) == (503, 20503)
    assert f'"error":"{type(error).__name__}"' in printed()


def test_a_creation_whose_confirmation_is_lost_is_not_said_to_be_undone(api, client, monkeypatch):
    write = client.transact_write_items

    def lose_the_answer(**request: Any) -> None:
        write(**request)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as losing:
        losing.setattr(client, "transact_write_items", lose_the_answer)
        answer = api.send("POST", "/v1/Assistants", {"UniqueName": "bot"})
    assert answer.status == 503
    assert "may be done or not" in answer.json["message"]
    assert api.send("POST", "/v1/Assistants", {"UniqueName": "bot"}).status == 409


def test_what_a_library_refuses_to_send_is_in_no_log(api, client, monkeypatch, printed):
    def refuse(**_: Any) -> None:
        raise ParamValidationError(report="Invalid type for parameter Item.secret.S, value: hunter2")

    monkeypatch.setattr(client, "transact_write_items", refuse)
    answer = api.send("POST", "/v1/Assistants", {"UniqueName": "bot"})
    assert answer.status == 503
    assert "hunter2" not in printed() + answer.text
