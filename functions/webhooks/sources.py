"""The routes of sources: where platforms call, with what their consoles have to be given."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from functions.webhooks import activity, assistants, pages, rotation, shapes, source_values
from functions.webhooks.deployment import Deployment, until_settled
from functions.webhooks.unique_names import required_unique_name, unique_name
from parley.api.links import resource
from parley.api.parameters import choice_of, flag_of, quoted, read_body, read_query
from parley.api.routing import Answer, Api, Call
from parley.api.versions import check
from parley.config_table import sources as store
from parley.config_table.rotation import NewSecret, NewToken, SameSecretError
from parley.errors import InvalidParameterError, NotFoundError
from parley.platforms import PLATFORM_NAMES
from parley.sids import SOURCE

if TYPE_CHECKING:
    from parley.config_table.listing import Position

LIST = "/v1/Assistants/{AssistantSid}/Sources"
ONE = "/v1/Assistants/{AssistantSid}/Sources/{Sid}"


def add_routes(api: Api, deployment: Deployment) -> None:
    """Serve sources."""
    api.get(LIST)(functools.partial(list_all, deployment))
    api.post(LIST)(functools.partial(create, deployment))
    api.get(ONE)(functools.partial(fetch, deployment))
    api.post(ONE)(functools.partial(update, deployment))
    api.delete(ONE)(functools.partial(delete, deployment))


def list_all(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """A page of an assistant's sources."""
    owner = assistants.find(deployment, call, assistant)
    last: dict[str, int] = {}

    def load(limit: int, position: Position | None) -> tuple[list[store.SourceRecord], bool]:
        found, more = store.list_some(deployment.client, deployment.table, owner.sid, limit=limit, position=position)
        last.update(activity.last_event_ms(deployment, owner.sid, [record.sid for record in found]))
        return found, more

    return pages.answer(
        call,
        key="sources",
        url=resource(call.base_url, "Assistants", owner.sid, "Sources"),
        prefix=SOURCE,
        load=load,
        sid_of=lambda item: item.sid,
        shape=lambda item: shapes.source(
            item, call.base_url, ingest_base=deployment.ingest_base(call.base_url), last_event_ms=last.get(item.sid)
        ),
    )


def create(deployment: Deployment, call: Call, assistant: str) -> Answer:
    """A new source; its URL with the token is shown now, and its secret when it was generated."""
    read_query(call.request.raw_query, allowed=())
    owner = assistants.find(deployment, call, assistant)
    values = read_body(call.request, writable=source_values.WRITABLE, read_only=source_values.READ_ONLY)
    name = required_unique_name(values)
    platform = source_values.read_platform(values)
    secret, generated = source_values.read_first_secret(values, platform)
    options = source_values.read_options(values, platform, source_values.NO_OPTIONS)
    token = source_values.new_text()
    made = store.create(
        deployment.client,
        deployment.table,
        account_sid=call.caller.account_sid,
        assistant_sid=owner.sid,
        unique_name=name,
        platform=platform,
        token=token,
        now_ms=call.now_ms,
        secret=secret,
        options=options.of_new_source(),
    )
    body = shapes.source(
        made,
        call.base_url,
        ingest_base=deployment.ingest_base(call.base_url),
        new_secret=secret if generated else None,
        new_token=token,
    )
    return Answer(201, body, made.version)


def find(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> store.SourceRecord:
    """The caller's source with that SID or unique name.

    Raises:
        NotFoundError: There is none, or it is another account's or assistant's.
    """
    owner = assistants.find(deployment, call, assistant)
    found = store.find(deployment.client, deployment.table, owner.sid, sid_or_name)
    if found is None:
        raise NotFoundError(f"/Assistants/{assistant}/Sources/{sid_or_name}")
    return found


def fetch(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """One source."""
    read_query(call.request.raw_query, allowed=())
    found = find(deployment, call, assistant, sid_or_name)
    return Answer(200, _shown(deployment, call, found), found.version)


def update(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """Change the fields that are given, or rotate secret or token; what was read can be sent back."""
    read_query(call.request.raw_query, allowed=())
    writable = (*source_values.WRITABLE, *rotation.ROTATIONS, "rotate_token")
    values = read_body(call.request, writable=writable, read_only=source_values.READ_ONLY)
    name = unique_name(values)
    platform = choice_of(values, "platform", PLATFORM_NAMES)
    rotating = ("secret", "rotate_secret", "rotate_token")
    until = rotation.previous_until(values, now_ms=call.now_ms, rotating=rotating)
    new_token = source_values.new_text() if flag_of(values, "rotate_token") else None
    shown: list[str] = []

    def attempt(*, keep_secret: bool) -> store.SourceRecord:
        present = find(deployment, call, assistant, sid_or_name)
        check(call.request.headers.get("if-match"), present.version)
        if platform is not None and platform != present.platform:
            raise InvalidParameterError(
                "Platform", f"{quoted(platform)}: a source keeps its platform", present.platform
            )
        stated = _without_null_secret(values, present)
        secret, generated = source_values.read_next_secret(stated, present.platform, has_one=present.has_secret)
        shown[:] = [secret] if secret and generated else []
        stored_options = source_values.NewOptions(
            static_header=None,
            has_static_header=present.has_static_header,
            reply=present.reply,
            repair_backslashes=present.repair_backslashes,
        )
        options = source_values.read_options(values, present.platform, stored_options)
        after = replace(
            present,
            unique_name=name if name is not None else present.unique_name,
            has_static_header=options.has_static_header,
            reply=options.reply,
            repair_backslashes=options.repair_backslashes,
        )
        replacing = NewSecret(secret, until) if secret and not keep_secret else None
        if after == present and replacing is None and new_token is None and options.static_header is None:
            return present
        return store.change(
            deployment.client,
            deployment.table,
            present,
            after,
            now_ms=call.now_ms,
            secret=replacing,
            token=NewToken(new_token, until) if new_token else None,
            static_header=options.static_header,
        )

    try:
        changed = until_settled(lambda: attempt(keep_secret=False))
    except SameSecretError:
        changed = until_settled(lambda: attempt(keep_secret=True))
    body = _shown(deployment, call, changed, new_secret=shown[0] if shown else None, new_token=new_token)
    return Answer(200, body, changed.version)


def _shown(
    deployment: Deployment,
    call: Call,
    record: store.SourceRecord,
    *,
    new_secret: str | None = None,
    new_token: str | None = None,
) -> dict[str, object]:
    last = activity.last_event_ms(deployment, record.assistant_sid, [record.sid])
    return shapes.source(
        record,
        call.base_url,
        ingest_base=deployment.ingest_base(call.base_url),
        last_event_ms=last.get(record.sid),
        new_secret=new_secret,
        new_token=new_token,
    )


def _without_null_secret(values: dict[str, object], present: store.SourceRecord) -> dict[str, object]:
    """A source without a secret reads null, and may be sent back so."""
    if "secret" in values and values["secret"] is None and not present.has_secret:
        return {key: value for key, value in values.items() if key != "secret"}
    return values


def delete(deployment: Deployment, call: Call, assistant: str, sid_or_name: str) -> Answer:
    """Delete a source with its secrets: its URL answers 404 from then on."""
    read_query(call.request.raw_query, allowed=())

    def attempt() -> None:
        present = find(deployment, call, assistant, sid_or_name)
        check(call.request.headers.get("if-match"), present.version)
        store.remove(deployment.client, deployment.table, present)

    until_settled(attempt)
    return Answer(204)
