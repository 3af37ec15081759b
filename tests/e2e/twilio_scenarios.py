"""What a user of Twilio's own Python client does, with any of its versions; only its base URL is another.

Run by test_twilio_client.py with the Python of each version: nothing but that client and the standard library is
imported. A JSON object on stdin says where the API is and holds a token for each of its accounts; on stdout stands what
became of each scenario: null, or how it failed.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from twilio import __version__
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

# The seed's ten.
DOCUMENTED = {
    "account_sid", "assistant_sid", "date_created", "date_updated", "events", "sid", "unique_name", "url",
    "webhook_method", "webhook_url",
}  # fmt: skip
RECEIVER = "https://example.com/hook"


class Run:
    """A deployment and its callers."""

    def __init__(self, api_url: str, account_sids: dict[str, str], tokens: dict[str, str], limit: int) -> None:
        self.api_url = api_url
        self.account_sids = account_sids
        self.tokens = tokens
        self.limit = limit

    def client(self, account: str = "main", *, token: str | None = None) -> Any:
        made = Client(self.account_sids[account], token or self.tokens[account])
        made.autopilot.base_url = self.api_url
        return made.autopilot.v1


@contextmanager
def refused(status: int, code: int, says: str) -> Iterator[None]:
    """One resource's refusal: the client reads our body."""
    raised = None
    try:
        yield
    except TwilioRestException as error:
        raised = (error.status, error.code, error.msg)
    assert raised is not None, f"not refused with {status} {code}"
    assert raised[:2] == (status, code), raised
    assert says in raised[2], raised


@contextmanager
def page_refused(status: int, code: int, says: str) -> Iterator[None]:
    """A list's refusal: the client raises the parent of that exception, with the response as it came."""
    response = None
    try:
        yield
    except TwilioException as error:
        response = error.args[1]
    assert response is not None, f"not refused with {status} {code}"
    assert response.status_code == status, response
    body = json.loads(response.text)
    assert body.get("code", status) == code, body
    assert says in body["message"], body


def creates_fetches_updates_lists_and_deletes_webhooks(run: Run) -> None:
    api = run.client()
    assistant = api.assistants.create(unique_name="everything")
    webhooks = api.assistants(assistant.sid).webhooks
    made = webhooks.create(
        unique_name="hook", events="onDialogueStart  ondialogueend", webhook_url=RECEIVER, webhook_method="POST"
    )
    assert made.sid.startswith("UM")
    assert len(made.sid) == 34
    assert (made.account_sid, made.assistant_sid) == (run.account_sids["main"], assistant.sid)
    assert (made.unique_name, made.webhook_url, made.webhook_method) == ("hook", RECEIVER, "POST")
    assert made.events == "onDialogueStart  ondialogueend"
    assert made.date_created.tzinfo is not None
    assert made.date_created == made.date_updated
    assert made.url == f"{run.api_url}/v1/Assistants/{assistant.sid}/Webhooks/{made.sid}"

    assert made.fetch().sid == made.sid
    assert webhooks(made.sid).fetch().events == made.events
    updated = webhooks(made.sid).update(events="onDialogueTurn", webhook_method="GET")
    assert (updated.events, updated.webhook_method, updated.unique_name) == ("onDialogueTurn", "GET", "hook")
    assert made.update(unique_name="other").unique_name == "other"
    other = webhooks.create("hook", "*", RECEIVER)
    assert {each.sid for each in webhooks.list()} == {made.sid, other.sid}
    assert len(webhooks.list(limit=1)) == 1
    assert webhooks(made.sid).delete() is True
    assert other.delete() is True
    assert webhooks.list() == []


def creates_fetches_updates_lists_and_deletes_assistants(run: Run) -> None:
    api = run.client("assistants")
    made = [api.assistants.create(unique_name=f"bot {number}") for number in range(5)]
    assert made[0].sid.startswith("UA")
    assert api.assistants("bot 0").fetch().sid == made[0].sid
    assert set(made[0].links) >= {"webhooks"}
    assert api.assistants(made[0].sid).update(unique_name="renamed").unique_name == "renamed"
    streamed = [each.unique_name for each in api.assistants.stream(page_size=2)]
    assert sorted(streamed) == ["bot 1", "bot 2", "bot 3", "bot 4", "renamed"]
    for each in made:
        assert each.delete() is True
    assert api.assistants.list() == []


