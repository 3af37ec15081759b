"""Many at once. The fake's single calls are made atomic, as DynamoDB's are; everything between them interleaves."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from functions.webhooks import webhooks
from parley.config_table import listing, transactions
from parley.config_table import webhooks as store
from parley.errors import ConflictError, ParleyError
from tests.functional.stack import Stack
from tests.functional.webhooks.gateway import ACCOUNT, Gateway

if TYPE_CHECKING:
    from parley.api.routing import Answer

AT_ONCE = 50


class Atomic:
    """A client whose calls exclude each other, and which at first refuses some transactions as DynamoDB does."""

    def __init__(self, client: Any, conflicts: int = 0) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._conflicts = conflicts

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            with self._lock:
                if name == "transact_write_items" and self._conflicts:
                    self._conflicts -= 1
                    raise cancelled("None", "TransactionConflict")
                return method(**request)

        return call


def cancelled(*codes: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(answer, "TransactWriteItems")


def atomic(stack: Stack, conflicts: int = 0, **changes: int) -> Gateway:
    client: Any = Atomic(stack.dynamodb, conflicts)
    made = Stack(
        client,
        stack.sqs,
        config_table=stack.config_table,
        data_table=stack.data_table,
        events_queue_url=stack.events_queue_url,
        retry_queue_url=stack.retry_queue_url,
    )
    return Gateway(made, changes=changes)


def statuses(work: Callable[[int], Answer]) -> Counter[int]:
    def status(number: int) -> int:
        try:
            return work(number).status
        except ParleyError as error:
            return error.status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(status, range(AT_ONCE)))


def creation(api: Gateway, assistant: str, name: str) -> Answer:
    form = {"UniqueName": name, "Events": "*", "WebhookUrl": "https://example.com/"}
    return webhooks.create(api.deployment, api.call("POST", f"/v1/Assistants/{assistant}/Webhooks", form), assistant)


def test_fifty_creations_with_one_name_make_one_webhook(stack):
    api = atomic(stack, conflicts=20)
    assistant = api.assistant()
    assert statuses(lambda _: creation(api, assistant, "one")) == {201: 1, 409: AT_ONCE - 1}
    assert len(api.send("GET", f"/v1/Assistants/{assistant}/Webhooks").json["webhooks"]) == 1


def test_fifty_creations_at_a_limit_of_five_make_five(stack):
    api = atomic(stack, conflicts=20, max_webhooks_per_account=5)
    assistant = api.assistant()
    assert statuses(lambda number: creation(api, assistant, f"hook {number}")) == {201: 5, 403: AT_ONCE - 5}
    assert len(api.send("GET", f"/v1/Assistants/{assistant}/Webhooks").json["webhooks"]) == 5


def test_changes_at_once_to_different_fields_are_all_kept(stack):
    api = atomic(stack)
    made = api.webhook(api.assistant())
    forms = [{"Events": "message.received"}, {"Jwt": "always"}, {"RetrySchedule": "7"}, {"UniqueName": "new"}]
    path = f"/v1/Assistants/{made['assistant_sid']}/Webhooks/{made['sid']}"

    def change(form):
        call = api.call("POST", path, form)
        return webhooks.update(api.deployment, call, made["assistant_sid"], made["sid"]).status

    with ThreadPoolExecutor(len(forms)) as pool:
        assert list(pool.map(change, forms)) == [200] * len(forms)
    after = api.send("GET", path).json
    assert (after["events"], after["jwt"], after["retry_schedule"]) == ("message.received", "always", "7")
    assert (after["unique_name"], after["version"]) == ("new", 1 + len(forms))


def test_a_conflict_that_does_not_end_is_raised_and_not_swallowed(stack, monkeypatch):
    monkeypatch.setattr(transactions, "MAX_CONFLICT_SECONDS", 0.05)
    api = atomic(stack)
    assistant = api.assistant()
    endless = atomic(stack, conflicts=10**6)
    with pytest.raises(ClientError):
        creation(endless, assistant, "x")


def test_the_condition_that_failed_says_which_error_it_is():
    def refused():
        return ConflictError("second")

    steps = [transactions.Step({"Delete": {"Key": {}}}), transactions.Step({"Delete": {"Key": {}}}, refused)]

    client = mock.Mock()
    client.transact_write_items.side_effect = cancelled("None", "ConditionalCheckFailed")
    with pytest.raises(ConflictError, match="second"):
        transactions.write(client, "table", steps)


def test_items_that_stay_are_seen_once_while_others_come_and_go(api, monkeypatch):
    monkeypatch.setattr(listing, "MAX_QUERY_CALLS", 1)
    assistant = api.assistant()
    client, table = api.stack.dynamodb, api.stack.config_table

    def make(number: int) -> store.WebhookRecord:
        return store.create(
            client,
            table,
            account_sid=ACCOUNT,
            assistant_sid=assistant,
            unique_name=f"{number:032x}",
            events="*",
            url="https://example.com/",
            secret="s",
            now_ms=0,
            sid=f"UM{number:032x}",
        )

    staying = [make(number) for number in range(0, 40, 4)]
    going = [make(number) for number in range(1, 40, 4)]
    seen: list[str] = []
    target = f"/v1/Assistants/{assistant}/Webhooks?PageSize=3"
    coming = iter(range(2, 40, 4))
    while target:
        page = api.send("GET", target).json
        seen += [each["sid"] for each in page["webhooks"]]
        following = page["meta"]["next_page_url"]
        target = following and following[following.index("/v1/") :]
        if going:
            store.remove(client, table, going.pop(len(going) // 2))
        make(next(coming, 10_000 + len(seen)))
    counts = Counter(seen)
    assert max(counts.values()) == 1
    assert {record.webhook.sid for record in staying} <= set(counts)
