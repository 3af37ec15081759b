"""The official client drives the whole resource; only where it connects to is changed."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.functional.webhooks.gateway import ACCOUNT, HOST, Gateway, TwilioTransport


@pytest.fixture
def transport(api: Gateway) -> TwilioTransport:
    return TwilioTransport(api)


@pytest.fixture
def client(transport: TwilioTransport) -> Client:
    made = Client(ACCOUNT, "token", http_client=transport)
    made.autopilot.base_url = f"https://{HOST}"
    return made


def test_the_client_creates_fetches_updates_lists_and_deletes(client: Client, api: Gateway):
    webhooks = client.autopilot.v1.assistants(api.assistant()).webhooks
    made = webhooks.create(
        unique_name="my hook",
        events="onDialogueStart  ondialogueend",
        webhook_url="https://example.com/hook",
        webhook_method="POST",
    )
    assert made.sid.startswith("UM")
    assert made.events == "onDialogueStart  ondialogueend"
    assert made.date_created.tzinfo is not None
    assert made.date_updated == made.date_created

    fetched = client.autopilot.v1.assistants("bot").webhooks("my hook").fetch()
    assert (fetched.sid, fetched.account_sid, fetched.webhook_method) == (made.sid, ACCOUNT, "POST")
    assert fetched.url == f"https://{HOST}/v1/Assistants/{made.assistant_sid}/Webhooks/{made.sid}"

    updated = webhooks(made.sid).update(events="onDialogueTurn")
    assert (updated.events, updated.unique_name) == ("onDialogueTurn", "my hook")

    assert [each.sid for each in webhooks.list()] == [made.sid]
    assert webhooks(made.sid).delete() is True
    assert webhooks.list() == []


def test_the_client_streams_over_many_pages_and_sees_each_once(client, api, transport):
    assistant = api.assistant()
    for number in range(7):
        api.webhook(assistant, UniqueName=f"hook {number}")
    listed = list(client.autopilot.v1.assistants(assistant).webhooks.stream(page_size=2))
    assert sorted(each.unique_name for each in listed) == [f"hook {number}" for number in range(7)]
    assert len([target for target in transport.targets if target.startswith("GET")]) == 4


def test_the_client_raises_its_own_exception_with_our_code(client, api):
    assistant = api.assistant()
    with pytest.raises(TwilioRestException) as missing:
        client.autopilot.v1.assistants(assistant).webhooks("nobody").fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)
    assert f"/Assistants/{assistant}/Webhooks/nobody was not found" in missing.value.msg
    with pytest.raises(TwilioRestException) as refused:
        client.autopilot.v1.assistants(assistant).webhooks.create("name", "onDialogStart", "https://example.com")
    assert (refused.value.status, refused.value.code) == (400, 20001)
    assert "onDialogueStart" in refused.value.msg


def test_assistants_are_resources_of_the_client_too(client, api):
    assistant = api.assistant("bot one")
    assert client.autopilot.v1.assistants("bot one").fetch().sid == assistant
    assert [each.sid for each in client.autopilot.v1.assistants.list()] == [assistant]
    assert client.autopilot.v1.assistants(assistant).delete() is True