def streams_over_many_pages_and_sees_each_once(run: Run) -> None:
    api = run.client("pages")
    webhooks = api.assistants(api.assistants.create(unique_name="bot").sid).webhooks
    names = {f"hook {number:02}" for number in range(11)}
    for name in sorted(names):
        webhooks.create(name, "*", RECEIVER)
    for page_size in (1, 3, 11):
        streamed = [each.unique_name for each in webhooks.stream(page_size=page_size)]
        assert len(streamed) == len(names), (page_size, len(streamed))
        assert set(streamed) == names
    assert len(list(webhooks.stream(limit=7, page_size=3))) == 7
    assert len(webhooks.list(limit=5)) == 5

    first = webhooks.page(page_size=4)
    second = first.next_page()
    third = webhooks.get_page(second.next_page_url)
    assert [len(list(page)) for page in (first, second, third)] == [4, 4, 3]
    assert third.next_page() is None
    assert third.next_page_url is None
    again = webhooks.get_page(second.next_page_url).previous_page()
    assert [each.sid for each in again] == [each.sid for each in webhooks.get_page(first.next_page_url)]


def names_stand_in_place_of_sids(run: Run) -> None:
    api = run.client()
    for name in ("my bot", "日本 👩‍💻", "a+b=c;d,e&(f)", "naïve:café@home", "UA" + "g" * 32, "UM" + "0" * 32):
        assistant = api.assistants.create(unique_name=name)
        made = api.assistants(assistant.sid).webhooks.create(name, "*", RECEIVER)
        for spelling in (name, quote(name, safe="")):
            assert api.assistants(spelling).fetch().sid == assistant.sid, spelling
            assert api.assistants(spelling).webhooks(spelling).fetch().sid == made.sid, spelling
            assert [each.sid for each in api.assistants(spelling).webhooks.list()] == [made.sid]
        assert api.assistants(name).webhooks(quote(name)).update(events="onDialogueEnd").events == "onDialogueEnd"
        assert api.assistants(name).webhooks(name).delete() is True
        assert api.assistants(name).delete() is True


def a_name_that_looks_like_a_sid_gives_way_to_the_sid(run: Run) -> None:
    api = run.client()
    webhooks = api.assistants(api.assistants.create(unique_name="lookalikes").sid).webhooks
    first = webhooks.create("first", "*", RECEIVER)
    second = webhooks.create(first.sid, "*", RECEIVER)
    assert webhooks(first.sid).fetch().unique_name == "first"
    assert webhooks(first.sid).delete() is True
    assert webhooks(first.sid).fetch().sid == second.sid


def keys_of_ours_disturb_nothing_and_outlive_the_clients_updates(run: Run) -> None:
    api = run.client()
    api.assistants.create(unique_name="ours")
    form = {"UniqueName": "hook", "Events": "*", "WebhookUrl": RECEIVER, "Jwt": "always", "RetrySchedule": "5 60"}
    answer = api.request("POST", "/Assistants/ours/Webhooks", data={**form, "Headers": '{"X-Own":"value"}'})
    ours = json.loads(answer.text)
    assert set(ours) > DOCUMENTED, ours

    webhook = api.assistants("ours").webhooks("hook").fetch()
    texts = sorted(name for name in DOCUMENTED if not name.startswith("date_"))
    assert [getattr(webhook, name) for name in texts] == [ours[name] for name in texts]
    assert f"{webhook.date_created:%Y-%m-%dT%H:%M:%SZ}" == ours["date_created"]
    assert not hasattr(webhook, "jwt")
    assert webhook.update(events="onDialogueTurn").events == "onDialogueTurn"
    kept = json.loads(api.request("GET", "/Assistants/ours/Webhooks/hook").text)
    assert (kept["jwt"], kept["retry_schedule"], kept["headers"]) == ("always", "5 60", {"X-Own": "********"})


