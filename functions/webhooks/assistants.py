"""The routes of assistants: a folder for one bot, which is deleted empty, or with all that it holds."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from functions.webhooks import pages, shapes
from functions.webhooks.deployment import Deployment, until_settled
from functions.webhooks.unique_names import required_unique_name, unique_name
from parley.api.links import resource
from parley.api.parameters import flag_of, read_body, read_query
from parley.api.routing import Answer, Api, Call
from parley.api.versions import check
from parley.config_table import assistants as store
from parley.config_table.cascade import remove_with_children
from parley.errors import ConflictError
from parley.sids import ASSISTANT

if TYPE_CHECKING:
    from parley.config_table.listing import Position

LIST = "/v1/Assistants"
ONE = "/v1/Assistants/{AssistantSid}"
WRITABLE = ("unique_name",)
READ_ONLY = ("sid", "account_sid", "date_created", "date_updated", "url", "links")
# What is kept back of an invocation to answer that a deletion is not finished.
RESERVE_SECONDS = 3.0


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve assistants."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.post(LIST)(functools.partial(create, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.post(ONE)(functools.partial(update, deployment))
    api.delete(ONE)(functools.partial(delete, deployment))


def list_all(deployment: Deployment, call: Call) -> Answer:
    """A page of the account's assistants."""

    def load(limit: int, position: Position | None) -> tuple[list[store.Assistant], bool]:
        account = call.caller.account_sid
        return store.list_some(deployment.client, deployment.table, account, limit=limit, position=position)

    return pages.answer(
        call,
        key="assistants",
        url=resource(call.base_url, "Assistants"),
        prefix=ASSISTANT,
        load=load,
        sid_of=lambda item: item.sid,
        shape=lambda item: shapes.assistant(item, call.base_url),
    )


def create(deployment: Deployment, call: Call) -> Answer:
    """A new assistant."""
    read_query(call.request.raw_query, allowed=())
    values = read_body(call.request, writable=WRITABLE, read_only=READ_ONLY)
    made = store.create(
        deployment.client,
        deployment.table,
        account_sid=call.caller.account_sid,
        unique_name=required_unique_name(values),
        now_ms=call.now_ms,
    )
    return Answer(201, shapes.assistant(made, call.base_url), made.version)


def find(deployment: Deployment, call: Call, sid_or_name: str) -> store.Assistant:
    """The caller's assistant with that SID or unique name.

    Raises:
        NotFoundError: There is none, or it is another account's.
    """
    return store.find(deployment.client, deployment.table, call.caller.account_sid, sid_or_name)


def fetch(deployment: Deployment, call: Call, sid_or_name: str) -> Answer:
    """One assistant."""
    read_query(call.request.raw_query, allowed=())
    found = find(deployment, call, sid_or_name)
    return Answer(200, shapes.assistant(found, call.base_url), found.version)


def update(deployment: Deployment, call: Call, sid_or_name: str) -> Answer:
    """Another name for an assistant."""
    read_query(call.request.raw_query, allowed=())
    name = unique_name(read_body(call.request, writable=WRITABLE, read_only=READ_ONLY))

    def attempt() -> store.Assistant:
        present = find(deployment, call, sid_or_name)
        check(call.request.headers.get("if-match"), present.version)
        if name is None or name == present.unique_name:
            return present
        return store.rename(deployment.client, deployment.table, present, unique_name=name, now_ms=call.now_ms)

    changed = until_settled(attempt)
    return Answer(200, shapes.assistant(changed, call.base_url), changed.version)


def delete(deployment: Deployment, call: Call, sid_or_name: str) -> Answer:
    """Delete an assistant; with `Cascade=true` all that it holds, in as many requests as it takes.

    Raises:
        ConflictError: It has children and `Cascade` is not asked for, or time ran out: the same request goes on.
    """
    query = read_query(call.request.raw_query, allowed=("Cascade",))
    cascade = flag_of({"cascade": query["Cascade"]}, "cascade") if "Cascade" in query else False

    def attempt() -> None:
        present = find(deployment, call, sid_or_name)
        check(call.request.headers.get("if-match"), present.version)
        if not cascade:
            if present.children:
                raise ConflictError(
                    f"The assistant has {present.children} webhooks and sources. Allowed: without any, or ?Cascade=true"
                )
            store.remove(deployment.client, deployment.table, present)
        elif not remove_with_children(
            deployment.client,
            deployment.table,
            present,
            time_left=lambda: call.seconds_left() > RESERVE_SECONDS,
        ):
            raise ConflictError("The assistant is being deleted and holds more than one request removes. Repeat it")

    until_settled(attempt)
    return Answer(204)
