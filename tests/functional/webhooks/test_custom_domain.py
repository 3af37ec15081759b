"""Behind a custom domain with a base path: Twilio's client follows the links of events as API Gateway makes them there.

The event is AWS's documented example (the developer guide's "AWS Lambda proxy integrations for HTTP APIs", payload
format 2.0) with our route and client in it; nobody has captured one in an account of ours. The guide says that an API
mapping is not part of `rawPath`; some have seen it there all the same, so that both are tried.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import pytest
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client

from cli.up.routing import choose
from tests.functional.webhooks.gateway import ACCOUNT, ROUTES, Gateway

DOMAIN = "hooks.example.com"
BASE_PATH = "/teams/parley"
PUBLIC_URL = f"https://{DOMAIN}{BASE_PATH}"

DOCUMENTED: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "GET /v1/Assistants/{AssistantSid}/Webhooks",
    "rawPath": "/v1/Assistants/my bot/Webhooks",
    "rawQueryString": "",
    "headers": {
        "accept": "application/json",
        "accept-charset": "utf-8",
        "accept-encoding": "gzip, deflate",
        "content-length": "0",
        "host": DOMAIN,
        "user-agent": "twilio-python/8.10.3 (Linux x86_64) Python/3.11.7",
        "x-amzn-trace-id": "Root=1-6557f3c2-0c1a5f6d4b9e2a7c1d3e5f60",
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        "x-twilio-client": "python-8.10.3",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "abcdef1234",
        "authorizer": {"lambda": {}},
        "domainName": DOMAIN,
        "domainPrefix": "hooks",
        "http": {
            "method": "GET",
            "path": "/v1/Assistants/my bot/Webhooks",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "twilio-python/8.10.3 (Linux x86_64) Python/3.11.7",
        },
        "requestId": "OkVCBhsRIAMEM5g=",
        "routeKey": "GET /v1/Assistants/{AssistantSid}/Webhooks",
        "stage": "$default",
        "time": "17/Nov/2023:23:14:10 +0000",
        "timeEpoch": 1700262850123,
    },
    "pathParameters": {"AssistantSid": "my bot"},
    "isBase64Encoded": False,
}


class CustomDomain:
    """Takes what is below the base path to the API, as an API mapping does; `http_client=` of Twilio's client."""

    def __init__(self, gateway: Gateway, *, mapping_in_path: bool) -> None:
        self.gateway = gateway
        self.prefix = BASE_PATH if mapping_in_path else ""
        self.urls: list[str] = []

    def request(
        self, method: str, url: str, params: Mapping[str, Any] | None = None, data: Any = None, **_: Any
    ) -> TwilioResponse:
        self.urls.append(url)
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc) == ("https", DOMAIN)
        assert parts.path.startswith(f"{BASE_PATH}/"), "that path is mapped to another API"
        query = parts.query or urlencode(params or {})
        answer = self.gateway.invoke(self._event(method, parts.path.removeprefix(BASE_PATH), query, data))
        return TwilioResponse(answer.status, answer.text)

    def _event(self, method: str, path: str, query: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
        match = choose(ROUTES, method, path)
        assert match is not None
        event = copy.deepcopy(DOCUMENTED)
        event |= {"routeKey": match.route.key, "rawPath": self.prefix + unquote(path), "rawQueryString": query}
        event["pathParameters"] = match.path_parameters
        event["requestContext"]["http"] |= {"method": method, "path": event["rawPath"]}
        event["requestContext"]["routeKey"] = match.route.key
        event["requestContext"]["authorizer"]["lambda"] = self.gateway.context
        if data:
            event["headers"]["content-type"] = "application/x-www-form-urlencoded"
            event["body"] = urlencode(data)
        return event


@pytest.mark.parametrize("mapping_in_path", [False, True], ids=["as documented", "with the mapping in rawPath"])
def test_the_client_follows_pages_and_links_on_the_domain_and_its_base_path(stack, mapping_in_path):
    domain = CustomDomain(Gateway(stack, changes={"public_url": PUBLIC_URL}), mapping_in_path=mapping_in_path)
    client = Client(ACCOUNT, "token", http_client=domain)
    client.autopilot.base_url = PUBLIC_URL
    assistant = client.autopilot.v1.assistants.create(unique_name="my bot")
    assert assistant.url == f"{PUBLIC_URL}/v1/Assistants/{assistant.sid}"
    webhooks = client.autopilot.v1.assistants("my bot").webhooks
    for number in range(5):
        made = webhooks.create(f"hook {number}", "*", "https://example.com/")
        assert made.url == f"{assistant.url}/Webhooks/{made.sid}"

    domain.urls.clear()
    listed = list(webhooks.stream(page_size=2))
    assert sorted(each.unique_name for each in listed) == [f"hook {number}" for number in range(5)]
    assert len(domain.urls) == 3
    assert all(url.startswith(f"{assistant.url}/Webhooks?PageSize=2&Page=") for url in domain.urls[1:])
    assert listed[0].delete() is True


def test_without_public_url_links_name_the_domain_alone(stack):
    # why the parameter is there: nothing in the documented event tells the base path
    domain = CustomDomain(Gateway(stack), mapping_in_path=False)
    client = Client(ACCOUNT, "token", http_client=domain)
    client.autopilot.base_url = PUBLIC_URL
    assistant = client.autopilot.v1.assistants.create(unique_name="my bot")
    assert assistant.url == f"https://{DOMAIN}/v1/Assistants/{assistant.sid}"