def raises_its_own_exception_on_what_a_function_refuses(run: Run) -> None:
    api = run.client()
    assistant = api.assistants.create(unique_name="refusals")
    webhooks = api.assistants("refusals").webhooks
    made = webhooks.create("taken", "*", RECEIVER)
    with refused(400, 20001, "'onDialogStart' is no event; the nearest are onDialogueStart"):
        webhooks.create("x", "onDialogStart", RECEIVER)
    with refused(400, 20001, "WebhookUrl"):
        webhooks.create("x", "*", "ftp://example.com")
    with refused(400, 20001, "WebhookMethod: 'PUT'. Allowed: POST, GET"):
        made.update(webhook_method="PUT")
    with refused(400, 20001, "Events: an empty value clears nothing"):
        made.update(events="")
    with refused(400, 20001, "UniqueName: 'a/b' has '/'"):
        webhooks.create("a/b", "*", RECEIVER)
    with refused(400, 20001, "FriendlyName: there is no such parameter"):
        api.assistants.create(friendly_name="x", unique_name="y")
    with page_refused(400, 20001, "PageSize: '1001'. Allowed: 1 to 1,000"):
        webhooks.page(page_size=1001)
    with page_refused(400, 20001, "PageToken"):
        webhooks.page(page_token="made up", page_number=1)
    with refused(404, 20404, "The requested resource /Assistants/refusals/Webhooks/nobody was not found"):
        webhooks("nobody").fetch()
    with page_refused(404, 20404, f"/Assistants/UA{'0' * 32}"):
        api.assistants("UA" + "0" * 32).webhooks.list()
    with refused(404, 20404, f"/Assistants/{assistant.sid}"):
        run.client("other").assistants(assistant.sid).fetch()
    with refused(405, 20004, "Method PUT is not allowed here. Allowed: DELETE, GET, POST"):
        api.update("PUT", f"/Assistants/{assistant.sid}")
    with refused(409, 20409, "taken"):
        webhooks.create("taken", "*", RECEIVER)
    with refused(409, 20409, "Cascade"):
        assistant.delete()
    with refused(412, 20412, "If-Match"):
        api.update("POST", f"/Assistants/refusals/Webhooks/{made.sid}", headers={"If-Match": '"77"'})
    with refused(413, 20413, "Allowed: 65,536"):
        webhooks.create("x", "*", RECEIVER + "x" * 70_000)
    expired = run.client(token=run.tokens["expired a moment ago"])
    with refused(401, 20003, "the token has expired"):
        expired.assistants("refusals").fetch()
    with page_refused(401, 20003, "the token has expired"):
        expired.assistants.list()
    with refused(403, 20403, "lacks the scope 'write'"):
        run.client(token=run.tokens["read only"]).assistants.create(unique_name="x")
    assert run.client(token=run.tokens["read only"]).assistants("refusals").fetch().sid == assistant.sid


def raises_its_own_exception_at_the_deployments_limit(run: Run) -> None:
    api = run.client("limit")
    webhooks = api.assistants(api.assistants.create(unique_name="bot").sid).webhooks
    for number in range(run.limit):
        webhooks.create(f"hook {number}", "*", RECEIVER)
    with refused(403, 20429, str(run.limit)):
        webhooks.create("one more", "*", RECEIVER)
    assert webhooks("hook 0").delete() is True
    assert webhooks.create("one more", "*", RECEIVER).unique_name == "one more"


def raises_its_own_exception_when_the_gateway_refuses(run: Run) -> None:
    for token in ("not a token", run.tokens["another key"], run.tokens["other"], run.tokens["main"][:-3]):
        refused_client = run.client(token=token)
        with refused(403, 403, "Forbidden"):
            refused_client.assistants("bot").fetch()
        with page_refused(403, 403, "Forbidden"):
            refused_client.assistants.list()
    with refused(431, 431, ""):
        run.client(token="x" * 12_000).assistants("bot").fetch()


SCENARIOS: tuple[Callable[[Run], None], ...] = (
    creates_fetches_updates_lists_and_deletes_webhooks,
    creates_fetches_updates_lists_and_deletes_assistants,
    streams_over_many_pages_and_sees_each_once,
    names_stand_in_place_of_sids,
    a_name_that_looks_like_a_sid_gives_way_to_the_sid,
    keys_of_ours_disturb_nothing_and_outlive_the_clients_updates,
    raises_its_own_exception_on_what_a_function_refuses,
    raises_its_own_exception_at_the_deployments_limit,
    raises_its_own_exception_when_the_gateway_refuses,
)


def main() -> None:
    run = Run(**json.load(sys.stdin))
    results: dict[str, str | None] = {}
    for scenario in SCENARIOS:
        try:
            scenario(run)
            results[scenario.__name__] = None
        except Exception:  # noqa: BLE001 — told as the result, whatever it is
            results[scenario.__name__] = traceback.format_exc()
    json.dump({"version": __version__, "results": results}, sys.stdout)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of the client's own dependencies
    main()
