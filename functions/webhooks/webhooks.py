"""The routes of webhooks: the resource of Twilio's Autopilot, which its official clients drive, with more fields."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from functions.webhooks import activity, assistants, pages, rotation, shapes, webhook_values
from functions.webhooks.deployment import Deployment, until_settled
from functions.webhooks.header_sets import headers
from parley.api.links import resource
from parley.api.parameters import flag_of, pascal, read_body, read_query
from parley.api.routing import Answer, Api, Call
from parley.api.versions import check
from parley.config_table import webhooks as store
from parley.config_table.rotation import NewSecret, SameSecretError
from parley.errors import InvalidParameterError, NotFoundError
from parley.sids import WEBHOOK
from parley.signing.standard_webhooks import new_secret
from parley.targets import TargetPolicy, own_hosts
from parley.webhook import JWT_AUTO, NATIVE

if TYPE_CHECKING:
    from parley.config_table.listing import Position

LIST = "/v1/Assistants/{AssistantSid}/Webhooks"
ONE = "/v1/Assistants/{AssistantSid}/Webhooks/{Sid}"


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve webhooks."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.post(LIST)(functools.partial(create, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.post(ONE)(functools.partial(update, deployment))
    api.delete(ONE)(functools.partial(delete, deployment))


def rules_of(deployment: Deployment, call: Call) -> webhook_values.Rules:
    """What this deployment allows, and which host is its own."""
    settings = deployment.settings
    return webhook_values.Rules(
        targets=TargetPolicy(
            allow_http=settings.allow_http_targets,
            allowed_private=settings.allowed_private_cidrs,
            # all: behind a domain of its own, the gateway's own name leads here too
            own_hosts=own_hosts(settings.public_url, settings.ingest_url, f"https://{call.request.domain_name}"),
        ),
        retention_days=settings.retention_days,
    )


def list_all(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """A page of an assistant's webhooks."""
    owner = assistants.find(deployment, call, assistant)
    waiting: dict[str, int | None] = {}

    def load(limit: int, position: Position | None) -> tuple[list[store.WebhookRecord], bool]:
        found, more = store.list_some(deployment.client, deployment.table, owner.sid, limit=limit, position=position)
        waiting.update(activity.waiting(deployment, call, [record.webhook for record in found]))
        return found, more

    return pages.answer(
        call,
        key="webhooks",
        url=resource(call.base_url, "Assistants", owner.sid, "Webhooks"),
        prefix=WEBHOOK,
        load=load,
        sid_of=lambda item: item.webhook.sid,
        shape=lambda item: shapes.webhook(item, call.base_url, now_ms=call.now_ms, waiting=waiting[item.webhook.sid]),
    )


def create(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """A new webhook; its secret is shown when it was generated."""
    read_query(call.request.raw_query, allowed=())
    owner = assistants.find(deployment, call, assistant)
    values = read_body(call.request, writable=webhook_values.WRITABLE, read_only=webhook_values.READ_ONLY)
    rules = rules_of(deployment, call)
    given = webhook_values.read(values, rules)
    if given.unique_name is None or given.events is None or given.url is None:
        missing = next(key for key in webhook_values.REQUIRED if key not in values)
        raise InvalidParameterError(pascal(missing), "it is required", "a value")
    method, format_, jwt = given.method or "POST", given.format or NATIVE, given.jwt or JWT_AUTO
    webhook_values.check_together(method=method, format=format_, events=given.events)
    given_secret = rotation.first_secret(values)
    generated = new_secret() if given_secret is None else None
    made = store.create(
        deployment.client,
        deployment.table,
        account_sid=call.caller.account_sid,
        assistant_sid=owner.sid,
        unique_name=given.unique_name,
        events=given.events,
        url=given.url,
        secret=given_secret or generated or "",
        now_ms=call.now_ms,
        method=method,
        format=format_,
        jwt=jwt,
        retry_schedule=webhook_values.required_schedule(given, rules),
        headers={name: value for name, value in (headers(values, stored=None) or {}).items() if value is not None},
        enabled=given.enabled is not False,
        max_per_account=deployment.settings.max_webhooks_per_account,
    )
    body = shapes.webhook(made, call.base_url, now_ms=call.now_ms, new_secret=generated)
    return Answer(201, body, made.webhook.version)


def find(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> store.WebhookRecord:
    """The caller's webhook with that SID or unique name.

    Raises:
        NotFoundError: There is none, or it is another account's or assistant's.
    """
    owner = assistants.find(deployment, call, assistant)
    found = store.find(deployment.client, deployment.table, owner.sid, sid_or_name)
    if found is None:
        raise NotFoundError(f"/Assistants/{assistant}/Webhooks/{sid_or_name}")
    return found


def fetch(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """One webhook."""
    read_query(call.request.raw_query, allowed=())
    found = find(deployment, call, assistant, sid_or_name)
    return Answer(200, _shown(deployment, call, found), found.webhook.version)


def update(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """Change the fields that are given; what was read can be sent back and changes nothing."""
    read_query(call.request.raw_query, allowed=())
    writable = (*webhook_values.WRITABLE, *rotation.ROTATIONS)
    values = read_body(call.request, writable=writable, read_only=webhook_values.READ_ONLY)
    given = webhook_values.read(values, rules_of(deployment, call))
    secret = rotation.next_secret(values, has_one=True)
    generated = new_secret() if flag_of(values, "rotate_secret") else None
    until = rotation.previous_until(values, now_ms=call.now_ms, rotating=("secret", "rotate_secret"))
    replacing = NewSecret(secret or generated or "", until) if secret or generated else None

    def attempt(replacing: NewSecret | None) -> store.WebhookRecord:
        present = find(deployment, call, assistant, sid_or_name)
        check(call.request.headers.get("if-match"), present.webhook.version)
        after = webhook_values.merged(present.webhook, given, now_ms=call.now_ms)
        new_headers = headers(values, stored=present.webhook.header_names)
        if new_headers is not None and _same(new_headers, present.webhook.header_names):
            new_headers = None
        if after == present.webhook and replacing is None and new_headers is None:
            return present
        return store.change(
            deployment.client,
            deployment.table,
            present,
            after,
            now_ms=call.now_ms,
            secret=replacing,
            headers=new_headers,
        )

    try:
        changed = until_settled(lambda: attempt(replacing))
    except SameSecretError:
        changed = until_settled(lambda: attempt(None))
    return Answer(200, _shown(deployment, call, changed, new_secret=generated), changed.webhook.version)


def _shown(
    deployment: Deployment, call: Call, record: store.WebhookRecord, *, new_secret: str | None = None
) -> dict[str, object]:
    waiting = activity.waiting(deployment, call, [record.webhook])[record.webhook.sid]
    return shapes.webhook(record, call.base_url, now_ms=call.now_ms, waiting=waiting, new_secret=new_secret)


def _same(given: dict[str, str | None], stored: tuple[str, ...]) -> bool:
    """Whether a set of headers keeps every stored one as it is."""
    return set(given) == set(stored) and all(value is None for value in given.values())


def delete(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """Delete a webhook with its secrets."""
    read_query(call.request.raw_query, allowed=())

    def attempt() -> None:
        present = find(deployment, call, assistant, sid_or_name)
        check(call.request.headers.get("if-match"), present.webhook.version)
        store.remove(deployment.client, deployment.table, present)

    until_settled(attempt)
    return Answer(204)
